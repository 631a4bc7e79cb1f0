/**
The steps that move data between volumes of the container engine and the pool. Each looks at what is there first, so that it goes on
from wherever a crash has left it, and from whatever was done by hand since: `docker compose up` in between, say.

Within the engine, data go from one volume to another by rename(2) of their folder, which is whole or not done at all.
*/
import {readdir, stat} from 'node:fs/promises';
import {renameDurably} from '../../system/durable-file.ts';
import {CoppiceError, isSystemError} from '../../system/errors.ts';
import {failpoint} from '../../system/failpoint.ts';
import {forgetProject, readProject, writeProject} from '../../host/project-registry.ts';
import {
	composeLabels,
	isManaged,
	managedLabel,
	originalLabel,
	type EngineVolume,
	type EngineVolumes,
	type VolumeUser,
} from '../../runtime/docker/engine-volumes.ts';
import {copyTree} from '../../storage/copy-tree.ts';
import {currentData} from '../../storage/layout.ts';
import {fingerprintTree} from '../../storage/tree-hash.ts';
import {copyIn} from '../docker-data/copy-in.ts';
import type {Workspace} from '../workspace/workspace.ts';
import type {EngineVolumeStep} from './steps.ts';

/**
The volumes of the engine that runs a stack's services.

@throws CoppiceError `precondition` for a stack that runs in none.
*/
export const openEngine = async ({engineVolumes, stack}: Workspace): Promise<EngineVolumes> => {
	if (engineVolumes === undefined) {
		throw new CoppiceError('precondition', `The services of stack ${stack.name} don't run in Docker, so it has no volumes there.`, {
			stack: stack.name, hint: 'Run `coppice init --runtime docker` first, if they should.',
		});
	}

	return engineVolumes();
};

const isThere = async (folder: string): Promise<boolean> => {
	try {
		await stat(folder);
		return true;
	} catch (error) {
		if (isSystemError(error, 'ENOENT')) {
			return false;
		}

		throw error;
	}
};

/**
Whether there is anything in a folder. None at all counts as nothing.
*/
export const holdsData = async (folder: string): Promise<boolean> => {
	try {
		const names = await readdir(folder);
		return names.length > 0;
	} catch (error) {
		if (isSystemError(error, 'ENOENT')) {
			return false;
		}

		throw error;
	}
};

/**
Containers that hold a volume and are not the stack's own services: of another project, started by hand, or by `compose run`.
*/
export const strangers = (users: readonly VolumeUser[], stack: string): readonly VolumeUser[] => users.filter(({project}) => project !== stack);

/**
@throws CoppiceError `conflict` that names the containers which have to go first.
*/
export const refuseStrangers = (users: readonly VolumeUser[], stack: string, engineVolume: string): void => {
	const names = strangers(users, stack).map(({name}) => name);
	if (names.length === 0) {
		return;
	}

	const subject = names.length === 1 ? `The container ${names[0]!} outside stack ${stack} uses` : `The containers ${names.join(', ')} outside stack ${stack} use`;
	throw new CoppiceError('conflict', `${subject} the Docker volume ${engineVolume}.`, {
		stack, hint: `Stop and remove ${names.length === 1 ? 'it' : 'them'} first: \`docker rm --force ${names.join(' ')}\` (what is in the volume stays).`,
	});
};

const removeUsers = async (engine: EngineVolumes, stack: string, engineVolume: string): Promise<void> => {
	const users = await engine.users(engineVolume);
	refuseStrangers(users, stack, engineVolume);
	for (const user of users) {
		await engine.removeContainer(user);
		failpoint(`removed a container of ${engineVolume}`);
	}
};

/**
The first name that no volume of the engine has, for keeping the data of one.
*/
export const freeName = async (engine: EngineVolumes, engineVolume: string): Promise<string> => {
	for (let count = 1; ; count++) {
		const name = `${engineVolume}.coppice-original${count === 1 ? '' : `.${count}`}`;
		if (await engine.find(name) === undefined) {
			return name;
		}
	}
};

/** Moves the data of a volume, which nobody uses, to one of another name. */
const keepAside = async (engine: EngineVolumes, original: EngineVolume, keptAs: string): Promise<void> => {
	const kept = await engine.create({name: keptAs, labels: {[originalLabel]: original.name}});
	failpoint(`made ${keptAs}`);
	await renameDurably(original.data, kept.data);
	failpoint(`moved to ${keptAs}`);
};

/** Takes a volume away that stands in the way and is plain: data that came into it since are kept. */
const clearAway = async (workspace: Workspace, engine: EngineVolumes, found: EngineVolume): Promise<void> => {
	await removeUsers(engine, workspace.stack.name, found.name);
	if (!isManaged(found) && await holdsData(found.data)) {
		const keptAs = await freeName(engine, found.name);
		await keepAside(engine, found, keptAs);
		workspace.report({type: 'notice', message: `the Docker volume ${found.name} was filled anew meanwhile: that is kept as ${keptAs}`});
	}

	await engine.remove(found.name);
	failpoint(`removed ${found.name}`);
};

type StepOf<Name extends EngineVolumeStep['do']> = Extract<EngineVolumeStep, {readonly do: Name}>;

const takeOriginal = async (workspace: Workspace, step: StepOf<'take-original'>): Promise<void> => {
	const {stack, report} = workspace;
	const engine = await openEngine(workspace);
	const kept = await engine.find(step.keptAs);
	if (kept !== undefined && await holdsData(kept.data)) {
		// Moved already.
		return;
	}

	const original = await engine.find(step.engineVolume);
	if (original === undefined) {
		// Removed by hand since (`docker compose down -v`): the copy is all there is now.
		return;
	}

	await removeUsers(engine, stack.name, original.name);
	if (await fingerprintTree(original.data) !== step.fingerprint) {
		// Somebody has used it between a crash and now.
		report({type: 'notice', message: `${step.volume} was written to since it was copied: copying it again`});
		await copyIn(workspace, original.data, step);
	}

	await keepAside(engine, original, step.keptAs);
};

/**
Whether a volume of the engine stands for this one in the pool.
*/
export const standsFor = ({pool, stack}: Workspace, volume: string, found: EngineVolume): boolean =>
	isManaged(found) && found.options.device === currentData(pool.path, {stack: stack.name, volume});

const manage = async (workspace: Workspace, {volume, engineVolume}: StepOf<'manage'>): Promise<void> => {
	const {stack, pool} = workspace;
	const engine = await openEngine(workspace);
	const found = await engine.find(engineVolume);
	if (found !== undefined) {
		if (standsFor(workspace, volume, found)) {
			return;
		}

		await clearAway(workspace, engine, found);
	}

	await engine.create({
		name: engineVolume,
		labels: {...composeLabels(stack, volume), [managedLabel]: pool.path},
		folder: currentData(pool.path, {stack: stack.name, volume}),
	});
};

const giveBack = async (workspace: Workspace, step: StepOf<'give-back'>): Promise<void> => {
	const {stack, pool, report} = workspace;
	const engine = await openEngine(workspace);
	const filled = await engine.find(step.filling);
	if (filled === undefined) {
		// All done.
		return;
	}

	if (await isThere(filled.data)) {
		const found = await engine.find(step.engineVolume);
		if (found === undefined || isManaged(found)) {
			await removeUsers(engine, stack.name, step.engineVolume);
			const live = currentData(pool.path, {stack: stack.name, volume: step.volume});
			if (await fingerprintTree(live) !== step.fingerprint) {
				report({type: 'notice', message: `${step.volume} was written to since it was copied: copying it again`});
				await copyTree(live, filled.data);
				failpoint(`copied ${step.volume} again`);
			}
		}

		if (found !== undefined) {
			await clearAway(workspace, engine, found);
		}

		const plain = await engine.create({name: step.engineVolume, labels: composeLabels(stack, step.volume)});
		failpoint(`made ${step.engineVolume}`);
		await renameDurably(filled.data, plain.data);
		failpoint(`moved to ${step.engineVolume}`);
	}

	await engine.remove(step.filling);
};

const recordAdopted = async ({home, stack}: Workspace, volumes: readonly string[]): Promise<void> => {
	const project = await readProject(home, stack.projectFolder);
	if (project === undefined) {
		return;
	}

	const {unadopted = [], ...rest} = project;
	const left = unadopted.filter(volume => !volumes.includes(volume));
	await writeProject(home, {...rest, ...(left.length > 0 && {unadopted: left})});
};

/**
Runs one of these steps. Done already is no error.
*/
export const runEngineVolumeStep = async (workspace: Workspace, step: EngineVolumeStep): Promise<void> => {
	switch (step.do) {
		case 'take-original': {
			await takeOriginal(workspace, step);
			return;
		}

		case 'manage': {
			await manage(workspace, step);
			return;
		}

		case 'give-back': {
			await giveBack(workspace, step);
			return;
		}

		case 'discard-filling': {
			const engine = await openEngine(workspace);
			await engine.remove(step.filling);
			return;
		}

		case 'record-adopted': {
			await recordAdopted(workspace, step.volumes);
			return;
		}

		case 'forget-project': {
			await forgetProject(workspace.home, workspace.stack.projectFolder);
		}
	}
};
