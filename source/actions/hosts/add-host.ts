/**
`coppice host add`: notes a machine reached by ssh, with an engine on it, or a second pool of this machine.
*/
import path from 'node:path';
import {engineWords} from '../../host/agent-process.ts';
import {findHome, type Home} from '../../host/home.ts';
import type {HostRecord} from '../../host/host.ts';
import {checkHostName, listHosts, writeHost} from '../../host/host-registry.ts';
import {installEngine, type InstallReport} from '../../host/install-engine.ts';
import {openHost, type Hello} from '../../host/open-host.ts';
import {probeHost, type HostFacts} from '../../host/probe-host.ts';
import {runThere, type Place} from '../../host/run-there.ts';
import {parseAddress} from '../../host/ssh-address.ts';
import {sudoRule} from '../../host/sudo-rule.ts';
import {agentProtocol} from '../../host/agent-protocol.ts';
import {isOlder} from '../../host/compare-versions.ts';
import type {DriverName} from '../../storage/driver.ts';
import {findOrMakePool} from '../../storage/find-pool.ts';
import {CoppiceError} from '../../system/errors.ts';
import {version} from '../../system/version.ts';
import type {Report} from '../progress.ts';

export type AddHostOptions = {
	readonly name: string;

	/** Marked as production: read-only for everyone until its policy says otherwise. */
	readonly production?: boolean;
	readonly report: Report;
	readonly signal?: AbortSignal;
	readonly home?: Home;
};

export type AddSshHostOptions = AddHostOptions & {
	/** `USER@HOST[:PORT]`. */
	readonly address: string;

	/** The command of an engine that is there already; nothing is put there. */
	readonly engine?: string;

	/** Run the engine as root there, through `sudo -n`. Where its pool needs that, unless told. */
	readonly sudo?: boolean;

	/** Whether ssh may ask on the terminal. */
	readonly interactive?: boolean;
};

export type AddPoolHostOptions = AddHostOptions & {
	readonly pool: string;
	readonly driver?: DriverName;
	readonly dataset?: string;
};

export type AddedHost = {
	readonly record: HostRecord;
	readonly hello: Hello;

	/** What was done there, a sentence each. */
	readonly did: readonly string[];

	/** What its owner may want to do. */
	readonly notices: readonly string[];
};

/** A mark that protects is not lost by leaving out a word. */
const isProduction = async ({name, production}: AddHostOptions, home: Home): Promise<boolean> => {
	const known = await listHosts(home);
	return production === true || known.find(host => host.name === name)?.production === true;
};

const greet = async (record: HostRecord, home: Home, signal: AbortSignal | undefined): Promise<Hello> => {
	const host = openHost(record, {home});
	try {
		return await host.call('hello', {protocol: agentProtocol, version}, {signal});
	} finally {
		await host.close();
	}
};

/**
Adds another pool of this machine as a host, and makes it where there is none.

@throws CoppiceError as `findOrMakePool`; `host` where no engine can be started on it.
*/
export const addPoolHost = async (options: AddPoolHostOptions): Promise<AddedHost> => {
	const {name, pool, driver, dataset, home = findHome(), signal} = options;
	checkHostName(name);
	const found = await findOrMakePool({path: path.resolve(pool), ...(driver !== undefined && {driver}), ...(dataset !== undefined && {dataset})});
	const record: HostRecord = {
		name, kind: 'pool', address: found.path, ...(await isProduction(options, home) && {production: true}),
	};
	const hello = await greet(record, home, signal);
	await writeHost(home, record);
	return {
		record, hello, did: [`${found.made ? 'Made' : 'Found'} the pool ${found.path}: ${found.why}.`], notices: [],
	};
};

const reporting = (report: Report): InstallReport => ({
	step(message) {
		report({type: 'step', message});
	},
	sent(task, done, total) {
		report({
			type: 'progress', task, done, total, unit: 'bytes',
		});
	},
});

/** Whether the pool that an engine of this user would not find, since it is root's, is all there is. */
export const needsRoot = ({uid, hasRootPool, hasOwnPool}: HostFacts): boolean => uid !== 0 && hasRootPool && !hasOwnPool;

type Engine = Pick<HostRecord, 'engine' | 'installed'> & {readonly did: readonly string[]};

type Adding = {
	readonly place: Place;
	readonly home: Home;
	readonly interactive: boolean;
	readonly options: AddSshHostOptions;
};

/** The engine that will be used there: the one that was named, one of this version or newer that somebody has installed, or ours. */
const findEngine = async ({place, home, interactive, options}: Adding, facts: HostFacts): Promise<Engine> => {
	if (options.engine !== undefined) {
		return {engine: options.engine, did: []};
	}

	if (facts.installed !== undefined && !isOlder(facts.installed.version, version)) {
		return {engine: facts.installed.path, did: [`Uses the Coppice ${facts.installed.version} that is installed there (${facts.installed.path}).`]};
	}

	const {engine, did} = await installEngine(place, facts, {
		home, interactive, report: reporting(options.report), ...(options.signal !== undefined && {signal: options.signal}),
	});
	return {engine, installed: true, did: did.length === 0 ? ['This version of the engine was there already.'] : did};
};

type Rights = {readonly sudo: boolean; readonly notices: readonly string[]};

/** Whether the engine is to be run as root, and may be. */
const findRights = async ({place, home, interactive, options}: Adding, facts: HostFacts, engine: string): Promise<Rights> => {
	const {sudo: wished} = options;
	if (wished === false || facts.uid === 0 || (wished === undefined && !needsRoot(facts))) {
		return {sudo: false, notices: []};
	}

	const {exitCode, stderr} = await runThere(place, [...engineWords({engine, sudo: true}), '--version'], {home, interactive});
	if (exitCode === 0) {
		return {sudo: true, notices: []};
	}

	const rule = sudoRule({address: options.address, engine}, facts.user);
	const how = `Its owner can allow it with \`visudo -f /etc/sudoers.d/coppice\` and this line: ${rule}`;
	if (wished === true) {
		throw new CoppiceError('permission', `The user ${facts.user} may not run the engine as root on ${place.name}.`, {
			host: place.name, stderr, hint: `${how}. Who can replace the engine, as ${facts.user} can, is as good as root with it.`,
		});
	}

	return {
		sudo: false,
		notices: [`the pool on ${place.name} is root's, and ${facts.user} may not run the engine as root. ${how} (it makes ${facts.user} as good as root there). Then run \`coppice host add\` again.`],
	};
};

/**
Adds a machine reached by ssh: looks what is there, puts the engine there where none serves, and notes it once it has answered.

@throws CoppiceError `host` where it can't be reached, or what answers there is of another version; `permission` where `sudo` was asked for and is not allowed.
*/
export const addSshHost = async (options: AddSshHostOptions): Promise<AddedHost> => {
	const {name, report, signal, home = findHome(), interactive = false} = options;
	checkHostName(name);
	const target = parseAddress(options.address);
	const place = {name, ...target};
	const adding: Adding = {
		place, home, interactive, options,
	};

	// Where ssh may ask for something, nothing may be drawn meanwhile.
	report({type: interactive ? 'notice' : 'step', message: `connecting to ${target.address}`});
	const facts = await probeHost(place, {home, interactive, ...(signal !== undefined && {signal})});
	const common = {
		name, kind: 'ssh', ...target, ...(await isProduction(options, home) && {production: true}),
	} as const;
	if (facts === undefined) {
		// A forced command in authorized_keys: it is the engine, or nothing that can be talked with.
		const record: HostRecord = {...common, engine: options.engine ?? 'coppice'};
		const hello = await greet(record, home, signal);
		await writeHost(home, record);
		return {
			record, hello, did: [`This key runs the engine there and nothing else${hello.role === null ? '' : `, with the rights of the role ${hello.role}`}.`], notices: [],
		};
	}

	const {engine = 'coppice', installed, did} = await findEngine(adding, facts);
	const {sudo, notices} = await findRights(adding, facts, engine);
	const record: HostRecord = {
		...common, engine, ...(installed === true && {installed}), ...(sudo && {sudo}),
	};
	report({type: 'step', message: `asking the engine on ${name}`});
	const hello = await greet(record, home, signal);
	const known = await listHosts(home);
	const before = known.find(host => host.name === name);
	await writeHost(home, record);
	return {
		record,
		hello,
		did: before !== undefined && (before.address !== record.address || before.port !== record.port) ? [`It was ${before.address} before.`, ...did] : did,
		notices,
	};
};
