/**
Gathers what `trouble.ts` judges: asks the engine, the docker and compose CLIs and this machine. Changes nothing, and never throws for what
is missing: that is a fact too.
*/
import {readFile, stat} from 'node:fs/promises';
import os from 'node:os';
import process from 'node:process';
import {CoppiceError, isSystemError} from '../../system/errors.ts';
import {tryCommand, type RunResult} from '../../system/run-command.ts';
import {findComposeCli} from './compose-cli.ts';
import {connectEngine, type Engine} from './engine.ts';
import {findEngineLocation, type EngineLocation} from './engine-location.ts';
import {managedLabel} from './engine-volumes.ts';
import type {
	BoundVolume,
	EngineContext,
	EngineFacts,
	EngineInfo,
	EngineVersion,
} from './trouble.ts';

export type AskedFacts = Pick<EngineFacts, 'isNeeded' | 'unadopted'> & {
	/** The stack's pool, where there is a stack. */
	readonly pool?: string;
};

/** Milliseconds that a program is waited for. */
const patience = 20_000;

const isThere = async (file: string): Promise<boolean> => {
	try {
		await stat(file);
		return true;
	} catch {
		return false;
	}
};

/** What a program printed, or `undefined` where it is not installed or has failed. */
const ask = async (command: readonly string[]): Promise<RunResult | undefined> => {
	try {
		const result = await tryCommand(command, {timeout: patience});
		return result.exitCode === 0 ? result : undefined;
	} catch {
		return undefined;
	}
};

const orNothing = async <Value>(answer: Promise<Value>): Promise<Value | undefined> => {
	try {
		return await answer;
	} catch {
		return undefined;
	}
};

const systemCodeOf = (error: unknown): string | undefined => {
	for (let each = error; each instanceof Error; each = each.cause) {
		if (isSystemError(each, 'ENOENT', 'EACCES', 'EPERM', 'ECONNREFUSED')) {
			return each.code;
		}
	}

	return undefined;
};

const describeFailure = (error: unknown): NonNullable<EngineFacts['failure']> => {
	const systemCode = systemCodeOf(error);
	return {
		message: error instanceof Error ? error.message : String(error),
		...(error instanceof CoppiceError && error.hint !== undefined && {hint: error.hint}),
		...(systemCode !== undefined && {systemCode}),
	};
};

/**
The group that owns a socket, with its members by name (group(5)).
*/
const readSocketGroup = async (socket: string): Promise<EngineFacts['socketGroup']> => {
	try {
		const [{gid}, text] = await Promise.all([stat(socket), readFile('/etc/group', 'utf8')]);
		const group = text.split('\n').map(line => /^(?<name>[^:]+):[^:]*:(?<id>\d+):(?<members>.*)$/v.exec(line)?.groups).find(fields => fields?.id === String(gid));
		return {id: gid, name: group?.name ?? String(gid), members: (group?.members ?? '').split(',').filter(name => name !== '')};
	} catch {
		return undefined;
	}
};

const readContexts = async (): Promise<EngineContext[]> => {
	const listed = await ask(['docker', 'context', 'ls', '--format', '{{json .}}']);
	return (listed?.stdout ?? '').split('\n').flatMap(line => {
		try {
			return [JSON.parse(line) as EngineContext];
		} catch {
			return [];
		}
	});
};

const readBoundVolumes = async ({docker, location}: Engine): Promise<BoundVolume[]> => {
	const {Volumes: volumes} = await docker.listVolumes({filters: {label: [managedLabel]}});
	return Promise.all(volumes.map(async ({Name: name, Labels: labels, Options: options}) => {
		const folder = options?.device ?? '';
		// What is on another machine can't be looked at from here.
		return {
			name, pool: labels[managedLabel] ?? '', folder, isThere: !location.isLocal || await isThere(folder),
		};
	}));
};

const readPaused = async ({docker}: Engine, volumes: readonly BoundVolume[]): Promise<string[]> => {
	const names = new Set(volumes.map(({name}) => name));
	const containers = await docker.listContainers({all: true, filters: {status: ['paused']}});
	return containers
		.filter(({Mounts: mounts}) => mounts.some(({Name: volume}) => volume !== undefined && names.has(volume)))
		.map(({Names: all, Id: id}) => (all[0] ?? id.slice(0, 12)).replace(/^\//v, ''))
		.toSorted();
};

const readUser = (): EngineFacts['user'] => {
	const id = process.getuid?.() ?? 0;
	let name = String(id);
	try {
		name = os.userInfo().username;
	} catch {
		// A number without a name, as in a container.
	}

	return {id, name, groupIds: process.getgroups?.() ?? []};
};

const readContainer = async (info: EngineInfo | undefined): Promise<EngineFacts['container']> => {
	const isContainer = await isThere('/.dockerenv') || await isThere('/run/.containerenv');
	return isContainer && info?.DockerRootDir !== undefined ? {seesEngineFolder: await isThere(info.DockerRootDir)} : undefined;
};

const readPool = async (pool: string | undefined): Promise<EngineFacts['pool']> => {
	if (pool === undefined) {
		return undefined;
	}

	// `?` where the file system keeps no label.
	const answer = await ask(['stat', '--format', '%C', pool]);
	const label = answer?.stdout.trim();
	return {path: pool, ...(label?.includes(':') && {label})};
};

const readEngine = async (engine: Engine): Promise<Pick<EngineFacts, 'info' | 'version' | 'boundVolumes' | 'paused'>> => {
	const {docker} = engine;
	const [info, version, boundVolumes] = await Promise.all([
		docker.info() as Promise<EngineInfo>,
		orNothing(docker.version() as Promise<EngineVersion>),
		orNothing(readBoundVolumes(engine)),
	]);
	return {
		info,
		...(version && {version}),
		boundVolumes: boundVolumes ?? [],
		paused: await orNothing(readPaused(engine, boundVolumes ?? [])) ?? [],
	};
};

/**
Gathers the facts for this environment.

@param environment - What says where the engine is (`DOCKER_HOST`, …).
*/
export const gatherEngineFacts = async (asked: AskedFacts, environment: NodeJS.ProcessEnv = process.env): Promise<EngineFacts> => {
	let location: EngineLocation | undefined;
	let answered: Partial<EngineFacts>;
	try {
		location = await findEngineLocation(environment);
		answered = await readEngine(await connectEngine(environment));
	} catch (error) {
		answered = {failure: describeFailure(error)};
	}

	const [client, compose, contexts, socketGroup, container, selinux, pool] = await Promise.all([
		ask(['docker', '--version']),
		orNothing(findComposeCli()),
		answered.failure === undefined ? [] : readContexts(),
		location?.socket === undefined ? undefined : readSocketGroup(location.socket),
		readContainer(answered.info),
		orNothing(readFile('/sys/fs/selinux/enforce', 'utf8')),
		readPool(asked.pool),
	]);
	return {
		isNeeded: asked.isNeeded,
		unadopted: asked.unadopted,
		boundVolumes: [],
		paused: [],
		...answered,
		hasClient: client !== undefined,
		...(location && {location}),
		...(compose && {compose}),
		contexts,
		...(socketGroup && {socketGroup}),
		...(container && {container}),
		user: readUser(),
		kernel: os.release(),
		isSelinuxEnforcing: selinux?.trim() === '1',
		...(pool && {pool}),
	};
};
