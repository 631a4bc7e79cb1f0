/**
Opens the stack of a folder: its compose file, pool, history, runtime and databases.
*/
import process from 'node:process';
import {CoppiceError} from '../../system/errors.ts';
import type {RuntimeName, Stack} from '../../stack/stack.ts';
import {type Pool, openPool} from '../../storage/pool.ts';
import {currentData, historyFolder} from '../../storage/layout.ts';
import {openHistory} from '../../history/open-history.ts';
import type {EngineVolumes} from '../../runtime/docker/engine-volumes.ts';
import type {Runtime, RuntimeContext} from '../../runtime/runtime.ts';
import {createProcessRuntime} from '../../runtime/process/process-runtime.ts';
import {findDatabases} from '../../database/find-databases.ts';
import {
	findHome,
	stackRunFolder,
	stackStateFolder,
	type Home,
} from '../../host/home.ts';
import type {Project} from '../../host/project-registry.ts';
import type {ProjectFiles} from '../../stack/locate-project.ts';
import type {Report} from '../progress.ts';
import {dropDefinition, readActiveDefinition, type ActiveDefinition} from '../definition/active-definition.ts';
import {exclusively} from '../change/transact.ts';
import {findProject, projectNameOf, readProjectStack} from './project-stack.ts';
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

/**
Only what a stack asks for is loaded.
*/
const createRuntime = async (stack: Stack, name: RuntimeName, context: RuntimeContext): Promise<Runtime> => {
	if (name === 'process') {
		return createProcessRuntime(stack, context);
	}

	const {createDockerRuntime} = await import('../../runtime/docker/docker-runtime.ts');
	return createDockerRuntime(stack, context);
};

const openVolumes = (stack: Stack) => async (): Promise<EngineVolumes> => {
	const {openEngineVolumes} = await import('../../runtime/docker/engine-volumes.ts');
	return openEngineVolumes(stack);
};

/**
Puts a workspace together from a stack, its project record and its pool.
*/
export const assembleWorkspace = async (stack: Stack, project: Project, pool: Pool, home: Home, report: Report): Promise<Workspace> => {
	const runtime = await createRuntime(stack, project.runtime, {
		volumePath: volume => currentData(pool.path, {stack: stack.name, volume}),
		pool: pool.path,
		runFolder: stackRunFolder(home, pool.path, stack.name),
		stateFolder: stackStateFolder(home, pool.path, stack.name),
		onNotice(message) {
			report({type: 'notice', message});
		},
	});
	const volumes = managedVolumes(stack);
	const {databases, notices} = await findDatabases(stack, volume =>
		volumes.includes(volume) ? currentData(pool.path, {stack: stack.name, volume}) : undefined);
	const workspace: Workspace = {
		home,
		stack,
		pool,
		history: openHistory(historyFolder(pool.path, stack.name)),
		runtime,
		volumes,
		databases,
		notices,
		report,
		...(project.runtime === 'docker' && {
			engineVolumes: openVolumes(stack),
			async startByDefinition(commit: string) {
				const {bringUp} = await import('../definition/bring-up.ts');
				await bringUp(workspace, commit, async file => openByFile(workspace, project, file));
			},
		}),
	};
	return workspace;
};

/**
Opens a stack by another compose file than its own: one that holds the definition of a commit. Compose checks it.

@throws CoppiceError `usage` for what is wrong in it.
*/
export const openByFile = async ({home, pool, report, stack: {projectFolder}}: Workspace, project: Project, file: string): Promise<Workspace> => {
	const files = {
		directory: projectFolder, files: [file], projectFolder, outside: process.env,
	};
	return assembleWorkspace(await readProjectStack(home, files, project), project, pool, home, report);
};

/**
Opens the stack of a folder: reads its compose file and finds its pool. What a crash has left is recovered first, unless
another command is at work on it.

@throws CoppiceError `not-found` where there is no compose file; `precondition` where `coppice init` was not run or the pool is not mounted.
*/
export const openWorkspace = async ({directory, composeFiles, report = () => {}, home = findHome()}: WorkspaceOptions): Promise<Workspace> => {
	const {files, project} = await findProject(home, directory, composeFiles);
	if (project === undefined) {
		throw new CoppiceError('precondition', `The project in ${files.projectFolder} is not a stack of Coppice yet.`, {
			stack: projectNameOf(files), hint: 'Run `coppice init` there: it says what it will manage before it changes anything.',
		});
	}

	const {stack, active} = await readRunningStack(files, project, home, report, composeFiles === undefined);
	if (project.stack !== stack.name) {
		throw new CoppiceError('conflict', `The project in ${stack.projectFolder} was taken up as ${project.stack}, but its name is ${stack.name} now.`, {
			stack: stack.name, hint: `Name it \`name: ${project.stack}\` in the compose file again, or run \`coppice init\` to take it up anew.`,
		});
	}

	const pool = await openPool(project.pool);
	const workspace = await assembleWorkspace(stack, project, pool, home, report);
	if (!await recoverIfIdle(workspace)) {
		return withDefinition(workspace, active, files, project);
	}

	// What was finished or taken back may be which volumes are managed, or that it is a stack at all.
	const recovered = await findProject(home, directory, composeFiles);
	if (recovered.project === undefined) {
		throw new CoppiceError('precondition', `The project in ${stack.projectFolder} was just given back to Docker by a command that had been cut off.`, {
			stack: stack.name, hint: '`docker compose` runs it now; `coppice init --adopt` takes it up again.',
		});
	}

	const now = await readRunningStack(recovered.files, recovered.project, home, report, composeFiles === undefined);
	const again = await assembleWorkspace(now.stack, recovered.project, pool, home, report);
	return withDefinition(again, now.active, recovered.files, recovered.project);
};

/**
The stack as its services run: by the compose file, or by the definition of a commit that `switch --definition` has put there.
*/
const readRunningStack = async (
	files: ProjectFiles,
	project: Project,
	home: Home,
	report: Report,
	isUsual: boolean,
): Promise<{readonly stack: Stack; readonly active?: ActiveDefinition}> => {
	const active = isUsual && project.runtime === 'docker' ? await readActiveDefinition({home, pool: project.pool, stack: project.stack}) : undefined;
	if (active !== undefined) {
		try {
			return {stack: await readProjectStack(home, {...files, files: [active.file]}, project), active};
		} catch (error) {
			report({type: 'notice', message: `the definition of ${active.commit.slice(0, 8)} can't be read (${error instanceof Error ? error.message : String(error)}): the compose file is used`});
		}
	}

	return {stack: await readProjectStack(home, files, project)};
};

const withDefinition = (workspace: Workspace, active: ActiveDefinition | undefined, files: ProjectFiles, project: Project): Workspace => {
	if (active === undefined) {
		return workspace;
	}

	const {home, pool, report} = workspace;
	return {
		...workspace,
		definition: {
			commit: active.commit,
			plain: async () => assembleWorkspace(await readProjectStack(home, files, project), project, pool, home, report),
			drop: async () => dropDefinition({home, pool: project.pool, stack: project.stack}),
		},
	};
};

/**
Makes whole what a crash has left of a command on a known project. What was finished may be which volumes are managed, or that it is a stack
at all: read its record again afterwards.

@returns Whether there was anything.
*/
export const recoverProject = async (files: ProjectFiles, project: Project, home: Home, report: Report): Promise<boolean> => {
	const entries = await openHistory(historyFolder(project.pool, project.stack)).openJournal();
	if (entries.length === 0) {
		return false;
	}

	const stack = await readProjectStack(home, files, project);
	return recoverIfIdle(await assembleWorkspace(stack, project, await openPool(project.pool), home, report));
};

/**
Makes whole what a crash has left, so that even a verb that only reads sees whole things. A journal that belongs to a command
at work is left to it.

@returns Whether there was anything to make whole.
*/
const recoverIfIdle = async (workspace: Workspace): Promise<boolean> => {
	const entries = await workspace.history.openJournal();
	if (entries.length === 0) {
		return false;
	}

	try {
		await exclusively(workspace, 'recover', async () => {}, {waitMilliseconds: 0});
		return true;
	} catch (error) {
		if (!(error instanceof CoppiceError && error.code === 'conflict')) {
			throw error;
		}

		return false;
	}
};
