/**
`coppice init`: takes a compose project up as a stack: finds or makes the pool, makes the volumes of the first branch.
*/
import path from 'node:path';
import {CoppiceError} from '../system/errors.ts';
import {readIfThere, writeDurably} from '../system/durable-file.ts';
import {findHome, type Home} from '../host/home.ts';
import {writeProject, type Project} from '../host/project-registry.ts';
import type {UserSettings} from '../host/user-settings.ts';
import type {Database} from '../database/database.ts';
import {findDatabases} from '../database/find-databases.ts';
import {locateProject, type LocatedProject, type ProjectFiles} from '../stack/locate-project.ts';
import type {DatabaseName, RuntimeName, Stack} from '../stack/stack.ts';
import type {DriverName} from '../storage/driver.ts';
import {findOrMakePool} from '../storage/find-pool.ts';
import type {Pool} from '../storage/pool.ts';
import {currentData, stackFile} from '../storage/layout.ts';
import type {EngineVolumes} from '../runtime/docker/engine-volumes.ts';
import {dropDefinition, readActiveDefinition} from './definition/active-definition.ts';
import {detectRuntime, wishedRuntime, type RuntimeWishes} from './workspace/choose-runtime.ts';
import type {Report} from './progress.ts';
import {findProject, leaveUnadopted, readProjectStack} from './workspace/project-stack.ts';
import {makeVolumes} from './workspace/make-volumes.ts';
import {exclusively} from './change/transact.ts';
import {assembleWorkspace, managedVolumes, recoverProject} from './workspace/open-workspace.ts';
import type {UnadoptedVolume} from './docker-data/survey-engine-volumes.ts';
import {findUnmanagedData, type UnmanagedData} from './docker-data/unmanaged-data.ts';

export const firstBranch = 'main';

export type InitOptions = {
	readonly directory: string;
	readonly composeFiles?: readonly string[];

	/** The pool's folder; the compose file's, else the home's, unless told. */
	readonly pool?: string;
	readonly driver?: DriverName;
	readonly dataset?: string;
	readonly runtime?: RuntimeName;

	/** Profiles that are to be on from now on; those of before unless told. */
	readonly profiles?: readonly string[];
	readonly report?: Report;

	/** Found from the environment unless told. */
	readonly home?: Home;
};

export type InitResult = {
	readonly stack: string;
	readonly branch: string;
	readonly runtime: RuntimeName;

	/** Why this runtime: part of a sentence. */
	readonly runtimeWhy: string;

	/** Compose files and profiles that were named, and that every verb uses from now on. */
	readonly composeFiles?: readonly string[];
	readonly profiles?: readonly string[];

	/** False when the stack had been taken up before. */
	readonly made: boolean;
	readonly pool: {readonly driver: DriverName; readonly path: string; readonly why: string; readonly cloneMethod: string; readonly made: boolean};
	readonly services: ReadonlyArray<{readonly name: string; readonly image?: string; readonly database?: DatabaseName}>;
	readonly volumes: ReadonlyArray<{
		readonly name: string;
		readonly managed: boolean;
		readonly why?: string;

		/** Its name in the Docker engine. */
		readonly engineName?: string;

		/** Its data are in the engine; `coppice init --adopt` takes them over. */
		readonly adoptable?: boolean;

		/** Bytes of the data in the engine, where this user may look. */
		readonly bytes?: number;
	}>;

	/** Volumes that nobody named: each belongs to one container, and is not managed. */
	readonly anonymousVolumes: ReadonlyArray<{readonly service: string; readonly target: string}>;

	/** Databases whose data no commit holds. */
	readonly unmanagedData: readonly UnmanagedData[];
	readonly notices: readonly string[];
};

/**
What `stack.json` in the pool says of a stack: whose it is.
*/
type StackRecord = {
	readonly version: 1;
	readonly stack: string;
	readonly projectFolder: string;

	/** ISO 8601. */
	readonly created: string;
};

/**
Two projects of one name must not write to one stack.

@throws CoppiceError `conflict` when the stack in the pool is another project's.
*/
const claimStack = async (pool: string, stack: Stack): Promise<void> => {
	const file = stackFile(pool, stack.name);
	const text = await readIfThere(file);
	if (text === undefined) {
		const record: StackRecord = {
			version: 1, stack: stack.name, projectFolder: stack.projectFolder, created: new Date().toISOString(),
		};
		await writeDurably(file, `${JSON.stringify(record, undefined, '\t')}\n`);
		return;
	}

	let owner: string | undefined;
	try {
		owner = (JSON.parse(text) as Partial<StackRecord>).projectFolder;
	} catch {}

	if (owner === undefined) {
		throw new CoppiceError('failed', `The record of stack ${stack.name} in ${file} is damaged.`, {
			stack: stack.name, file, hint: 'Remove that file and run `coppice init` again: the data and the history are beside it, untouched.',
		});
	}

	if (owner !== stack.projectFolder) {
		throw new CoppiceError('conflict', `The pool ${pool} has a stack ${stack.name} of another project, in ${owner}.`, {
			stack: stack.name, hint: 'Give this one another name with `name:` in its compose file. If the project has moved, change the path in stack.json.',
			file,
		});
	}
};

/**
Looks into the engine for what holds data there already.
*/
const findUnadopted = async (stack: Stack, pool: Pool, known: Project | undefined): Promise<readonly UnadoptedVolume[]> => {
	const engine = await openEngineVolumesOf(stack);
	const {surveyEngineVolumes} = await import('./docker-data/survey-engine-volumes.ts');
	const {unadopted, empty} = await surveyEngineVolumes(engine, stack, pool, known);
	for (const name of empty) {
		await engine.remove(name);
	}

	return unadopted;
};

/** Of a stack that was given up and is taken up anew: its services run by the compose file. */
const forgetDefinition = async (place: {readonly home: Home; readonly pool: string; readonly stack: string}): Promise<void> => {
	if (await readActiveDefinition(place) !== undefined) {
		await dropDefinition(place);
	}
};

const openEngineVolumesOf = async (stack: Stack): Promise<EngineVolumes> => {
	const {openEngineVolumes} = await import('../runtime/docker/engine-volumes.ts');
	return openEngineVolumes(stack);
};

/** Names that were given now, those of before, or none. */
const chosenNames = (now: readonly string[] | undefined, before: readonly string[] | undefined): readonly string[] | undefined => {
	const names = now ?? before ?? [];
	return names.length === 0 ? undefined : names;
};

type Decided = Pick<Project, 'stack' | 'pool' | 'runtime' | 'profiles' | 'unadopted'>;

/**
The record of the project: compose files that are named now take the place of those that were named before.
*/
const makeRecord = ({composeFiles}: InitOptions, files: ProjectFiles, known: Project | undefined, {profiles, unadopted = [], ...decided}: Decided): Project => {
	const isNamed = composeFiles !== undefined;
	const chosen = isNamed ? files.files : known?.composeFiles;
	const elsewhere = files.directory === files.projectFolder ? undefined : files.directory;
	const takenUpFrom = isNamed ? elsewhere : known?.takenUpFrom;
	return {
		folder: files.projectFolder,
		...decided,
		...(chosen !== undefined && {composeFiles: chosen}),
		...(profiles !== undefined && {profiles}),
		...(unadopted.length > 0 && {unadopted}),
		...(takenUpFrom !== undefined && {takenUpFrom}),
	};
};

const describeServices = (stack: Stack, databases: ReadonlyMap<string, Database>): InitResult['services'] => Object.values(stack.services).map(({name, image}) => {
	const database = databases.get(name)?.name;
	return {name, ...(image !== undefined && {image}), ...(database !== undefined && {database})};
});

const describeVolumes = (stack: Stack, unadopted: readonly UnadoptedVolume[]): InitResult['volumes'] =>
	Object.values(stack.volumes).map(({name, managed, unmanagedReason: why, engineName}) => {
		const left = unadopted.find(({volume}) => volume === name);
		return {
			name,
			managed,
			...(why !== undefined && {why}),
			...(engineName !== undefined && {engineName}),
			...(left !== undefined && {adoptable: true, ...(left.bytes !== undefined && {bytes: left.bytes})}),
		};
	});

/** Flags over the project over what the stack has over the user's settings. */
const wishedPool = (
	{pool, driver: told, dataset}: InitOptions,
	{projectFolder, settings}: LocatedProject,
	known: Project | undefined,
	user: UserSettings,
	home: Home,
) => {
	const wished = pool ?? settings.pool ?? (known === undefined ? user.pool : undefined);
	const driver = told ?? user.driver;
	return {
		path: wished === undefined ? known?.pool ?? home.pool : path.resolve(projectFolder, wished),
		...(driver !== undefined && {driver}),
		...(dataset !== undefined && {dataset}),
	};
};

const wishesOf = (options: InitOptions, located: LocatedProject, known: Project | undefined, user: RuntimeName | undefined): RuntimeWishes => ({
	...(options.runtime !== undefined && {flag: options.runtime}),
	...(located.settings.runtime !== undefined && {file: located.settings.runtime}),
	...(known !== undefined && {known: known.runtime}),
	...(user !== undefined && {user}),
});

/**
Takes a project up. Doing it again finds new volumes and changes nothing else.

@throws CoppiceError `conflict` when the name is taken by another project in that pool.
*/
export const init = async (options: InitOptions): Promise<InitResult> => {
	const {directory, composeFiles, report = () => {}, home = findHome()} = options;
	let found = await findProject(home, directory, composeFiles);
	if (found.project !== undefined && await recoverProject(found.files, found.project, home, report)) {
		found = await findProject(home, directory, composeFiles);
	}

	const {files, project: known} = found;
	const located = locateProject(files);
	const {readUserSettings} = await import('../host/user-settings.ts');
	const settings = readUserSettings(home);
	const wish = wishedPool(options, located, known, settings, home);
	const {runtime, why: runtimeWhy} = wishedRuntime(wishesOf(options, located, known, settings.runtime)) ?? await detectRuntime(files);
	const profiles = chosenNames(options.profiles?.filter(profile => profile !== ''), known?.profiles);
	const resolved = await readProjectStack(home, files, {runtime, ...(profiles && {profiles})});
	report({type: 'step', message: `looking for a pool at ${wish.path}`});
	const pool = await findOrMakePool(wish);
	const unadopted = runtime === 'docker' ? await findUnadopted(resolved, pool, known) : [];
	const unadoptedNames = unadopted.map(({volume}) => volume);
	const stack = leaveUnadopted(resolved, unadoptedNames);
	const project = makeRecord(options, files, known, {
		stack: stack.name, pool: pool.path, runtime, profiles, unadopted: unadoptedNames,
	});
	const workspace = await assembleWorkspace(stack, project, pool, home, report);
	await claimStack(pool.path, stack);
	if (known === undefined) {
		await forgetDefinition({home, pool: pool.path, stack: stack.name});
	}

	await exclusively(workspace, 'init', async () => {
		await workspace.history.create(firstBranch);
		await makeVolumes(workspace);
	});
	await writeProject(home, project);
	// What is still in the engine is looked into too.
	const inEngine = new Map(unadopted.map(({volume, data}) => [volume, data]));
	const {databases, notices} = await findDatabases(stack, volume =>
		inEngine.get(volume) ?? (workspace.volumes.includes(volume) ? currentData(pool.path, {stack: stack.name, volume}) : undefined));
	const unmanagedData = await findUnmanagedData(stack, databases);
	return {
		stack: stack.name,
		branch: await workspace.history.currentBranch(),
		runtime,
		runtimeWhy,
		...(project.composeFiles !== undefined && {composeFiles: project.composeFiles}),
		...(project.profiles !== undefined && {profiles: project.profiles}),
		made: known === undefined,
		pool: {
			driver: pool.driver.name, path: pool.path, why: pool.why, cloneMethod: pool.driver.traits.cloneMethod, made: pool.made,
		},
		services: describeServices(stack, databases),
		volumes: describeVolumes(stack, unadopted),
		anonymousVolumes: Object.values(stack.services).flatMap(({name, mounts}) => mounts.flatMap(({kind, target}) => kind === 'anonymous' ? [{service: name, target}] : [])),
		unmanagedData,
		notices: [
			...(managedVolumes(stack).length === 0 ? [`The stack ${stack.name} has no named volumes: there is nothing to commit yet.`] : []),
			...stack.notices,
			...unmanagedData.map(({message}) => message),
			...notices,
			...pool.driver.traits.limits,
			...workspace.runtime.notices(),
		],
	};
};
