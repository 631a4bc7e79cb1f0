/**
All that comes before a service's process: its mounts, ports, user and folders, and the recipe's plan.
*/
import {
	chmod,
	chown,
	mkdir,
	readdir,
	stat,
} from 'node:fs/promises';
import {createHash} from 'node:crypto';
import path from 'node:path';
import {CoppiceError} from '../../system/errors.ts';
import {isRoot} from '../../system/run-command.ts';
import type {Service} from '../../stack/stack.ts';
import type {KnownService} from './known-images.ts';
import {hostMounts, readyMounts, type HostMount} from './mounts.ts';
import {
	checkPortFree,
	isLowPort,
	type PortBook,
	type ResolvedPort,
} from './ports.ts';
import type {StackContext} from './protocol.ts';
import {firstClosedFolder} from './reachable.ts';
import {loadRecipe} from './recipes/load-recipe.ts';
import type {LaunchPlan} from './recipes/recipe.ts';
import {makePrivateFolder} from './private-folder.ts';
import type {ServiceLog} from './service-log.ts';
import {chooseUser, type ServiceUser} from './service-user.ts';
import {openSocketsFolder, socketsFolder} from './supervisor-state.ts';

export type Launch = {
	readonly plan: LaunchPlan;
	readonly ports: readonly ResolvedPort[];
	readonly mounts: readonly HostMount[];
};

export type LaunchRequest = {
	readonly service: Service;
	readonly known: KnownService;
	readonly context: StackContext;
	readonly runFolder: string;
	readonly portBook: PortBook;
	readonly log: ServiceLog;
	readonly notice: (text: string) => void;
	readonly signal: AbortSignal;
};

/**
A folder for the sockets of a service that its user can reach: under the run folder, else under `/tmp`. Short, since the path of a socket
is limited to 107 bytes.
*/
const makeSocketFolder = async (runFolder: string, service: string, user: ServiceUser): Promise<string> => {
	let parent = socketsFolder(runFolder);
	await makePrivateFolder(parent);
	if (await firstClosedFolder(parent, user, {inside: true}) !== undefined) {
		parent = openSocketsFolder(runFolder);
		await makePrivateFolder(parent);
	}

	const folder = path.join(parent, service.length <= 12 ? service : createHash('sha256').update(service).digest('hex').slice(0, 12));
	await mkdir(folder, {recursive: true, mode: 0o700});
	if (isRoot()) {
		await chown(folder, user.uid, user.gid);
	}

	await chmod(folder, 0o700);
	return folder;
};

/**
Checks that a user can get to a folder, and gives it to them if it is empty: what is in it already keeps its owner.
*/
const claimFolder = async (service: string, folder: string, user: ServiceUser): Promise<void> => {
	const closed = await firstClosedFolder(folder, user);
	if (closed !== undefined) {
		throw new CoppiceError('precondition', `${user.name}, whom ${service} runs as, can't reach its data: the folder ${closed} is closed to them.`, {
			service, file: closed, hint: `Open it with \`chmod o+x ${closed}\`, or keep the pool where other users can enter.`,
		});
	}

	if (!isRoot()) {
		return;
	}

	const {uid} = await stat(folder);
	const names = await readdir(folder);
	if (uid !== user.uid && names.every(name => name === 'lost+found' || name.startsWith('.coppice-'))) {
		await chown(folder, user.uid, user.gid);
	}
};

/** The ports that the service's process will listen on. */
const ownPorts = (known: KnownService, ports: readonly ResolvedPort[]): ResolvedPort[] =>
	ports.filter(({protocol, target}) => protocol === 'tcp' && (known.port === undefined || known.port === target));

/**
Readies everything for the start of a service, making its database if there is none.

@throws CoppiceError `conflict` for a port that is taken; `precondition` where a program, a folder or a variable is missing.
*/
export const prepareLaunch = async (request: LaunchRequest): Promise<Launch> => {
	const {service, known, context, runFolder, portBook, log, notice, signal} = request;
	const [mounts, resolved] = await Promise.all([
		readyMounts(service, hostMounts(service, context.volumeFolders, context.stateFolder), context.stateFolder),
		portBook.resolve(service),
	]);
	const ports = ownPorts(known, resolved);
	await Promise.all(ports.map(async port => checkPortFree(service.name, port)));
	const recipe = await loadRecipe(known.recipe);
	const plan = await recipe.plan({
		service, projectFolder: context.stack.projectFolder, stateFolder: context.stateFolder, mounts, ports, signal, notice,
		async chooseUser(options) {
			const asked = [service.settings.process?.user, service.user].filter(name => name !== undefined && name !== '');
			const {user, refused} = await chooseUser({...options, asked: asked as string[]});
			for (const name of refused) {
				const why = isRoot() ? 'whom this host does not know' : 'and only root may change users';
				notice(`${service.name} asks for the user ${name}, ${why}; it runs as ${user.name}.`);
			}

			return user;
		},
		async claimFolder(folder, user) {
			await claimFolder(service.name, folder, user);
		},
		async socketFolder(user) {
			return makeSocketFolder(runFolder, service.name, user);
		},
		log(stream, text) {
			log.add(stream, text);
		},
		openOutput(user) {
			return log.openSpools(user);
		},
	});
	const low = plan.user.uid === 0 ? undefined : ports.find(({published}) => isLowPort(published));
	if (low) {
		throw new CoppiceError('permission', `${service.name} runs as ${plan.user.name}, who may not listen on port ${low.published}: low ports are root's.`, {
			service: service.name, hint: `Publish a port from 1024 up in \`ports:\` of ${service.name}.`,
		});
	}

	return {plan, ports, mounts};
};
