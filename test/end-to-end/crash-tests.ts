/**
Power cuts: the process is killed at the steps of every verb that changes a stack; the next command must find everything whole.

Each verb is run once to learn the names of its failpoints, then once for each of them (or a choice of them) with the process killed there. On whatever runtime:
the stack is a Postgres named `db` with one volume.
*/
import {randomUUID} from 'node:crypto';
import {readdir, readFile} from 'node:fs/promises';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import type {ServiceReport} from '../../source/actions/services.ts';
import type {TestStack} from '../fixtures/test-stack.ts';

export type CrashStack = Pick<TestStack, 'root' | 'pool' | 'run' | 'json'> & {
	/** The stack's name. */
	readonly name: string;
	query<Row extends Record<string, unknown>>(sql: string): Promise<Row[]>;

	/** Looks for what the runtime may have left behind. */
	checkRuntime?(t: ExecutionContext, where: string): Promise<void>;
};

/** Tests by their titles. */
export type CrashTests = Readonly<Record<string, (t: ExecutionContext) => Promise<void>>>;

/**
Makes the two commits and the branch that the tests work on.
*/
export const prepareCrashStack = async (stack: CrashStack): Promise<void> => {
	await stack.json('up');
	await stack.query('create table kept as select 1 as one');
	await stack.json('commit', '-m', 'First');
	await stack.query('create table kept_too as select 2 as two');
	await stack.json('commit', '-m', 'Second');
	await stack.json('branch', 'other');
};

type Scenario = {
	/** Brings about what the verb works on. */
	readonly arrange: () => Promise<void>;
	readonly verb: () => readonly string[];

	/** What must hold when the next command has run, whether the verb was taken back or finished. */
	readonly check: (where: string) => Promise<void>;

	/** Brings about that the services are ready, where nobody has waited for them; `up` unless told. */
	readonly getReady?: () => Promise<readonly ServiceReport[]>;
};

/** Chooses of a verb's failpoints those where the process is killed. */
export type ChooseCuts = (failpoints: readonly string[]) => readonly string[];

export const everywhere: ChooseCuts = failpoints => failpoints;

/** Looks up tables, and runs a scenario once for each failpoint with the process killed there. */
const crashRunner = (getStack: () => CrashStack, chooseCuts: ChooseCuts) => {
	const isThere = async (table: string): Promise<boolean> => {
		const [row] = await getStack().query<{there: boolean}>(`select to_regclass('${table}') is not null as there`);
		return row?.there === true;
	};

	const learnFailpoints = async (scenario: Scenario): Promise<string[]> => {
		await scenario.arrange();
		const file = path.join(getStack().root, `failpoints-${randomUUID()}`);
		const result = await getStack().run(scenario.verb(), {COPPICE_FAILPOINT_LOG: file});
		if (result.exitCode !== 0) {
			throw new Error(result.stderr);
		}

		const lines = await readFile(file, 'utf8');
		return [...new Set(lines.trim().split('\n'))];
	};

	/**
	Nothing half made, nothing missing, every service ready.
	*/
	const checkWhole = async (t: ExecutionContext, where: string, getReady: Scenario['getReady']): Promise<void> => {
		const status = await getStack().json('status');
		const bringUp = async (): Promise<readonly ServiceReport[]> => {
			const {services} = await getStack().json('up');
			return services;
		};

		// A verb that died at its very end has started the services, and nobody has waited for them yet.
		const services = status.services.every(service => service.ready) ? status.services : await (getReady ?? bringUp)();
		t.true(services.every(service => service.ready), `${where}: ${JSON.stringify(services)}`);
		const checks = await getStack().json('doctor');
		const wrong = checks.filter(check => (check.name.startsWith('volume') || check.name.startsWith('commit')) && check.result !== 'ok');
		t.deepEqual(wrong, [], where);
		t.deepEqual(await readdir(path.join(getStack().pool, `stacks/${getStack().name}/history/journal`)), [], where);
		t.true(await isThere('kept'), `${where}: data of the first commit`);
		await getStack().checkRuntime?.(t, where);
	};

	const crashEverywhere = async (t: ExecutionContext, scenario: Scenario): Promise<void> => {
		const names = await learnFailpoints(scenario);
		t.true(names.length >= 6, `few failpoints: ${names.join(', ')}`);
		const cuts = chooseCuts(names);
		t.true(cuts.length > 0);
		await checkWhole(t, 'without a crash', scenario.getReady);
		await scenario.check('without a crash');
		for (const name of cuts) {
			await scenario.arrange();
			const result = await getStack().run(scenario.verb(), {COPPICE_FAILPOINT: name});
			t.not(result.exitCode, 0, `the process was to die at ${name}`);
			await checkWhole(t, name, scenario.getReady);
			await scenario.check(name);
		}

		t.log(`${cuts.length} crashes: ${cuts.join(' | ')}`);
	};

	return {isThere, crashEverywhere};
};

/**
What tells one definition of a stack from another.
*/
export type Versions = {
	/** Writes the compose file in a version. */
	readonly write: (version: string) => Promise<void>;

	/** The version that the service runs by. */
	readonly running: () => Promise<string>;
};

/**
`switch --definition`, killed everywhere: never do services of one definition run on the data of a branch that another one belongs to.

@param getStack - Its branch `other` has a tip whose definition is of version `one`.
*/
export const definitionCrashTest = (
	getStack: () => CrashStack,
	{write, running}: Versions,
	chooseCuts: ChooseCuts,
) => async (t: ExecutionContext): Promise<void> => {
	const {crashEverywhere, isThere} = crashRunner(getStack, chooseCuts);
	let counter = 0;
	await crashEverywhere(t, {
		async arrange() {
			const {branch} = await getStack().json('status');
			if (branch !== 'main') {
				await getStack().json('switch', 'main');
			}

			await write('two');
			await getStack().json('up');
			await getStack().query(`create table by_file_${++counter} as select 1`);
		},
		verb: () => ['switch', '--definition', 'other'],
		async getReady() {
			const deadline = Date.now() + 60_000;
			for (;;) {
				const {services} = await getStack().json('status');
				if (services.every(service => service.ready) || Date.now() > deadline) {
					return services;
				}
			}
		},
		async check(where) {
			const {branch} = await getStack().json('status');
			t.is(await running(), branch === 'main' ? 'two' : 'one', `${where}: the definition of ${branch}`);
			t.is(await isThere(`by_file_${counter}`), branch === 'main', where);
		},
	});
	await getStack().json('switch', 'main');
	await getStack().json('up');
	t.is(await running(), 'two');
};

/**
@param getStack - The stack, which is made after the tests are.
*/
export const crashTests = (getStack: () => CrashStack, chooseCuts: ChooseCuts): CrashTests => {
	const {crashEverywhere, isThere} = crashRunner(getStack, chooseCuts);
	let counter = 0;
	return {
		async commit(t) {
			await crashEverywhere(t, {
				async arrange() {
					await getStack().query(`create table live_${++counter} as select 1`);
				},
				verb: () => ['commit', '-m', `commit ${counter}`],
				async check(where) {
					t.true(await isThere(`live_${counter}`), `${where}: the live data are untouched`);
					const [last] = await getStack().json('log');
					if (last?.message !== `commit ${counter}`) {
						return;
					}

					await getStack().query(`drop table live_${counter}`);
					await getStack().json('reset');
					t.true(await isThere(`live_${counter}`), `${where}: the commit holds the data`);
				},
			});
		},

		async reset(t) {
			await crashEverywhere(t, {
				async arrange() {
					await getStack().query(`create table unsaved_${++counter} as select 1`);
				},
				verb: () => ['reset', 'HEAD~1'],
				async check(where) {
					if (!await isThere(`unsaved_${counter}`)) {
						await getStack().json('undo');
					}

					t.true(await isThere(`unsaved_${counter}`), `${where}: unsaved data are there, or one undo away`);
				},
			});
		},

		async switch(t) {
			await crashEverywhere(t, {
				async arrange() {
					const {branch} = await getStack().json('status');
					if (branch !== 'main') {
						await getStack().json('switch', 'main');
					}

					await getStack().query(`create table on_main_${++counter} as select 1`);
				},
				verb: () => ['switch', 'other'],
				async check(where) {
					const {branch} = await getStack().json('status');
					t.is(await isThere(`on_main_${counter}`), branch === 'main', where);
					if (branch === 'main') {
						return;
					}

					await getStack().json('switch', 'main');
					t.true(await isThere(`on_main_${counter}`), where);
				},
			});
			await getStack().json('switch', 'main');
		},

		async 'switch -c'(t) {
			await crashEverywhere(t, {
				async arrange() {
					counter++;
				},
				verb: () => ['switch', '-c', `new-${counter}`],
				async check(where) {
					const {branch} = await getStack().json('status');
					t.true(['main', `new-${counter}`].includes(branch), `${where}: on ${branch}`);
					if (branch !== 'main') {
						await getStack().json('switch', 'main');
						await getStack().json('branch', '-d', `new-${counter}`, '--yes');
					}

					const branches = await getStack().json('branch');
					t.false(branches.some(({name}) => name === `new-${counter}`), where);
				},
			});
		},

		async undo(t) {
			await crashEverywhere(t, {
				async arrange() {
					await getStack().query(`create table undone_${++counter} as select 1`);
					await getStack().json('reset');
				},
				verb: () => ['undo'],
				async check(where) {
					if (!await isThere(`undone_${counter}`)) {
						await getStack().json('undo');
					}

					t.true(await isThere(`undone_${counter}`), where);
				},
			});
		},

		async 'branch -d'(t) {
			await crashEverywhere(t, {
				async arrange() {
					await getStack().json('branch', `doomed-${++counter}`);
				},
				verb: () => ['branch', '-d', `doomed-${counter}`, '--yes'],
				async check(where) {
					const branches = await getStack().json('branch');
					if (branches.every(({name}) => name !== `doomed-${counter}`)) {
						await getStack().json('undo');
					}

					const after = await getStack().json('branch');
					t.true(after.some(({name}) => name === `doomed-${counter}`), where);
				},
			});
		},

		async prune(t) {
			let victim: string;
			await crashEverywhere(t, {
				async arrange() {
					await getStack().query(`create table pruned_${++counter} as select 1`);
					const {commit} = await getStack().json('commit', '-m', `pruned ${counter}`);
					victim = commit.id;
					await getStack().query(`drop table pruned_${counter}`);
					await getStack().json('commit', '-m', `after ${counter}`);
				},
				verb: () => ['prune', victim],
				async check(where) {
					const log = await getStack().json('log');
					if (log.every(({id}) => id !== victim)) {
						await getStack().json('undo');
					}

					await getStack().json('reset', victim);
					t.true(await isThere(`pruned_${counter}`), where);
					await getStack().json('undo');
				},
			});
		},

		async 'prune --now'(t) {
			await crashEverywhere(t, {
				async arrange() {
					const {commit} = await getStack().json('commit', '-m', `freed ${++counter}`);
					await getStack().json('commit', '-m', `after ${counter}`);
					await getStack().json('prune', commit.id);
				},
				verb: () => ['prune', '--now', '--yes'],
				async check(where) {
					const {inTrash} = await getStack().json('prune', '--now', '--yes');
					t.is(inTrash, 0, where);
				},
			});
		},
	};
};
