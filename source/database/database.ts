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

/**
Runs a command inside a service. What is secret is in its environment, and never among the words, which others can see.
*/
export type RunInside = (command: readonly string[], environment: Readonly<Record<string, string>>) => Promise<{
	readonly exitCode: number;
	readonly stdout: string;
	readonly stderr: string;
}>;

/**
How a database is asked where this host can't connect to it: by the client that its image ships.
*/
export type InsideClient = {
	/** Connects and queries once; `undefined` where the image has no client. */
	probe(service: Service, run: RunInside): Promise<Readiness | undefined>;

	/** @throws CoppiceError when it could not be asked. */
	checkpoint(service: Service, run: RunInside): Promise<void>;
};

export type Database = {
	readonly name: DatabaseName;

	/**
	False where only what lies in a volume says that the service is this engine. That it does not answer is then no reason to call the
	service not ready. Certain unless told.
	*/
	readonly isCertain?: boolean;

	/** Whether a service's image (or `x-coppice.database`) is this engine. */
	matchesService(service: Service): boolean;

	/** Whether a volume's `data` folder holds data of this engine. */
	matchesData(dataFolder: string): Promise<boolean>;

	/** Whether a folder itself, not one below, holds data of this engine. A few look-ups, however much is in it. */
	isDataFolder(folder: string): Promise<boolean>;

	/** What else shows what a service does with this engine: programs that serve, programs of clients, and the images' own variables. */
	readonly signs: {readonly servers: readonly string[]; readonly clients: readonly string[]; readonly variables: readonly string[]};

	/** Where in the container the engine keeps its data, by image and environment: `/var/lib/postgresql/data`, say. */
	dataTarget(service: Service): string;

	/** The major version that wrote a data folder, where it tells. */
	dataVersion(dataFolder: string): Promise<string | undefined>;

	/** From the service's environment, by the rules of the official image. */
	credentials(service: Service): Credentials;

	/** For a client on this host, without the password unless asked. */
	connectionString(target: DatabaseTarget, options?: {password?: boolean}): string;

	/** The port that the engine listens on inside its service, by command and environment. */
	listensOn(service: Service): number;

	/** Connects and queries once. Never throws for a server that is not there or still starting. */
	probe(target: DatabaseTarget, options?: {timeoutMilliseconds?: number}): Promise<Readiness>;

	/**
	Asks the engine to write out what it holds, so that a clone starts quickly.

	@throws CoppiceError when it could not be asked or did not finish in time; the commit is then labelled `frozen`.
	*/
	checkpoint(target: DatabaseTarget, options?: {timeoutMilliseconds?: number}): Promise<void>;

	/** Only for engines whose images ship a client. */
	readonly inside?: InsideClient;

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
