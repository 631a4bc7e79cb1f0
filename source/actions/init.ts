/**
`coppice init`: takes a compose project up as a stack: finds or makes the pool, makes the volumes of the first branch.
*/
import path from 'node:path';
import {CoppiceError} from '../system/errors.ts';
import {readIfThere, writeDurably} from '../system/durable-file.ts';
import {findHome, type Home} from '../host/home.ts';
import {readProject, writeProject} from '../host/project-registry.ts';
import {readStack} from '../stack/read-stack.ts';
import type {DatabaseName, RuntimeName, Stack} from '../stack/stack.ts';
import type {DriverName} from '../storage/driver.ts';
import {findOrMakePool} from '../storage/find-pool.ts';
import {stackFile} from '../storage/layout.ts';
import type {Report} from './progress.ts';
import {makeVolumes} from './make-volumes.ts';
import {exclusively} from './transact.ts';
import {assembleWorkspace, managedVolumes} from './open-workspace.ts';

export const firstBranch = 'main';

export type InitOptions = {
	readonly directory: string;
	readonly composeFiles?: readonly string[];

	/** The pool's folder; the compose file's, else the home's, unless told. */
	readonly pool?: string;
	readonly driver?: DriverName;
	readonly dataset?: string;
	readonly runtime?: RuntimeName;
	readonly report?: Report;

	/** Found from the environment unless told. */
	readonly home?: Home;
};

export type InitResult = {
	readonly stack: string;
	readonly branch: string;
	readonly runtime: RuntimeName;

	/** False when the stack had been taken up before. */
	readonly made: boolean;
	readonly pool: {readonly driver: DriverName; readonly path: string; readonly why: string; readonly cloneMethod: string; readonly made: boolean};
	readonly services: ReadonlyArray<{readonly name: string; readonly image?: string; readonly database?: DatabaseName}>;
	readonly volumes: ReadonlyArray<{readonly name: string; readonly managed: boolean; readonly why?: string}>;
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

const whyNotManaged = (stack: Stack, volume: string): string =>
	stack.volumes[volume]?.external === true ? 'it is external: another project owns it' : 'x-coppice says so';

/**
Takes a project up. Doing it again finds new volumes and changes nothing else.

@throws CoppiceError `conflict` when the name is taken by another project in that pool.
*/
export const init = async (options: InitOptions): Promise<InitResult> => {
	const {directory, composeFiles, dataset, report = () => {}, home = findHome()} = options;
	const stack = await readStack({directory, ...(composeFiles !== undefined && {composeFiles})});
	const known = await readProject(home, stack.projectFolder);
	const {readUserSettings} = await import('../host/user-settings.ts');
	const settings = readUserSettings(home);
	// Flags over the project over what the stack has over the user's settings.
	const wished = options.pool ?? stack.settings.pool ?? (known === undefined ? settings.pool : undefined);
	const driver = options.driver ?? settings.driver;
	const poolFolder = wished === undefined ? known?.pool ?? home.pool : path.resolve(stack.projectFolder, wished);
	report({type: 'step', message: `looking for a pool at ${poolFolder}`});
	const pool = await findOrMakePool({
		path: poolFolder, ...(driver !== undefined && {driver}), ...(dataset !== undefined && {dataset}),
	});
	const runtime = options.runtime ?? stack.settings.runtime ?? known?.runtime ?? settings.runtime ?? 'process';
	const project = {
		folder: stack.projectFolder, stack: stack.name, pool: pool.path, runtime,
	};
	const workspace = await assembleWorkspace(stack, project, pool, home, report);
	await claimStack(pool.path, stack);
	await exclusively(workspace, 'init', async () => {
		await workspace.history.create(firstBranch);
		await makeVolumes(workspace);
	});
	await writeProject(home, project);
	return {
		stack: stack.name,
		branch: await workspace.history.currentBranch(),
		runtime,
		made: known === undefined,
		pool: {
			driver: pool.driver.name, path: pool.path, why: pool.why, cloneMethod: pool.driver.traits.cloneMethod, made: pool.made,
		},
		services: Object.values(stack.services).map(service => {
			const database = workspace.databases.get(service.name)?.name;
			return {
				name: service.name, ...(service.image !== undefined && {image: service.image}), ...(database !== undefined && {database}),
			};
		}),
		volumes: Object.values(stack.volumes).map(({name, managed}) => ({name, managed, ...(!managed && {why: whyNotManaged(stack, name)})})),
		notices: [
			...(managedVolumes(stack).length === 0 ? [`The stack ${stack.name} has no named volumes: there is nothing to commit yet.`] : []),
			...stack.notices,
			...pool.driver.traits.limits,
			...workspace.runtime.notices(),
		],
	};
};
