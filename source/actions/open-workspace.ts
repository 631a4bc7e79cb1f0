/**
Opens the stack of a folder: its compose file, pool, history, runtime and databases.
*/
import {CoppiceError} from '../system/errors.ts';
import type {Stack} from '../stack/stack.ts';
import {readStack} from '../stack/read-stack.ts';
import {type Pool, openPool} from '../storage/pool.ts';
import {currentData, historyFolder} from '../storage/layout.ts';
import {openHistory} from '../history/open-history.ts';
import {createProcessRuntime} from '../runtime/process/process-runtime.ts';
import type {Database} from '../database/database.ts';
import {recogniseDatabase} from '../database/recognise-database.ts';
import {
	findHome,
	stackRunFolder,
	stackStateFolder,
	type Home,
} from '../host/home.ts';
import {readProject, type Project} from '../host/project-registry.ts';
import type {Report} from './progress.ts';
import {exclusively} from './transact.ts';
import type {Workspace} from './workspace.ts';

export type WorkspaceOptions = {
	/** The folder to start looking for a compose file from. */
	readonly directory: string;

	/** Compose files named by the user (`-f`). */
	readonly composeFiles?: readonly string[];
	readonly report?: Report;

	/** Found from the environment unless told. */
	readonly home?: Home;
};

/**
The volumes whose data are kept in the pool.
*/
export const managedVolumes = (stack: Stack): string[] => Object.values(stack.volumes).filter(volume => volume.managed).map(volume => volume.name);

const findDatabases = async (stack: Stack): Promise<Map<string, Database>> => {
	const databases = new Map<string, Database>();
	for (const service of Object.values(stack.services)) {
		const database = await recogniseDatabase(service);
		if (database !== undefined) {
			databases.set(service.name, database);
		}
	}

	return databases;
};

/**
Puts a workspace together from a stack, its project record and its pool.
*/
export const assembleWorkspace = async (stack: Stack, project: Project, pool: Pool, home: Home, report: Report): Promise<Workspace> => {
	if (project.runtime === 'docker') {
		throw new CoppiceError('precondition', `The stack ${stack.name} asks for the docker runtime, which this version does not have yet.`, {
			stack: stack.name, hint: 'Set `x-coppice: {runtime: process}` in the compose file.',
		});
	}

	const runtime = createProcessRuntime(stack, {
		volumePath: volume => currentData(pool.path, {stack: stack.name, volume}),
		runFolder: stackRunFolder(home, pool.path, stack.name),
		stateFolder: stackStateFolder(home, pool.path, stack.name),
		onNotice(message) {
			report({type: 'notice', message});
		},
	});
	return {
		home,
		stack,
		pool,
		history: openHistory(historyFolder(pool.path, stack.name)),
		runtime,
		volumes: managedVolumes(stack),
		databases: await findDatabases(stack),
		report,
	};
};

/**
Opens the stack of a folder: reads its compose file and finds its pool. What a crash has left is recovered first, unless
another command is at work on it.

@throws CoppiceError `not-found` where there is no compose file; `precondition` where `coppice init` was not run or the pool is not mounted.
*/
export const openWorkspace = async ({directory, composeFiles, report = () => {}, home = findHome()}: WorkspaceOptions): Promise<Workspace> => {
	const stack = await readStack({directory, ...(composeFiles !== undefined && {composeFiles})});
	const project = await readProject(home, stack.projectFolder);
	if (project === undefined) {
		throw new CoppiceError('precondition', `The project in ${stack.projectFolder} is not a stack of Coppice yet.`, {
			stack: stack.name, hint: 'Run `coppice init` there: it says what it will manage before it changes anything.',
		});
	}

	if (project.stack !== stack.name) {
		throw new CoppiceError('conflict', `The project in ${stack.projectFolder} was taken up as ${project.stack}, but its name is ${stack.name} now.`, {
			stack: stack.name, hint: `Name it \`name: ${project.stack}\` in the compose file again, or run \`coppice init\` to take it up anew.`,
		});
	}

	const workspace = await assembleWorkspace(stack, project, await openPool(project.pool), home, report);
	await recoverIfIdle(workspace);
	return workspace;
};

/**
Makes whole what a crash has left, so that even a verb that only reads sees whole things. A journal that belongs to a command
at work is left to it.
*/
const recoverIfIdle = async (workspace: Workspace): Promise<void> => {
	const entries = await workspace.history.openJournal();
	if (entries.length === 0) {
		return;
	}

	try {
		await exclusively(workspace, 'recover', async () => {}, {waitMilliseconds: 0});
	} catch (error) {
		if (!(error instanceof CoppiceError && error.code === 'conflict')) {
			throw error;
		}
	}
};
