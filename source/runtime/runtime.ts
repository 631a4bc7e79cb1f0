/**
The interface of what runs the services of a stack. One contract suite holds for every implementation.
*/
import type {PortMapping, RuntimeName} from '../stack/stack.ts';

export type {RuntimeName} from '../stack/stack.ts';

export type ServiceStatus = 'created' | 'running' | 'restarting' | 'paused' | 'stopped' | 'failed';

export type ServiceState = {
	readonly name: string;
	readonly status: ServiceStatus;
	readonly health?: 'starting' | 'healthy' | 'unhealthy';
	readonly processId?: number;

	/** ISO 8601. */
	readonly startedAt?: string;
	readonly exitCode?: number;

	/** How often it was restarted by its policy since it was started by a verb. */
	readonly restarts: number;

	/** Published ports as they are now, chosen ones included. */
	readonly ports: readonly PortMapping[];

	/** A Unix socket folder or the like that a client on this host may use. */
	readonly socket?: string;

	/** TCP ports that its image declares and that are published nowhere. */
	readonly declaredPorts?: readonly number[];

	/** An address of the service's own at which this host reaches its ports, published or not: that of its container, say. */
	readonly address?: string;
};

export type StopMode =
	/** The service's stop signal, its grace period, then SIGKILL. */
	| 'graceful'
	/** At once: the data are about to be thrown away. */
	| 'now';

/**
Writers that stand still. A guard outside this process lets them go on if this process dies, and after `leaseMilliseconds`.
*/
export type Freeze = {
	/** When the last writer stood still, on the clock of `performance.now()`. */
	readonly frozenAt: number;

	/**
	Lets them go on.

	@returns Milliseconds that they stood still, and whether they all did so the whole time.
	*/
	thaw(): Promise<{readonly milliseconds: number; readonly held: boolean}>;
};

export type LogLine = {
	readonly service: string;

	/** ISO 8601. */
	readonly time: string;
	readonly stream: 'stdout' | 'stderr';
	readonly text: string;
};

export type LogOptions = {
	readonly services?: readonly string[];
	readonly follow?: boolean;

	/** Last lines of each service; all unless told. */
	readonly tail?: number;

	/** Only lines from this moment on. */
	readonly since?: Date;
	readonly signal?: AbortSignal;
};

export type ExecOptions = {
	readonly env?: Readonly<Record<string, string>>;
	readonly workingDirectory?: string;

	/** `inherit` connects the caller's terminal; else what it printed is returned. */
	readonly stdio: 'inherit' | 'pipe';
	readonly input?: string;
};

export type ExecResult = {readonly exitCode: number; readonly stdout: string; readonly stderr: string};

export type Runtime = {
	readonly name: RuntimeName;

	/** What this runtime can't honour in the stack: one sentence each, naming service and key. */
	notices(): readonly string[];

	/**
	Starts services in dependency order (all, or these and what they need), waiting for the conditions of `depends_on`.
	Those that run already are left alone. Returns when they have started; whether a client can query is asked elsewhere.

	@throws CoppiceError `conflict` naming the holder of a port that is taken; `precondition` where a program is missing.
	*/
	start(services?: readonly string[], options?: {signal?: AbortSignal}): Promise<void>;

	/**
	Starts again, in dependency order, services that `stop` has stopped, as they were: the same container, network and ports. What the
	compose file says now is not looked at; a service of which nothing is left is started anew.
	*/
	resume(services: readonly string[]): Promise<void>;

	/** Stops services in reverse dependency order. All of them where none are named. */
	stop(services?: readonly string[], options?: {mode?: StopMode}): Promise<void>;

	/** Stops everything and leaves nothing running, not even a supervisor. Logs stay, but for those that go with a container. */
	down(): Promise<void>;

	/** One entry for each service of the stack, in the order of the file. Fast: called by `status`. */
	states(): Promise<readonly ServiceState[]>;

	/**
	Who else has managed volumes open now, in words for people: a container of another project, one that was started by hand. Their data
	must not be taken away under them.
	*/
	otherUsers(volumes: readonly string[]): Promise<readonly string[]>;

	/** Makes all processes of these services stand still (those that run), and whatever else writes to their managed volumes. */
	freeze(services: readonly string[], options?: {leaseMilliseconds?: number}): Promise<Freeze>;

	logs(options: LogOptions): AsyncIterable<LogLine>;

	/** Runs a command in the environment of a service. */
	exec(service: string, command: readonly string[], options: ExecOptions): Promise<ExecResult>;

	/** Digests of the images of services, where there are any. */
	imageDigests(): Promise<Readonly<Record<string, string>>>;
};

/**
What a runtime has to know about the host and the pool.
*/
export type RuntimeContext = {
	/** The host folder that a managed volume mounts: `<pool>/stacks/<stack>/volumes/<volume>/current/data`. */
	readonly volumePath: (volume: string) => string;

	/** The pool's folder, which the docker runtime writes on the volumes that it makes. */
	readonly pool?: string;

	/** A folder for this stack's sockets and process ids; short, since socket paths are limited to 107 bytes. */
	readonly runFolder: string;

	/** A folder for this stack's logs and what must survive a reboot. */
	readonly stateFolder: string;

	/** The program that understands `supervise RUNFOLDER`; that of this process unless told. Only for the process runtime. */
	readonly entry?: string;

	/** What the user should know about a start: one sentence each, as it happens. */
	readonly onNotice?: (text: string) => void;
};
