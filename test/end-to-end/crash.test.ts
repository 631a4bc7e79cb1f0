/**
Power cuts: the process is killed at every step of every verb that changes a stack; the next command must find everything whole.

Each verb is run once to learn the names of its failpoints, then once for each of them with the process killed there.
*/
import {randomUUID} from 'node:crypto';
import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {makeTestStack, type TestStack} from '../fixtures/test-stack.ts';

let stack: TestStack;
let counter = 0;

test.before(async () => {
	stack = await makeTestStack();
	await stack.json('up');
	await stack.query('create table kept as select 1 as one');
	await stack.json('commit', '-m', 'First');
	await stack.query('create table kept_too as select 2 as two');
	await stack.json('commit', '-m', 'Second');
	await stack.json('branch', 'other');
});

test.after.always(async () => {
	await stack?.dispose();
});

const isThere = async (table: string): Promise<boolean> => {
	const [row] = await stack.query<{there: boolean}>('select to_regclass($1) is not null as there', [table]);
	return row?.there === true;
};

type Scenario = {
	/** Brings about what the verb works on. */
	readonly arrange: () => Promise<void>;
	readonly verb: () => readonly string[];

	/** What must hold when the next command has run, whether the verb was taken back or finished. */
	readonly check: (where: string) => Promise<void>;
};

const learnFailpoints = async (scenario: Scenario): Promise<string[]> => {
	await scenario.arrange();
	const file = path.join(stack.root, `failpoints-${randomUUID()}`);
	const result = await stack.run(scenario.verb(), {COPPICE_FAILPOINT_LOG: file});
	if (result.exitCode !== 0) {
		throw new Error(result.stderr);
	}

	const lines = await readFile(file, 'utf8');
	return [...new Set(lines.trim().split('\n'))];
};

/**
Nothing half made, nothing missing, every service ready.
*/
const checkWhole = async (t: ExecutionContext, where: string): Promise<void> => {
	const status = await stack.json('status');
	// A verb that died at its very end has started the services, and nobody has waited for them yet.
	const services = status.services.every(service => service.ready) ? status.services : (await stack.json('up')).services;
	t.true(services.every(service => service.ready), `${where}: ${JSON.stringify(services)}`);
	const checks = await stack.json('doctor');
	const wrong = checks.filter(check => (check.name.startsWith('volume') || check.name.startsWith('commit')) && check.result !== 'ok');
	t.deepEqual(wrong, [], where);
	t.deepEqual(await readdir(path.join(stack.pool, 'stacks/shop/history/journal')), [], where);
	t.true(await isThere('kept'), `${where}: data of the first commit`);
};

const crashEverywhere = async (t: ExecutionContext, scenario: Scenario): Promise<void> => {
	const names = await learnFailpoints(scenario);
	t.true(names.length >= 6, `few failpoints: ${names.join(', ')}`);
	await checkWhole(t, 'without a crash');
	await scenario.check('without a crash');
	for (const name of names) {
		await scenario.arrange();
		const result = await stack.run(scenario.verb(), {COPPICE_FAILPOINT: name});
		t.not(result.exitCode, 0, `the process was to die at ${name}`);
		await checkWhole(t, name);
		await scenario.check(name);
	}

	t.log(`${names.length} crashes: ${names.join(' | ')}`);
};

test.serial('commit', async t => {
	await crashEverywhere(t, {
		async arrange() {
			await stack.query(`create table live_${++counter} as select 1`);
		},
		verb: () => ['commit', '-m', `commit ${counter}`],
		async check(where) {
			t.true(await isThere(`live_${counter}`), `${where}: the live data are untouched`);
			const [last] = await stack.json('log');
			if (last?.message !== `commit ${counter}`) {
				return;
			}

			await stack.query(`drop table live_${counter}`);
			await stack.json('reset');
			t.true(await isThere(`live_${counter}`), `${where}: the commit holds the data`);
		},
	});
});

test.serial('reset', async t => {
	await crashEverywhere(t, {
		async arrange() {
			await stack.query(`create table unsaved_${++counter} as select 1`);
		},
		verb: () => ['reset', 'HEAD~1'],
		async check(where) {
			if (!await isThere(`unsaved_${counter}`)) {
				await stack.json('undo');
			}

			t.true(await isThere(`unsaved_${counter}`), `${where}: unsaved data are there, or one undo away`);
		},
	});
});

test.serial('switch', async t => {
	await crashEverywhere(t, {
		async arrange() {
			const {branch} = await stack.json('status');
			if (branch !== 'main') {
				await stack.json('switch', 'main');
			}

			await stack.query(`create table on_main_${++counter} as select 1`);
		},
		verb: () => ['switch', 'other'],
		async check(where) {
			const {branch} = await stack.json('status');
			t.is(await isThere(`on_main_${counter}`), branch === 'main', where);
			if (branch === 'main') {
				return;
			}

			await stack.json('switch', 'main');
			t.true(await isThere(`on_main_${counter}`), where);
		},
	});
	await stack.json('switch', 'main');
});

test.serial('switch -c', async t => {
	await crashEverywhere(t, {
		async arrange() {
			counter++;
		},
		verb: () => ['switch', '-c', `new-${counter}`],
		async check(where) {
			const {branch} = await stack.json('status');
			t.true(['main', `new-${counter}`].includes(branch), `${where}: on ${branch}`);
			if (branch !== 'main') {
				await stack.json('switch', 'main');
				await stack.json('branch', '-d', `new-${counter}`, '--yes');
			}

			const branches = await stack.json('branch');
			t.false(branches.some(({name}) => name === `new-${counter}`), where);
		},
	});
});

test.serial('undo', async t => {
	await crashEverywhere(t, {
		async arrange() {
			await stack.query(`create table undone_${++counter} as select 1`);
			await stack.json('reset');
		},
		verb: () => ['undo'],
		async check(where) {
			if (!await isThere(`undone_${counter}`)) {
				await stack.json('undo');
			}

			t.true(await isThere(`undone_${counter}`), where);
		},
	});
});

test.serial('branch -d', async t => {
	await crashEverywhere(t, {
		async arrange() {
			await stack.json('branch', `doomed-${++counter}`);
		},
		verb: () => ['branch', '-d', `doomed-${counter}`, '--yes'],
		async check(where) {
			const branches = await stack.json('branch');
			if (branches.every(({name}) => name !== `doomed-${counter}`)) {
				await stack.json('undo');
			}

			const after = await stack.json('branch');
			t.true(after.some(({name}) => name === `doomed-${counter}`), where);
		},
	});
});

test.serial('prune', async t => {
	let victim: string;
	await crashEverywhere(t, {
		async arrange() {
			await stack.query(`create table pruned_${++counter} as select 1`);
			const {commit} = await stack.json('commit', '-m', `pruned ${counter}`);
			victim = commit.id;
			await stack.query(`drop table pruned_${counter}`);
			await stack.json('commit', '-m', `after ${counter}`);
		},
		verb: () => ['prune', victim],
		async check(where) {
			const log = await stack.json('log');
			if (log.every(({id}) => id !== victim)) {
				await stack.json('undo');
			}

			await stack.json('reset', victim);
			t.true(await isThere(`pruned_${counter}`), where);
			await stack.json('undo');
		},
	});
});

test.serial('prune --now', async t => {
	await crashEverywhere(t, {
		async arrange() {
			const {commit} = await stack.json('commit', '-m', `freed ${++counter}`);
			await stack.json('commit', '-m', `after ${counter}`);
			await stack.json('prune', commit.id);
		},
		verb: () => ['prune', '--now', '--yes'],
		async check(where) {
			const {inTrash} = await stack.json('prune', '--now', '--yes');
			t.is(inTrash, 0, where);
		},
	});
});
