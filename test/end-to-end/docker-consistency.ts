/* eslint-disable ava/no-ignored-test-files -- A test of soak.config.js. */
/**
A commit is one instant of three databases in containers: the long form, with 50 commits under load. Run by `npm run soak`.
*/
import test from 'ava';
import {dockerMissing} from '../fixtures/docker/engine.ts';
import {loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {proveOneInstant} from './one-instant.ts';

const missing = await dockerMissing() ?? await loopBtrfsMissing();

for (const [driver, commits] of [['btrfs', 50], ['directory', 10]] as const) {
	const title = `${commits} commits under load are each one instant of Postgres, MariaDB and Redis, on ${driver}`;
	if (missing === undefined) {
		test.serial(title, async t => {
			t.timeout(1_800_000);
			await proveOneInstant(t, {
				driver, commits, lanes: 3, syncs: driver === 'btrfs',
			});
		});
	} else {
		skipAloud(title, missing);
	}
}
