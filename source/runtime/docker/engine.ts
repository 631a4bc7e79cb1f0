/**
The connection to the Docker engine: dockerode, pointed at the engine that `docker` on this command line would talk to.
*/
import {once} from 'node:events';
import {stat} from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import process from 'node:process';
import type Docker from 'dockerode';
import {CoppiceError, isSystemError, type ErrorContext} from '../../system/errors.ts';
import {isRoot} from '../../system/run-command.ts';
import {findEngineLocation, requestAddress, type EngineLocation} from './engine-location.ts';

export type Engine = {
	readonly docker: Docker;

	/** Where it is: `url`, `socket`, `isLocal`, and the `environment` for the docker and compose CLIs. */
	readonly location: EngineLocation;

	/** Whether it runs as a user that is not root. Asked once. */
	readonly isRootless: () => Promise<boolean>;

	/** Whether containers have addresses that this machine reaches: a rootful engine on this Linux. Asks the engine nothing. */
	readonly reachesContainers: () => Promise<boolean>;
};

const missingMessage = (location: EngineLocation): string => location.from === 'the default'
	? `There is no Docker engine at ${location.socket}.`
	: `There is no Docker engine at ${location.socket}, where ${location.from} says it is.`;

/**
A failure of the engine, in words for people.

@param error - What dockerode has thrown. A CoppiceError is returned as it is.
@param doing - What was wanted, as in "Docker could not DOING": `stop db`.
*/
export const engineError = (error: unknown, location: EngineLocation, doing: string, context: ErrorContext = {}): CoppiceError => {
	if (error instanceof CoppiceError) {
		return error;
	}

	const options = {...context, cause: error};
	if (isSystemError(error, 'ENOENT')) {
		return new CoppiceError('precondition', missingMessage(location), {
			...options, hint: 'Start it (`sudo systemctl start docker`), or install Docker. `coppice doctor` says more.',
		});
	}

	if (isSystemError(error, 'EACCES', 'EPERM')) {
		return new CoppiceError('permission', `This user may not talk to the Docker engine at ${location.url}.`, {
			...options, hint: 'Run this with sudo, or join the group that owns the socket: `sudo usermod -aG docker $USER`, then log in again.',
		});
	}

	if (isSystemError(error, 'ECONNREFUSED')) {
		return new CoppiceError('precondition', `The Docker engine at ${location.url} is not running.`, {
			...options, hint: location.isLocal ? 'Start it: `sudo systemctl start docker`. `coppice doctor` says more.' : 'Start it on that machine.',
		});
	}

	const isLate = error instanceof Error && ['AbortError', 'TimeoutError'].includes(error.name);
	if (isLate || isSystemError(error, 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT')) {
		return new CoppiceError('host', `The Docker engine at ${location.url} can't be reached.`, {
			...options, hint: `${location.from} says that it is there.`,
		});
	}

	if (isSystemError(error, 'ECONNRESET', 'EPIPE')) {
		return new CoppiceError('failed', `The Docker engine at ${location.url} hung up while it should ${doing}.`, {
			...options, hint: 'It may be restarting: try again, or look at its log.',
		});
	}

	const reason = error instanceof Error ? ((error as {json?: {message?: string} | null}).json?.message ?? error.message).trim() : String(error);
	return new CoppiceError('failed', `Docker could not ${doing}: ${reason.replace(/\.?$/v, '.')}`, options);
};

/**
Whether the engine has answered with this status: 404 for what is not there, 304 for what is so already, 409 for a conflict.
*/
export const hasStatus = (error: unknown, ...statuses: readonly number[]): boolean =>
	error instanceof Error && 'statusCode' in error && statuses.includes(error.statusCode as number);

/** Longest wait for the first answer: an address that nobody is at would keep us for minutes. */
const answerMilliseconds = 15_000;

/** What its connection takes and its types leave out (docker-modem, `lib/modem.js`). */
type ConnectionOptions = Docker.DockerOptions & {readonly agent?: http.Agent; readonly pathPrefix?: string};

const dockerOptions = async (location: EngineLocation): Promise<ConnectionOptions> => {
	// All said: dockerode fills in from the environment what is not, and knows nothing of contexts.
	const nothing = {
		socketPath: undefined, host: undefined, port: undefined, ca: undefined, cert: undefined, key: undefined,
	};
	if (location.socket !== undefined) {
		return {
			...nothing, protocol: 'http', socketPath: location.socket, agent: new http.Agent({keepAlive: true}),
		};
	}

	if (location.url.startsWith('ssh:')) {
		const {makeSshAgent} = await import('./ssh-agent.ts');
		return {
			...nothing, protocol: 'http', host: 'docker', pathPrefix: '/', agent: makeSshAgent(location.url),
		};
	}

	const {protocol, host, port, pathPrefix, ca, cert, key, rejectUnauthorized} = requestAddress(location);
	const isSecure = protocol === 'https';
	return {
		...nothing,
		protocol,
		host,
		port,
		pathPrefix,
		...(isSecure && {ca, cert, key}),
		agent: isSecure ? new https.Agent({keepAlive: true, rejectUnauthorized}) : new http.Agent({keepAlive: true}),
	};
};

const ownedByRoot = async (socket: string): Promise<boolean> => {
	try {
		const {uid} = await stat(socket);
		return uid === 0;
	} catch {
		return false;
	}
};

/**
Connects to the engine of this environment, and sees that it answers within `patience` milliseconds.

@throws CoppiceError `precondition` where it is not installed or not running, `permission` where this user may not talk to it,
`host` where it is on a machine that can't be reached.
*/
export const connectEngine = async (environment: NodeJS.ProcessEnv = process.env, wish: {readonly patience?: number} = {}): Promise<Engine> => {
	const location = await findEngineLocation(environment);
	const {default: Dockerode} = await import('dockerode');
	const docker = new Dockerode(await dockerOptions(location));
	try {
		const late = AbortSignal.timeout(wish.patience ?? answerMilliseconds);
		await Promise.race([docker.ping(), once(late, 'abort').then(() => {
			throw late.reason as Error;
		})]);
	} catch (error) {
		throw engineError(error, location, 'answer');
	}

	// The socket of a rootless engine, and of one in a virtual machine of the user's own, is the user's.
	const isRootful = location.socket === undefined ? undefined : ownedByRoot(location.socket);
	let rootless: Promise<boolean> | undefined;
	const askRootless = async (): Promise<boolean> => {
		try {
			const {SecurityOptions: options = []} = await docker.info() as {SecurityOptions?: string[]};
			return options.some(option => option.startsWith('name=rootless'));
		} catch (error) {
			throw engineError(error, location, 'tell about itself');
		}
	};

	return {
		docker,
		location,
		async isRootless() {
			rootless ??= askRootless();
			return rootless;
		},
		async reachesContainers() {
			return process.platform === 'linux' && location.isLocal && await isRootful === true;
		},
	};
};

/**
Sees that the engine is on this machine, where the pool is: its containers mount the pool's folders.

@throws CoppiceError `precondition` where it is not.
*/
export const requireLocalEngine = async ({docker, location, reachesContainers}: Engine): Promise<void> => {
	if (!location.isLocal) {
		throw new CoppiceError('precondition', `The Docker engine is at ${location.url}, on another machine than the pool, so its containers can't mount the pool's volumes.`, {
			hint: `${location.from} names it. Run coppice on that machine, or unset that here to use the engine of this one.`,
		});
	}

	if (await reachesContainers()) {
		return;
	}

	const {OperatingSystem: system = ''} = await docker.info() as {OperatingSystem?: string};
	if (process.platform !== 'linux' || system.includes('Docker Desktop')) {
		throw new CoppiceError('precondition', `The Docker engine (${system}) runs in a virtual machine, so its containers can't mount the volumes of a pool out here.`, {
			hint: 'Use the Docker engine of Linux itself (`docker context use default`), or run coppice inside that virtual machine.',
		});
	}
};

/**
Sees that this user may do what a stack on this engine needs.

@throws CoppiceError `permission` where the engine runs as root and this process does not, or the other way round.
*/
export const requireRights = async ({reachesContainers, isRootless}: Engine): Promise<void> => {
	const isRootful = await reachesContainers();
	if (!isRootful && isRoot() && await isRootless()) {
		throw new CoppiceError('permission', 'The Docker engine is rootless, so its containers can\'t write to what root makes in the pool.', {
			hint: 'Run coppice as the user whose engine it is, with a pool of that user\'s own (`coppice init --pool DIR`), or unset what names that engine.',
		});
	}

	if (isRootful && !isRoot()) {
		throw new CoppiceError('permission', 'The Docker engine runs as root, so the databases\' files in the pool belong to other users, and only root may clone and clean them.', {
			hint: 'Run this with sudo, or use a rootless engine: https://docs.docker.com/engine/security/rootless/.',
		});
	}
};
