/**
Where the Docker engine is that `docker` on this command line would talk to.

The order is that of the docker CLI (`cli/command/cli.go`, `resolveContextName`): DOCKER_HOST, then DOCKER_CONTEXT, then the current
context of the configuration, then the system's socket. Where there is none of that, a rootless engine's socket is taken.
*/
import {createHash} from 'node:crypto';
import {constants} from 'node:fs';
import {access} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {readIfThere} from '../../system/durable-file.ts';
import {CoppiceError} from '../../system/errors.ts';

const systemSocket = '/var/run/docker.sock';

/**
Certificates in PEM for an engine that is reached by TLS.
*/
export type TlsFiles = {readonly ca?: string; readonly cert?: string; readonly key?: string; readonly verify: boolean};

export type EngineLocation = {
	/** As in DOCKER_HOST: `unix:///var/run/docker.sock`, `tcp://10.0.0.2:2376`, `ssh://deploy@staging`. */
	readonly url: string;

	/** Where the location was found, for people: `DOCKER_HOST`, `the Docker context staging`. */
	readonly from: string;

	/** Path of the socket, of an engine that has one here. */
	readonly socket?: string;

	/** Whether the engine is on this machine, so that its containers can mount what is in the pool. */
	readonly isLocal: boolean;
	readonly tls?: TlsFiles;

	/** For the docker and compose CLIs, where they would not find this engine by themselves. */
	readonly environment: Readonly<Record<string, string>>;
};

/**
Where an engine is that has an address, as Node's `request` takes it.
*/
export type RequestAddress = Omit<TlsFiles, 'verify'> & {
	readonly protocol: 'http' | 'https';
	readonly host: string;
	readonly port: string;

	/** Before every path of its interface; ends with a slash. */
	readonly pathPrefix: string;
	readonly rejectUnauthorized?: boolean;
};

/**
How to reach an engine whose location is an address (`tcp:`, `http:`, `https:`).
*/
export const requestAddress = ({url, tls}: Pick<EngineLocation, 'url' | 'tls'>): RequestAddress => {
	const {hostname, port, protocol, pathname} = new URL(url);
	const isSecure = tls !== undefined || protocol === 'https:';
	const {verify: rejectUnauthorized = true, ...files} = tls ?? {};
	return {
		protocol: isSecure ? 'https' : 'http',
		host: hostname,
		// The ports that the engine is known by (`DefaultHTTPPort` and `DefaultTLSPort` of the docker CLI).
		port: port === '' ? (isSecure ? '2376' : '2375') : port,
		pathPrefix: pathname === '' ? '/' : pathname,
		...(isSecure && {...files, rejectUnauthorized}),
	};
};

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

const configFolder = (environment: NodeJS.ProcessEnv): string => environment.DOCKER_CONFIG === undefined || environment.DOCKER_CONFIG === ''
	? path.join(environment.HOME ?? os.homedir(), '.docker')
	: environment.DOCKER_CONFIG;

const isThere = async (file: string): Promise<boolean> => {
	try {
		await access(file, constants.F_OK);
		return true;
	} catch {
		return false;
	}
};

const readTls = async (folder: string, verify: boolean): Promise<TlsFiles> => {
	const [ca, cert, key] = await Promise.all(['ca.pem', 'cert.pem', 'key.pem'].map(async name => readIfThere(path.join(folder, name))));
	return {
		verify, ...(ca !== undefined && {ca}), ...(cert !== undefined && {cert}), ...(key !== undefined && {key}),
	};
};

/**
A location from a URL as in DOCKER_HOST; the scheme may be left out before an address (`10.0.0.2:2375`).

@throws CoppiceError `usage` for a URL of no kind that Docker knows.
*/
const parseLocation = (written: string, from: string): EngineLocation => {
	const url = written.includes('://') ? written : `tcp://${written}`;
	const unusable = (cause?: unknown): CoppiceError => new CoppiceError('usage', `${from} says that the Docker engine is at ${JSON.stringify(written)}, which is no address of one.`, {
		hint: 'Give it as `unix:///var/run/docker.sock`, `tcp://HOST:PORT` or `ssh://USER@HOST`.', cause,
	});
	if (url.startsWith('unix://')) {
		const socket = url.slice('unix://'.length);
		return {
			url: `unix://${socket === '' ? systemSocket : socket}`, from, socket: socket === '' ? systemSocket : socket, isLocal: true, environment: {},
		};
	}

	let parsed: URL;
	try {
		parsed = new URL(url);
	} catch (error) {
		throw unusable(error);
	}

	// What starts with a dash would be an option to ssh.
	if (!['tcp:', 'http:', 'https:', 'ssh:'].includes(parsed.protocol) || parsed.hostname === '' || parsed.hostname.startsWith('-') || parsed.username.startsWith('-')) {
		throw unusable();
	}

	return {
		url, from, isLocal: parsed.protocol !== 'ssh:' && loopbackHosts.has(parsed.hostname), environment: {},
	};
};

/**
What a context of the docker CLI says (`docker context inspect`): `contexts/meta/SHA256(NAME)/meta.json` in its configuration.
*/
const readContext = async (folder: string, name: string): Promise<EngineLocation> => {
	const hash = createHash('sha256').update(name).digest('hex');
	const from = `the Docker context ${name}`;
	const text = await readIfThere(path.join(folder, 'contexts', 'meta', hash, 'meta.json'));
	if (text === undefined) {
		throw new CoppiceError('precondition', `There is no Docker context ${JSON.stringify(name)}.`, {
			hint: '`docker context ls` lists them; `docker context use NAME` or DOCKER_CONTEXT chooses one.',
		});
	}

	let endpoint: {Host?: string; SkipTLSVerify?: boolean} | undefined;
	try {
		const meta = JSON.parse(text) as {Endpoints?: {docker?: typeof endpoint}};
		endpoint = meta.Endpoints?.docker;
	} catch {}

	if (endpoint?.Host === undefined) {
		throw new CoppiceError('precondition', `${from} names no Docker engine.`, {hint: `Look at \`docker context inspect ${name}\`.`});
	}

	const location = parseLocation(endpoint.Host, from);
	const tls = await readTls(path.join(folder, 'contexts', 'tls', hash, 'docker'), endpoint.SkipTLSVerify !== true);
	return {...location, ...(location.socket === undefined && tls.cert !== undefined && {tls})};
};

const currentContext = async (folder: string): Promise<string | undefined> => {
	try {
		const {currentContext: name} = JSON.parse(await readIfThere(path.join(folder, 'config.json')) ?? '{}') as {currentContext?: string};
		return name;
	} catch {
		// The docker CLI warns of a damaged file and goes on without it.
		return undefined;
	}
};

/**
Finds the engine from the environment and the docker CLI's configuration. Asks the engine nothing.

@throws CoppiceError `usage` for a DOCKER_HOST that is no address; `precondition` for a context that is not there.
*/
export const findEngineLocation = async (environment: NodeJS.ProcessEnv): Promise<EngineLocation> => {
	const {DOCKER_HOST: host, DOCKER_CONTEXT: context, DOCKER_TLS_VERIFY: verify, DOCKER_CERT_PATH: certificates, XDG_RUNTIME_DIR: run} = environment;
	const folder = configFolder(environment);
	if (host !== undefined && host !== '') {
		const location = parseLocation(host, 'DOCKER_HOST');
		const isVerified = verify !== undefined && verify !== '';
		const hasTls = location.socket === undefined && !location.url.startsWith('ssh:') && (isVerified || certificates !== undefined);
		return {...location, ...(hasTls && {tls: await readTls(certificates ?? folder, isVerified)})};
	}

	const name = context === undefined || context === '' ? await currentContext(folder) : context;
	if (name !== undefined && name !== '' && name !== 'default') {
		return readContext(folder, name);
	}

	const rootless = run === undefined || run === '' ? undefined : path.join(run, 'docker.sock');
	if (rootless !== undefined && !await isThere(systemSocket) && await isThere(rootless)) {
		const url = `unix://${rootless}`;
		return {
			url, from: 'XDG_RUNTIME_DIR', socket: rootless, isLocal: true, environment: {DOCKER_HOST: url},
		};
	}

	return parseLocation(`unix://${systemSocket}`, 'the default');
};
