/**
`coppice doctor`: what is missing or wrong on this host, and how to get it.
*/
import {access, constants} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {CoppiceError} from '../system/errors.ts';
import {isRoot} from '../system/run-command.ts';
import type {Home} from '../host/home.ts';
import type {Project} from '../host/project-registry.ts';
import type {VolumeContents} from '../storage/driver.ts';
import {nativeCalls} from '../stream/native-calls.ts';
import {openWorkspace} from './workspace/open-workspace.ts';
import {findProject} from './workspace/project-stack.ts';
import type {Workspace} from './workspace/workspace.ts';

export type Check = {
	readonly name: string;
	readonly result: 'ok' | 'warning' | 'failed';
	readonly message: string;
	readonly hint?: string;
};

/** Below this much free space in a pool a commit may fail. */
const scarceBytes = 1024 ** 3;

const findProgram = async (program: string): Promise<string | undefined> => {
	const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/lib/postgresql/15/bin'];
	for (const folder of folders) {
		const file = path.join(folder, program);
		try {
			await access(file, constants.X_OK);
			return file;
		} catch {}
	}

	return undefined;
};

type ProgramNeed = {
	readonly program: string;
	readonly debianPackage: string;
	readonly gives: string;
};

const programs: readonly ProgramNeed[] = [
	{program: 'btrfs', debianPackage: 'btrfs-progs', gives: 'clones that take no time and no space'},
	{program: 'mkfs.btrfs', debianPackage: 'btrfs-progs', gives: 'a btrfs pool where the file system is another one'},
	{program: 'losetup', debianPackage: 'mount', gives: 'a btrfs pool in a file'},
	{program: 'psql', debianPackage: 'postgresql-client', gives: 'init scripts with psql commands'},
	{program: 'redis-server', debianPackage: 'redis-server', gives: 'redis services on the process runtime'},
	{program: 'mariadbd', debianPackage: 'mariadb-server', gives: 'mariadb and mysql services on the process runtime'},
];

const checkProgram = async ({program, debianPackage, gives}: ProgramNeed): Promise<Check> => {
	const found = await findProgram(program);
	return found === undefined
		? {
			name: program, result: 'warning', message: `not found: without it there are no ${gives}`, hint: `apt-get install ${debianPackage}`,
		}
		: {name: program, result: 'ok', message: found};
};

const checkRights = (): Check => isRoot()
	? {name: 'rights', result: 'ok', message: 'root: pools can be made and mounted, native send works'}
	: {
		name: 'rights', result: 'warning', message: 'not root: a pool has to be a folder of yours; native send is not possible',
		hint: 'That is enough for branching and resetting on btrfs. Run as root once to make a btrfs pool in a file.',
	};

/**
What is lost where Node alone has to do: pure.
*/
export const describeNativeCalls = (isThere: boolean): Check => isThere
	? {name: 'native calls', result: 'ok', message: 'by koffi'}
	: {
		name: 'native calls',
		result: 'warning',
		message: 'the optional package koffi is not there: streams between file systems carry no extended attributes (access lists, capabilities), no fifos and no'
			+ ' sockets, keep times to a microsecond, and holes are neither found at once nor made where there was something',
		hint: 'Install Coppice with its optional packages (`npm install --include=optional`); koffi has builds for Linux on x64, arm64, riscv64 and loong64.',
	};

const describeError = (name: string, error: unknown): Check => ({
	name,
	result: 'failed',
	message: error instanceof Error ? error.message : String(error),
	...(error instanceof CoppiceError && error.hint !== undefined && {hint: error.hint}),
});

/**
Whether every snapshot that a commit names is there, and everything there is named by a commit: pure.
*/
export const compareSnapshots = (volume: string, contents: VolumeContents, named: ReadonlySet<string>): Check[] => {
	const there = new Set(contents.snapshots);
	const missing = [...named.difference(there)];
	const nameless = [...there.difference(named)];
	const halfMade = [...contents.leftovers, ...contents.staged];
	const name = `volume ${volume}`;
	const checks: Check[] = [
		...missing.length === 0
			? []
			: [{
				name, result: 'failed' as const, message: `${missing.length} snapshots that commits name are not in the pool: ${missing.join(', ')}`,
				hint: 'Their data are gone here; fetch them from a host that has them, or prune those commits.',
			}],
		...nameless.length === 0
			? []
			: [{
				name, result: 'warning' as const, message: `${nameless.length} snapshots belong to no commit: ${nameless.join(', ')}`,
				hint: 'Nothing is lost; they only take space.',
			}],
		...halfMade.length === 0
			? []
			: [{
				name, result: 'warning' as const, message: `left half made: ${halfMade.join(', ')}`,
				hint: 'The next command that changes the stack removes them.',
			}],
	];
	const count = `${contents.branches.length} branches, ${contents.snapshots.length} snapshots`;
	return checks.length === 0 ? [{name, result: 'ok', message: count}] : checks;
};

const checkStack = async (workspace: Workspace): Promise<Check[]> => {
	const {history, pool, stack, volumes, runtime} = workspace;
	const [{commits, damaged}, room] = await Promise.all([history.allCommits(), pool.driver.room()]);
	const checks: Check[] = [
		{name: 'pool', result: 'ok', message: `${pool.driver.name} at ${pool.path}, clones by ${pool.driver.traits.cloneMethod}`},
		...pool.driver.traits.limits.map((message): Check => ({name: 'pool', result: 'warning', message})),
		room.freeBytes < scarceBytes
			? {
				name: 'space', result: 'warning', message: `only ${Math.round(room.freeBytes / 1024 / 1024)} MiB are free in the pool`,
				hint: '`coppice prune --keep-last 10 --now` frees what old commits hold.',
			}
			: {name: 'space', result: 'ok', message: `${Math.round(room.freeBytes / 1024 / 1024 / 1024)} GiB free`},
		...damaged.map(({id, reason}): Check => ({
			name: `commit ${id.slice(0, 8)}`, result: 'failed', message: reason, hint: 'The other commits are untouched.',
		})),
		...runtime.notices().map((message): Check => ({name: 'runtime', result: 'warning', message})),
	];
	for (const volume of volumes) {
		const named = new Set(commits.flatMap(commit => commit.volumes[volume] ?? []));
		checks.push(...compareSnapshots(volume, await pool.driver.contents({stack: stack.name, volume}), named));
	}

	return checks;
};

const readProjectIfAny = async (home: Home, directory: string): Promise<Project | undefined> => {
	try {
		const {project} = await findProject(home, directory);
		return project;
	} catch {
		// What is wrong with it is said of the stack.
		return undefined;
	}
};

/**
What there is to say of Docker, for the stack of this folder where it is one. What runs as processes never loads the engine's client but here.
*/
const checkDocker = async (home: Home, directory: string): Promise<readonly Check[]> => {
	const project = await readProjectIfAny(home, directory);
	const [{gatherEngineFacts}, {findTroubles}] = await Promise.all([import('../runtime/docker/engine-facts.ts'), import('../runtime/docker/trouble.ts')]);
	return findTroubles(await gatherEngineFacts({
		isNeeded: project?.runtime === 'docker',
		unadopted: project?.unadopted ?? [],
		...(project !== undefined && {pool: project.pool}),
	}));
};

/**
Checks this host, and the stack of `directory` where there is one. Never throws: what fails is a check that failed.
*/
export const doctor = async ({home, directory}: {home: Home; directory: string}): Promise<readonly Check[]> => {
	const checks: Check[] = [
		{name: 'node', result: 'ok', message: process.version},
		checkRights(),
		...await Promise.all(programs.map(async program => checkProgram(program))),
		describeNativeCalls(await nativeCalls() !== undefined),
	];
	try {
		checks.push(...await checkDocker(home, directory));
	} catch (error) {
		checks.push(describeError('docker engine', error));
	}

	try {
		const workspace = await openWorkspace({directory, home});
		checks.push({name: 'stack', result: 'ok', message: workspace.stack.name}, ...await checkStack(workspace));
	} catch (error) {
		if (error instanceof CoppiceError && (error.code === 'not-found' || error.code === 'precondition')) {
			checks.push({
				name: 'stack', result: 'warning', message: error.message, ...(error.hint !== undefined && {hint: error.hint}),
			});
		} else {
			checks.push(describeError('stack', error));
		}
	}

	return checks;
};
