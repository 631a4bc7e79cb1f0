/**
The interface of what Coppice knows about a database engine: recognise it, make it ready for a snapshot, tell when a client can
query. One contract suite holds for every implementation.
*/
import type {DatabaseName, Service} from '../stack/stack.ts';

export type {DatabaseName} from '../stack/stack.ts';

/**
How a client on this host reaches the database.
*/
export type Endpoint = {
	readonly host: string;
	readonly port: number;

	/** Folder or file of a Unix socket, preferred where there is one. */
	readonly socket?: string;
};

export type Credentials = {
	readonly user: string;
	readonly password?: string;
	readonly database: string;
};

export type DatabaseTarget = {
	readonly service: Service;
	readonly endpoint: Endpoint;
};

/**
Why a database is not ready: nothing listens; it starts, recovers or stops; it refuses these credentials (waiting won't help); or
something else.
*/
export type NotReadyKind = 'absent' | 'starting' | 'denied' | 'failed';

export type Readiness =
	| {readonly ready: true}
	| {readonly ready: false; readonly reason: string; readonly kind?: NotReadyKind};

export type Database = {
	readonly name: DatabaseName;

	/** Whether a service's image (or `x-coppice.database`) is this engine. */
	matchesService(service: Service): boolean;

	/** Whether a volume's `data` folder holds data of this engine. */
	matchesData(dataFolder: string): Promise<boolean>;

	/** Where in the container the engine keeps its data, by image and environment: `/var/lib/postgresql/data`, say. */
	dataTarget(service: Service): string;

	/** The major version that wrote a data folder, where it tells. */
	dataVersion(dataFolder: string): Promise<string | undefined>;

	/** From the service's environment, by the rules of the official image. */
	credentials(service: Service): Credentials;

	/** For a client on this host, without the password unless asked. */
	connectionString(target: DatabaseTarget, options?: {password?: boolean}): string;

	/** The port that the engine listens on inside its service. */
	readonly port: number;

	/** Connects and queries once. Never throws for a server that is not there or still starting. */
	probe(target: DatabaseTarget, options?: {timeoutMilliseconds?: number}): Promise<Readiness>;

	/**
	Asks the engine to write out what it holds, so that a clone starts quickly.

	@throws CoppiceError when it could not be asked or did not finish in time; the commit is then labelled `frozen`.
	*/
	checkpoint(target: DatabaseTarget, options?: {timeoutMilliseconds?: number}): Promise<void>;

	/**
	Removes from a fresh clone what belongs to the process that wrote it: pid files, locks, sockets. Nothing that recovery needs.
	A folder without data of this engine is left as it is.
	*/
	prepareClone(dataFolder: string): Promise<void>;

	/**
	Paths relative to the engine's data folder (a file, a folder, or a name that occurs anywhere) that change by themselves while
	the server runs and hold no data of the user.
	*/
	readonly volatilePaths: readonly string[];
};
