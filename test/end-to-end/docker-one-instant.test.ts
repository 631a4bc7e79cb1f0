/**
A commit is one instant of three databases in containers: the short form. `npm run soak` runs the long one, and one in a plain folder.
*/
import test from 'ava';
import {dockerMissing} from '../fixtures/docker/engine.ts';
import {loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {findFault, proveOneInstant} from './one-instant.ts';

const missing = await dockerMissing() ?? await loopBtrfsMissing();

const title = 'commits under load are one instant of Postgres, MariaDB and Redis, on btrfs';
if (missing === undefined) {
	test(title, async t => {
		t.timeout(240_000);
		await proveOneInstant(t, {
			driver: 'btrfs', commits: 3, lanes: 3, syncs: true,
		});
	});
} else {
	skipAloud(title, missing);
}

test('the proof finds what is no one instant', t => {
	const bounds = {least: 0, most: 9};
	const logged = (steps: number, index: number) => {
		// The amounts of lane 0, as the writer computes them.
		const all = Array.from({length: steps}, (_, place) => {
			const [first, second] = [((place + 1) * 7919) % 1009, ((place + 1) * 6007) % 499];
			return [place + 1, [-first, first - second, second][index]!] as const;
		});
		return {steps: all, balance: all.reduce((sum, [, amount]) => sum + amount, 1_000_000)};
	};

	const at = (postgres: number, mariadb: number, redis: number) => [logged(postgres, 0), logged(mariadb, 1), logged(redis, 2)];
	t.is(findFault(0, at(3, 3, 3), bounds), undefined);
	t.is(findFault(0, at(3, 3, 2), bounds), undefined);
	t.is(findFault(0, at(3, 2, 2), bounds), undefined);
	t.regex(findFault(0, at(2, 3, 2), bounds) ?? '', /no one instant/v);
	t.regex(findFault(0, at(4, 3, 2), bounds) ?? '', /no one instant/v);
	t.regex(findFault(0, at(3, 2, 3), bounds) ?? '', /no one instant/v);
	t.regex(findFault(0, at(3, 3, 3), {least: 4, most: 9}) ?? '', /was taken between/v);
	t.regex(findFault(0, at(3, 3, 3), {least: 0, most: 2}) ?? '', /was taken between/v);
	const [postgres, mariadb, redis] = at(3, 3, 3);
	t.regex(findFault(0, [postgres!, {...mariadb!, balance: 1}, redis!], bounds) ?? '', /balance of mariadb/v);
	t.regex(findFault(0, [{...postgres!, steps: postgres!.steps.slice(1)}, mariadb!, redis!], bounds) ?? '', /where step 1 should be/v);
});
