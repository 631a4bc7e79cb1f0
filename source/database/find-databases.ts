/**
Which database each service of a stack runs: by what the service says, else by what lies in its volumes.

`x-coppice.database` and the image decide where they say anything; content is asked only then
- where an image of an engine keeps its data in another place than the official one, or
- what an image that says nothing (`build`, an image of one's own) runs.

Content alone can't tell a server from a backup of one, or from an application that carries a server inside. So of the services
whose image says nothing, one that writes to the volume counts as the server
1. where it shows it: it has the engine's port, or it or its health check runs one of the engine's programs; and no other service of the
   volume shows it too, nor is one by its image;
2. else where nobody else could be it: it alone writes to that volume, and the stack has no other server of that engine. It is certain
   only where it has one of the engine's own variables too.
Otherwise none counts, and a notice says how to tell.
*/
import {opendir} from 'node:fs/promises';
import path from 'node:path';
import {isSystemError} from '../system/errors.ts';
import type {Mount, Service, Stack} from '../stack/stack.ts';
import {isThere} from './data-folders.ts';
import type {Database} from './database.ts';
import {
	databases,
	databaseVolume,
	namedDatabase,
	programWords,
	runsServer,
} from './recognise-database.ts';

export type FoundDatabases = {
	/** The database of each service that has one, in the order of the file. */
	readonly databases: ReadonlyMap<string, Database>;

	/** What could not be told: one sentence each. */
	readonly notices: readonly string[];
};

/**
Where the data of a volume are on this host, for those that this user can look into.
*/
export type VolumeData = (volume: string) => string | undefined;

type Candidate = {
	readonly service: Service;
	readonly database: Database;

	/** What holds the data: the volume's name, or the folder of a bind mount. */
	readonly holder: string;

	/** In the service. */
	readonly target: string;
	readonly shows: boolean;
};

/** Where images keep their data below what is mounted: `PGDATA=/var/lib/postgresql/data/pgdata`, `/bitnami/redis/data`. */
const usualPlaces = ['', 'data', 'pgdata', 'db'] as const;

/** Debian's and the official image's folders of a version: `16/main`, `18/docker`. */
const versionPlaces = ['main', 'docker', 'data'] as const;

/** A folder with more than this is none that holds only folders of versions. */
const mostEntries = 16;

/** Places below a folder by their version, where it holds little else. Reads a few names at most. */
const versionedPlaces = async (folder: string): Promise<string[]> => {
	const names: string[] = [];
	try {
		for await (const entry of await opendir(folder, {bufferSize: mostEntries})) {
			names.push(entry.name);
			if (names.length > mostEntries) {
				return [];
			}
		}
	} catch (error) {
		if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES')) {
			return [];
		}

		throw error;
	}

	return names.filter(name => /^\d{1,2}$/v.test(name)).flatMap(name => versionPlaces.map(place => `${name}/${place}`));
};

/**
Where below a mounted folder one of some engines has its data.

@param target - Where the service mounts it.
*/
const findBelow = async (
	folder: string,
	target: string,
	service: Service,
	engines: readonly Database[],
): Promise<ReadonlyArray<{readonly database: Database; readonly place: string}>> => {
	const own = engines.map(database => path.posix.relative(target, database.dataTarget(service))).filter(place => place !== '..' && !place.startsWith('../'));
	const places = new Set([...usualPlaces, ...own, ...await versionedPlaces(folder)]);
	const found = await Promise.all([...places].map(async place => {
		const below = path.join(folder, place);
		if (!await isThere(below)) {
			return [];
		}

		const holding = await Promise.all(engines.map(async database => await database.isDataFolder(below) ? [{database, place}] : []));
		return holding.flat();
	}));
	return found.flat();
};

/**
Whether a service has the engine's port, or it or its health check runs one of the engine's programs.
*/
const showsEngine = (service: Service, {signs, listensOn}: Database): boolean =>
	service.ports.some(port => port.target === listensOn(service))
	|| runsServer(service, signs)
	|| programWords(service.healthCheck?.command ?? []).some(word => signs.servers.includes(word) || signs.clients.includes(word));

const hasVariable = (service: Service, {signs}: Database): boolean =>
	signs.variables.some(name => service.environment[name] !== undefined || service.environment[`${name}_FILE`] !== undefined);

/** A database whose data are known to be at a place of their own. */
const placedAt = (database: Database, target: string): Database => ({...database, dataTarget: () => target});

/** What a service can write to and this user can look into, and where it is on this host. */
const writableFolders = (service: Service, volumeData: VolumeData) => service.mounts.flatMap((mount: Mount) => {
	if (mount.kind === 'volume' && !mount.readOnly) {
		const folder = volumeData(mount.volume);
		return folder === undefined
			? []
			: [{
				holder: mount.volume, folder, target: mount.target, isVolume: true,
			}];
	}

	return mount.kind === 'bind' && !mount.readOnly
		? [{
			holder: mount.source, folder: mount.source, target: mount.target, isVolume: false,
		}]
		: [];
});

/**
A database that the service names, at the place where its data are found if the usual place is in no volume.
*/
const placeNamed = async (service: Service, database: Database, volumeData: VolumeData): Promise<Database> => {
	if (databaseVolume(database, service) !== undefined) {
		return database;
	}

	for (const {folder, target, isVolume} of writableFolders(service, volumeData)) {
		const [found] = isVolume ? await findBelow(folder, target, service, [database]) : [];
		if (found !== undefined) {
			return placedAt(database, path.posix.join(target, found.place));
		}
	}

	return database;
};

/**
What a service whose image says nothing may run.
*/
const findCandidates = async (service: Service, volumeData: VolumeData): Promise<Candidate[]> => {
	const found = await Promise.all(writableFolders(service, volumeData).map(async ({holder, folder, target, isVolume}) => {
		const below = await findBelow(folder, target, service, databases);
		return below
			.map(({database, place}) => ({
				service, database, holder, target: path.posix.join(target, place), shows: showsEngine(service, database),
			}))
			// A folder of the host is often the whole project, with anything in it.
			.filter(candidate => isVolume || candidate.shows);
	}));
	return found.flat();
};

const writersOf = (stack: Stack, holder: string): number => Object.values(stack.services).filter(({mounts}) => mounts.some(mount =>
	(mount.kind === 'volume' && mount.volume === holder && !mount.readOnly)
	|| (mount.kind === 'bind' && mount.source === holder && !mount.readOnly))).length;

const describeUnsure = ({service, database: {name}, holder}: Candidate): string =>
	`${holder} holds data of ${name}, but nothing tells whether ${service.name} is its server; `
	+ `\`x-coppice: {database: ${name}}\` in the service says so.`;

/**
Decides between candidates; pure. `named` are the servers that their own service names.
*/
const choose = (stack: Stack, named: ReadonlyMap<string, Database>, candidates: readonly Candidate[]): FoundDatabases => {
	const chosen = new Map<string, Database>();
	const unsure: Candidate[] = [];
	const isTaken = (holder: string): boolean => [...named].some(([name, database]) => databaseVolume(database, stack.services[name]!)?.volume === holder);
	const open = candidates.filter(({holder}) => !isTaken(holder));
	const engines = new Set(named.values().map(({name}) => name));
	const decided = new Set<string>();
	const showing = open.filter(({shows}) => shows);
	for (const candidate of showing) {
		const rivals = showing.filter(({holder, service}) => holder === candidate.holder && service !== candidate.service);
		if (rivals.length > 0 || chosen.has(candidate.service.name)) {
			unsure.push(candidate);
		} else {
			chosen.set(candidate.service.name, placedAt(candidate.database, candidate.target));
			engines.add(candidate.database.name);
		}

		decided.add(candidate.holder);
	}

	const quiet = open.filter(({holder, service}) => !decided.has(holder) && !chosen.has(service.name));
	for (const candidate of quiet) {
		const {service, database, holder, target} = candidate;
		const isOnly = quiet.every(other => other === candidate || (other.service !== service && other.database.name !== database.name));
		const isAlone = isOnly && writersOf(stack, holder) === 1;
		if (isAlone && !engines.has(database.name)) {
			chosen.set(service.name, {...placedAt(database, target), isCertain: hasVariable(service, database)});
		} else {
			unsure.push(candidate);
		}
	}

	return {databases: chosen, notices: unsure.map(candidate => describeUnsure(candidate))};
};

/**
Finds the database of each service.

Services that name theirs cost nothing unless their data are in no usual place; of others a few names in each volume that they write
to are looked up, however much it holds.
*/
export const findDatabases = async (stack: Stack, volumeData: VolumeData): Promise<FoundDatabases> => {
	const named = new Map<string, Database>();
	const candidates: Candidate[] = [];
	await Promise.all(Object.values(stack.services).map(async service => {
		const database = namedDatabase(service);
		if (database === undefined) {
			candidates.push(...await findCandidates(service, volumeData));
		} else {
			named.set(service.name, await placeNamed(service, database, volumeData));
		}
	}));
	const {databases: chosen, notices} = choose(stack, named, candidates);
	const inOrder = Object.keys(stack.services).flatMap((name): Array<[string, Database]> => {
		const database = named.get(name) ?? chosen.get(name);
		return database === undefined ? [] : [[name, database]];
	});
	return {databases: new Map(inOrder), notices};
};
