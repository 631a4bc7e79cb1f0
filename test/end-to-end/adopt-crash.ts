/* eslint-disable ava/no-ignored-test-files -- Tests of soak.config.js. */
/**
Power cuts while Docker volumes are taken over and given back: the process is killed at its steps, and what comes next, `coppice` or plain
Compose, must find every row, the original kept or the pool whole, and nothing half made.

Taking over and giving back are cut in turns, so that each brings about what the other works on.
*/
import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {InitResult} from '../../source/actions/init.ts';
import {runCommand} from '../../source/system/run-command.ts';
import {makeAdoptionStack, type AdoptionStack} from '../fixtures/docker/adoption-stack.ts';
import {dockerMissing} from '../fixtures/docker/engine.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';

const adopt = ['init', '--adopt'];
const eject = ['eject'];

type Cut = {readonly verb: readonly string[]; readonly name: string};

/** How many tests the kills are spread over. */
const parts = 4;

const missing = await dockerMissing();
if (missing === undefined) {
	let stack: AdoptionStack;
	let rows = 0;
	let cuts: ReadonlyArray<readonly Cut[]> = [];

	/** What the user has done so far, and must find again whatever happened. */
	const write = async (): Promise<void> => {
		await stack.query(`insert into kept values (${++rows})`);
	};

	const checkRows = async (t: ExecutionContext, where: string): Promise<void> => {
		const [row] = await stack.query<{count: number; last: number}>('select count(*)::int as count, max(number)::int as last from kept');
		t.deepEqual(row, {count: rows, last: rows}, where);
	};

	const isManaged = async (): Promise<boolean> => {
		const {Labels: labels} = await stack.inspect(stack.volume);
		return labels?.['dev.coppice.managed'] !== undefined;
	};

	/** Originals are kept each time; the next taking over shall find the same names. */
	const dropOriginals = async (): Promise<void> => {
		for (const name of await stack.volumes()) {
			if (name.includes('.coppice-original')) {
				await runCommand(['docker', 'volume', 'rm', name]);
			}
		}
	};

	const checkWhole = async (t: ExecutionContext, where: string): Promise<void> => {
		const {stdout: paused} = await runCommand(['docker', 'ps', '--quiet', '--filter', 'status=paused', '--filter', `name=${stack.project.name}`]);
		t.is(paused, '', `${where}: a container is left paused`);
		const names = await stack.volumes();
		t.deepEqual(names.filter(name => name.includes('.coppice-filling')), [], where);
		const volume = path.join(stack.pool, 'stacks', stack.project.name, 'volumes/data');
		const left = await readdir(path.join(volume, 'branches')).catch((): string[] => []);
		t.deepEqual(left.filter(name => name !== 'main'), [], where);
		const entries = await readdir(path.join(stack.pool, 'stacks', stack.project.name, 'history/journal'));
		// With the project's record gone, an entry whose steps are all done waits for the next `init`.
		t.deepEqual(where.startsWith('eject') && !await isManaged() ? [] : entries, [], where);
	};

	const checkOriginal = async (t: ExecutionContext, where: string): Promise<void> => {
		const {Mountpoint: folder} = await stack.inspect(`${stack.volume}.coppice-original`);
		t.is(await readFile(path.join(folder, 'PG_VERSION'), 'utf8'), '15\n', `${where}: the original is kept`);
		const [last] = await stack.json<ReadonlyArray<{message: string}>>('log');
		t.is(last?.message, 'adopted from Docker', where);
	};

	const learn = async (verb: readonly string[]): Promise<string[]> => {
		const file = path.join(stack.scratch, `failpoints-${verb[0]!}`);
		const {exitCode, stderr} = await stack.run(verb, {COPPICE_FAILPOINT_LOG: file});
		if (exitCode !== 0) {
			throw new Error(stderr);
		}

		const text = await readFile(file, 'utf8');
		const names = new Set(text.trim().split('\n'));
		// Where nothing happens from one place to the next, one of the two will do.
		return [...names].filter(name => !/^init| before |prepared$| (?:begin|end)$| after (?:take-original|give-back)/v.test(name));
	};

	test.before(async () => {
		stack = await makeAdoptionStack();
		await stack.project.compose('up', '--detach');
		await stack.query('create table kept (number int)');
		await write();
		await stack.init();
		const adopting = await learn(adopt);
		await write();
		const ejecting = await learn(eject);
		await makeFresh();
		const all = [
			...adopting.map(name => ({verb: adopt, name})),
			...ejecting.map(name => ({verb: eject, name})),
		];
		cuts = Array.from({length: parts}, (_, part) => all.filter((_cut, index) => index % parts === part));
	});

	test.after.always(async () => {
		await stack?.dispose();
	});

	/** Plain Docker, and nothing of it in the pool: each kept copy takes room there. */
	const makeFresh = async (): Promise<void> => {
		await makeManaged();
		await stack.json('eject', '--purge', '--yes');
		await dropOriginals();
		await stack.init();
	};

	const makeManaged = async (): Promise<void> => {
		if (await isManaged()) {
			return;
		}

		await dropOriginals();
		await stack.init('--adopt');
	};

	const cutAll = async (t: ExecutionContext, part: number): Promise<void> => {
		for (const {verb, name} of cuts[part]!) {
			const where = `${verb.join(' ')} at ${name}`;
			await (verb === adopt ? makeFresh() : makeManaged());
			await write();
			const {exitCode} = await stack.run(verb, {COPPICE_FAILPOINT: name});
			t.is(exitCode, 137, `the process was to die: ${where}`);
			// Whatever it is, the next command makes it whole.
			await stack.run(['status']);
			await stack.project.compose('up', '--detach');
			await checkRows(t, where);
			await checkWhole(t, where);
			if (verb === adopt) {
				await stack.init('--adopt');
				await checkRows(t, where);
				await checkOriginal(t, where);
			} else if (await isManaged()) {
				await stack.json('eject');
				await checkRows(t, where);
			}
		}

		t.log(cuts[part]!.map(({name}) => name).join(' | '));
	};

	for (let part = 0; part < parts; part++) {
		test.serial(`killed at the steps, part ${part + 1} of ${parts}`, async t => {
			t.timeout(600_000);
			await cutAll(t, part);
		});
	}

	test.serial('what plain Compose writes between a cut and the next command is not lost', async t => {
		await makeFresh();
		// The copy is made and proven, and the original still in its place.
		await stack.run(adopt, {COPPICE_FAILPOINT: 'adopt apply'});
		await stack.project.compose('up', '--detach');
		await write();
		const {volumes} = await stack.json<InitResult>('init');
		t.like(volumes[0], {managed: true});
		await checkRows(t, 'adopt');
		await checkOriginal(t, 'adopt');

		await stack.run(eject, {COPPICE_FAILPOINT: 'eject apply'});
		await stack.project.compose('up', '--detach');
		await write();
		await stack.run(['status']);
		t.false(await isManaged());
		await checkRows(t, 'eject');
	});

	test.serial('a volume that Compose made anew in the gap is kept aside', async t => {
		await makeFresh();
		await write();
		await stack.run(adopt, {COPPICE_FAILPOINT: `removed ${stack.volume}`});
		// There is no volume of this name now: Compose makes an empty one, and the database fills it.
		await stack.project.compose('up', '--detach');
		await stack.query('create table stray as select 1');
		await stack.json('init');
		t.true(await isManaged());
		await checkRows(t, 'the stack has the data that were adopted');
		await checkOriginal(t, 'and');
		const {Mountpoint: folder} = await stack.inspect(`${stack.volume}.coppice-original.2`);
		t.is(await readFile(path.join(folder, 'PG_VERSION'), 'utf8'), '15\n', 'and nothing was thrown away');
	});
} else {
	skipAloud('killed while Docker volumes are taken over and given back', missing);
}
