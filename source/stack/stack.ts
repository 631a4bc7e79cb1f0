/**
A stack as a plain value: one compose project, its services and its volumes, as far as Coppice has to know them.

Made by `read-stack.ts` from the user's files; nothing here does I/O.
*/

export type PortMapping = {
	/** Address on the host; `127.0.0.1` where the file names none and the runtime is `process`. */
	readonly address?: string;

	/** Port on the host; `undefined` lets the runtime choose. */
	readonly published?: number;

	/** Last port of a published range from which the runtime may choose one; it starts at `published`. */
	readonly publishedEnd?: number;

	/** Port inside the service. */
	readonly target: number;
	readonly protocol: 'tcp' | 'udp';
};

export type Mount =
	| {readonly kind: 'volume'; readonly volume: string; readonly target: string; readonly readOnly: boolean}
	| {readonly kind: 'bind'; readonly source: string; readonly target: string; readonly readOnly: boolean}
	| {readonly kind: 'anonymous' | 'tmpfs'; readonly target: string};

export type DependencyCondition = 'service_started' | 'service_healthy' | 'service_completed_successfully';

export type Dependency = {
	readonly condition: DependencyCondition;
	readonly required: boolean;

	/** Whether this service restarts when the dependency is restarted by a verb. */
	readonly restart: boolean;
};

export type HealthCheck = {
	/** An argument list; a shell line is already wrapped as `['/bin/sh', '-c', LINE]`. */
	readonly command: readonly string[];
	readonly intervalMilliseconds: number;
	readonly timeoutMilliseconds: number;
	readonly startPeriodMilliseconds: number;
	readonly retries: number;
};

export type RestartPolicy =
	| {readonly name: 'no' | 'always' | 'unless-stopped'}
	| {readonly name: 'on-failure'; readonly maximumRetries?: number};

/**
What `x-coppice` says of a service.
*/
export type ServiceSettings = {
	/** How the process runtime runs it, instead of a known image. */
	readonly process?: {
		readonly command: readonly string[];
		readonly user?: string;
		readonly workingDirectory?: string;
	};

	/** The database inside, where neither image nor content tells. */
	readonly database?: DatabaseName;
};

/**
A file that `secrets` or `configs` put into a service: `/run/secrets/db_password`, say.
*/
export type ServiceFile = {
	/** Path inside the service. */
	readonly target: string;

	/** Absolute path on this host, where the file comes from one. */
	readonly source?: string;

	/** Its content, where the compose file or the environment holds it. May be a secret. */
	readonly content?: string;
};

export type DatabaseName = 'postgres' | 'mysql' | 'redis' | 'mongo';

export type Service = {
	readonly name: string;
	readonly image?: string;
	readonly build?: unknown;
	readonly entrypoint?: readonly string[];
	readonly command?: readonly string[];

	/** Values may be secrets: never printed, logged or written to history. */
	readonly environment: Readonly<Record<string, string>>;
	readonly ports: readonly PortMapping[];
	readonly mounts: readonly Mount[];
	readonly dependsOn: Readonly<Record<string, Dependency>>;
	readonly healthCheck?: HealthCheck;
	readonly restart: RestartPolicy;
	readonly stopSignal?: string;
	readonly stopGraceMilliseconds: number;
	readonly user?: string;
	readonly workingDirectory?: string;
	readonly profiles: readonly string[];
	readonly settings: ServiceSettings;

	/** What `secrets` and `configs` give it; both are in `otherKeys` too. */
	readonly files?: readonly ServiceFile[];

	/**
	Command and entrypoint with variables as written (`${REDIS_PASSWORD}`), where the file uses any: what may go into history,
	since a variable may hold a secret.
	*/
	readonly writtenCommand?: readonly string[];
	readonly writtenEntrypoint?: readonly string[];

	/** Keys of the file that this value does not model, such as `networks` or `deploy.resources`. */
	readonly otherKeys: readonly string[];
};

export type Volume = {
	/** Its key in the compose file. */
	readonly name: string;

	/** Whether its data are kept in the pool: not external, and not `x-coppice: {managed: false}`. */
	readonly managed: boolean;
	readonly external: boolean;

	/** Why it is not managed: part of a sentence for the user, such as `it is external`. */
	readonly unmanagedReason?: string;

	/** Its name in the Docker engine: `shop_data`, say. Only where compose has read the file. */
	readonly engineName?: string;
};

export type RuntimeName = 'process' | 'docker';

/**
What the top-level `x-coppice` says of the stack.
*/
export type StackSettings = {
	readonly runtime?: RuntimeName;
	readonly pool?: string;
};

/**
A compose project as compose itself has resolved it: plain values of `config`, in the syntax of a compose file (`$$` for `$`).
*/
export type ResolvedModel = {
	/** Values may be secrets: never printed, logged or written to history. */
	readonly model: unknown;

	/** The same before variables were put in, where this compose can tell. */
	readonly template?: unknown;
};

export type Stack = {
	readonly name: string;

	/** Absolute. */
	readonly projectFolder: string;

	/** Absolute, in the order they were merged. */
	readonly composeFiles: readonly string[];
	readonly services: Readonly<Record<string, Service>>;
	readonly volumes: Readonly<Record<string, Volume>>;
	readonly settings: StackSettings;

	/** Profiles switched on by `COMPOSE_PROFILES`; `*` stands for all. See `enabledServices`. */
	readonly activeProfiles?: readonly string[];

	/** Where compose has read the files. */
	readonly resolved?: ResolvedModel;

	/** What the reader wants the user to know: one sentence each. */
	readonly notices: readonly string[];
};

/**
The stack's definition as it goes into a commit: names and digests, never values of the environment.
*/
export type Definition = {
	readonly services: Readonly<Record<string, {
		readonly image?: string;
		readonly imageDigest?: string;
		readonly command?: readonly string[];
		readonly entrypoint?: readonly string[];
		readonly environmentNames: readonly string[];
		readonly ports: readonly string[];
		readonly mounts: readonly string[];
		readonly dependsOn: readonly string[];
	}>>;
	readonly volumes: readonly string[];

	/**
	What it takes to bring the stack up again, where compose has read its files: the resolved compose file without any value of the
	environment (`environmentNames` has the names). What came from variables elsewhere is `${NAME}` again, other secrets are `***`, and
	paths in the project are relative to it.
	*/
	readonly compose?: Readonly<Record<string, unknown>>;
};
