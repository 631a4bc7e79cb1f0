/**
Standing still for a snapshot: with real writers, a freezer that is killed, and freezes that overlap.
*/
import {spawn, type ChildProcess} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {
	mkdtemp,
	readdir,
	rm,
	stat,
} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {freezeProcesses, thawAbandoned} from '../../../source/runtime/process/freeze.ts';
import {
	identify,
	readStat,
	withDescendants,
	type ProcessIdentity,
} from '../../../source/system/process-table.ts';
import {until} from '../runtime-contract.ts';

const freezeModule = path.join(import.meta.dirname, '../../../source/runtime/process/freeze.ts');

type Writers = {
	readonly folder: string;
	readonly roots: ProcessIdentity[];
	readonly all: () => number[];
	readonly sizes: () => Promise<number[]>;
	readonly states: () => string[];
};

/**
Processes that each write without end, in the child of a child that leads a session of its own, as those of Postgres do.
*/
const startWriters = async (t: ExecutionContext, count: number): Promise<Writers> => {
	const folder = await mkdtemp(path.join(tmpdir(), 'coppice-freeze-'));
	const children: ChildProcess[] = [];
	t.teardown(async () => {
		for (const child of children) {
			for (const processId of withDescendants([child.pid!])) {
				process.kill(processId, 'SIGKILL');
			}
		}

		await rm(folder, {
			recursive: true, force: true, maxRetries: 5, retryDelay: 50,
		});
	});
	for (let index = 0; index < count; index++) {
		children.push(spawn('/bin/sh', ['-c', 'setsid sh -c \'while :; do echo x >>"$0"; done\' "$0" & wait', path.join(folder, `w${index}`)], {stdio: 'ignore'}));
	}

	const roots = children.map(child => identify(child.pid!)!);
	const all = (): number[] => withDescendants(roots.map(root => root.processId));
	const sizeOf = async (index: number): Promise<number> => {
		const {size} = await stat(path.join(folder, `w${index}`)).catch(() => ({size: 0}));
		return size;
	};

	const sizes = async (): Promise<number[]> => Promise.all(roots.map(async (_, index) => sizeOf(index)));
	await until('all write', async () => {
		const now = await sizes();
		return now.every(size => size > 0);
	});
	return {
		folder, roots, all, sizes, states: () => all().map(processId => readStat(processId)?.state ?? 'gone'),
	};
};

const isStopped = (state: string): boolean => state === 'T';

test.serial('eight busy writers make no progress until the thaw', async t => {
	const writers = await startWriters(t, 8);
	const freeze = await freezeProcesses({folder: path.join(writers.folder, 'hold'), roots: () => writers.roots, leaseMilliseconds: 30_000});
	const frozen = await writers.sizes();
	t.true(writers.all().length >= 16);
	t.true(writers.states().every(state => isStopped(state)));
	await delay(150);
	t.deepEqual(await writers.sizes(), frozen);
	const {held} = await freeze.thaw();
	t.true(held);
	t.deepEqual(await freeze.thaw(), await freeze.thaw(), 'a second thaw says the same');
	await until('all go on', async () => {
		const now = await writers.sizes();
		return now.every((size, index) => size > frozen[index]!);
	});
	t.deepEqual((await readdir(path.join(writers.folder, 'hold'))), []);
});

test.serial('processes that are made while they are being stopped are stopped too', async t => {
	const folder = await mkdtemp(path.join(tmpdir(), 'coppice-forks-'));
	const child = spawn('/bin/sh', ['-c', 'while :; do sh -c ":" & sh -c ":" ; done'], {stdio: 'ignore', detached: true});
	t.teardown(async () => {
		process.kill(-child.pid!, 'SIGKILL');
		await rm(folder, {recursive: true, force: true});
	});
	await until('it forks', () => withDescendants([child.pid!]).length > 1);
	for (let round = 0; round < 20; round++) {
		const freeze = await freezeProcesses({folder, roots: () => [identify(child.pid!)!], leaseMilliseconds: 30_000});
		const first = withDescendants([child.pid!]);
		const states = first.map(processId => readStat(processId)?.state ?? 'Z');
		// D: a parent that waits in the kernel for its child to begin.
		t.true(states.every(state => 'TZD'.includes(state)), states.join(' '));
		await delay(5);
		t.deepEqual(withDescendants([child.pid!]), first, 'no new ones appear');
		await freeze.thaw();
	}
});

const freezeInChild = (writers: Writers, folder: string, lease = 30_000): ChildProcess => spawn(process.execPath, ['--input-type=module-typescript', '-e', `
import {freezeProcesses} from ${JSON.stringify(freezeModule)};
await freezeProcesses({folder: ${JSON.stringify(folder)}, roots: () => ${JSON.stringify(writers.roots)}, leaseMilliseconds: ${lease}});
console.log('frozen');
setInterval(() => {}, 1000);
`], {stdio: ['ignore', 'pipe', 'inherit']});

const hears = async (child: ChildProcess): Promise<void> => new Promise(resolve => {
	child.stdout?.once('data', () => {
		resolve();
	});
});

test.serial('a freezer that is killed leaves nothing stopped', async t => {
	const writers = await startWriters(t, 4);
	const folder = path.join(writers.folder, 'hold');
	const freezer = freezeInChild(writers, folder);
	await hears(freezer);
	t.true(writers.states().every(state => isStopped(state)));
	const frozen = await writers.sizes();
	freezer.kill('SIGKILL');
	await until('nothing is stopped', () => writers.states().every(state => !isStopped(state)));
	await until('all go on', async () => {
		const now = await writers.sizes();
		return now.every((size, index) => size > frozen[index]!);
	});
	await until('the guard has tidied up', () => readdirSync(folder).length === 0);
});

test.serial('a freezer that is killed at any moment of the freeze leaves nothing stopped', async t => {
	const writers = await startWriters(t, 3);
	const folder = path.join(writers.folder, 'hold');
	let rounds = 0;
	for (; rounds < 8; rounds++) {
		const freezer = freezeInChild(writers, folder);
		await until('the first is stopped', () => writers.states().some(state => isStopped(state)));
		freezer.kill('SIGKILL');
		await until('nothing is stopped', () => writers.states().every(state => !isStopped(state)));
	}

	t.is(rounds, 8);
});

test.serial('when the guard was killed too, the next command lets go on what it held', async t => {
	const writers = await startWriters(t, 2);
	const folder = path.join(writers.folder, 'hold');
	const freezer = freezeInChild(writers, folder);
	await hears(freezer);
	const [hold = ''] = await readdir(folder);
	const guard = Number(hold.split('.', 2)[1]);
	for (const processId of withDescendants([guard])) {
		process.kill(processId, 'SIGKILL');
	}

	freezer.kill('SIGKILL');
	await until('the guard is gone', () => readStat(guard) === undefined || readStat(guard)?.state === 'Z');
	t.true(writers.states().every(state => isStopped(state)));
	await until('it is noticed', () => {
		thawAbandoned(folder);
		return writers.states().every(state => !isStopped(state));
	});
	t.deepEqual(await readdir(folder), []);
});

test.serial('of two freezes that overlap, the end of one does not let go on what the other holds', async t => {
	const writers = await startWriters(t, 3);
	const folder = path.join(writers.folder, 'hold');
	const freeze = async (roots: ProcessIdentity[]) => freezeProcesses({folder, roots: () => roots, leaseMilliseconds: 30_000});
	const first = await freeze(writers.roots);
	const second = await freeze(writers.roots.slice(0, 2));
	const killed = freezeInChild(writers, folder);
	await hears(killed);
	const firstThaw = await first.thaw();
	t.true(firstThaw.held);
	killed.kill('SIGKILL');
	await until('what only the others held goes on', () => {
		const [processId] = [writers.roots[2]!.processId];
		return !isStopped(readStat(processId)?.state ?? '');
	});
	const states = withDescendants(writers.roots.slice(0, 2).map(root => root.processId)).map(processId => readStat(processId)?.state ?? '');
	t.true(states.every(state => isStopped(state)), states.join(' '));
	const secondThaw = await second.thaw();
	t.true(secondThaw.held);
	await until('all go on', () => writers.states().every(state => !isStopped(state)));
});

test.serial('somebody else\'s SIGCONT is noticed at the thaw', async t => {
	const writers = await startWriters(t, 1);
	const freeze = await freezeProcesses({folder: path.join(writers.folder, 'hold'), roots: () => writers.roots, leaseMilliseconds: 30_000});
	process.kill(writers.all().at(-1)!, 'SIGCONT');
	await until('it goes on', () => !isStopped(readStat(writers.all().at(-1)!)?.state ?? ''));
	const {held} = await freeze.thaw();
	t.false(held);
});
