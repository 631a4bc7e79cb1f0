/**
One service in the hands of its supervisor: started, watched, restarted by its policy, stopped; or adopted from a supervisor that was
killed.
*/
import {closeSync} from 'node:fs';
import {constants} from 'node:os';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {CoppiceError} from '../../system/errors.ts';
import type {DependencyCondition, Service} from '../../stack/stack.ts';
import type {StopMode} from '../runtime.ts';
import {isAlive, type ProcessIdentity} from '../../system/process-table.ts';
import {clientEnvironment} from './client-environment.ts';
import {chooseProbe, HealthMonitor, isOnPath} from './health.ts';
import {recogniseService, type KnownService} from './known-images.ts';
import {prepareLaunch} from './launch-service.ts';
import {hostMounts, type HostMount} from './mounts.ts';
import {PortBook} from './ports.ts';
import type {StackContext} from './protocol.ts';
import type {AcceptTarget} from './accept-check.ts';
import {restartPause, settledMilliseconds} from './restart-policy.ts';
import {ServiceLog} from './service-log.ts';
import {killMembers, markVariable, sendSignal} from './service-processes.ts';
import {spawnGated} from './spawn-gated.ts';
import type {ServiceRecord} from './supervisor-state.ts';

/** How often an adopted process, which is no child of this one, is looked at. */
const adoptedPollMilliseconds = 200;
const stoppingPollMilliseconds = 3;

/** How long a server may take to end at once in its own way before it is killed. */
const quitMilliseconds = 1000;
const defaultGraceMilliseconds = 10_000;

type Configuration = {
	readonly service: Service;
	readonly known: KnownService;
	readonly context: StackContext;
};

/**
A signal as a compose file may write it: `SIGTERM`, `TERM` or `15`. `undefined` for one that this system does not have.
*/
const parseSignal = (text: string | undefined): NodeJS.Signals | undefined => {
	if (text === undefined) {
		return undefined;
	}

	const name = text.toUpperCase();
	const entries = Object.entries(constants.signals);
	return entries.find(([signal, number]) => signal === name || signal === `SIG${name}` || String(number) === name)?.[0] as NodeJS.Signals | undefined;
};

type Notify = (text: string) => void;

/**
A process under watch, until it and all that belongs to it have ended.
*/
type Watched = {
	readonly identity: ProcessIdentity;
	readonly startedAt: number;
	readonly ended: PromiseWithResolvers<void>;
	poll?: NodeJS.Timeout;
	isStopping: boolean;
};

export class SupervisedService {
	readonly #runFolder: string;
	readonly #changed: () => void;
	readonly #waiters = new Set<() => void>();
	#record: ServiceRecord;
	#configuration: Configuration | undefined;
	#watched: Watched | undefined;
	#log: ServiceLog | undefined;
	#portBook: PortBook | undefined;
	#health: HealthMonitor | undefined;
	#restartTimer: NodeJS.Timeout | undefined;
	#attempts = 0;
	#isFirstLaunch = true;
	#launching = new AbortController();

	/** One start or stop after the other. */
	#queue: Promise<unknown> = Promise.resolve();
	readonly name: string;

	/**
	@param changed - Called whenever what the state file says of it is to be written.
	*/
	constructor(name: string, runFolder: string, changed: () => void, record?: ServiceRecord) {
		this.name = name;
		this.#runFolder = runFolder;
		this.#changed = changed;
		this.#record = record ?? {status: 'created', restarts: 0, ports: []};
	}

	get #mark(): string {
		return path.join(this.#runFolder, this.name);
	}

	#isMet(condition: DependencyCondition, dependent: string): boolean {
		const {status, health, exitCode} = this.#record;
		const fail = (what: string): never => {
			throw new CoppiceError('failed', `${dependent} was not started, since ${this.name} ${what}.`, {
				service: this.name, hint: `\`coppice logs ${this.name}\` says why.`,
			});
		};

		const isOver = status === 'stopped' || status === 'failed';
		switch (condition) {
			case 'service_started': {
				// It was, before this is asked; a service that runs once may have ended since.
				return true;
			}

			case 'service_healthy': {
				if (isOver || health === 'unhealthy') {
					return fail(isOver ? 'has ended' : 'is unhealthy');
				}

				if (status === 'running' && health === undefined) {
					throw new CoppiceError('precondition', `${dependent} waits for ${this.name} to be healthy, but ${this.name} has no health check.`, {
						service: this.name, hint: `Give ${this.name} a \`healthcheck:\`, or use the condition \`service_started\`.`,
					});
				}

				return health === 'healthy';
			}

			case 'service_completed_successfully': {
				return isOver && (exitCode === 0 || fail(exitCode === undefined ? 'has failed' : `has failed with exit code ${exitCode}`));
			}
		}
	}

	async #exclusively<T>(work: () => Promise<T>): Promise<T> {
		const before = this.#queue;
		const mine = (async () => {
			await before.catch(() => undefined);
			return work();
		})();
		this.#queue = mine.catch(() => undefined);
		return mine;
	}

	#update(record: ServiceRecord): void {
		this.#record = record;
		this.#changed();
		for (const wake of this.#waiters) {
			wake();
		}
	}

	async #launch(notify: Notify, restarts: number, signal: AbortSignal): Promise<void> {
		const configuration = this.#configuration;
		const log = this.#log;
		const portBook = this.#portBook;
		if (!configuration || !log || !portBook) {
			throw new CoppiceError('precondition', `The process runtime can't run ${this.name}.`, {service: this.name});
		}

		if (this.#isFirstLaunch) {
			// What runs under this name is nobody's: the state of the supervisor that started it is lost.
			await killMembers(this.#mark, undefined);
			this.#isFirstLaunch = false;
		}

		this.#launching = new AbortController();
		const {service, known, context} = configuration;
		const {plan, ports, mounts} = await prepareLaunch({
			service, known, context, log, portBook,
			runFolder: this.#runFolder, signal: AbortSignal.any([signal, this.#launching.signal]),
			notice(text) {
				log.add('stderr', `coppice: ${text}`);
				notify(text);
			},
		});
		if (signal.aborted || this.#launching.signal.aborted) {
			throw new CoppiceError('interrupted', `Interrupted before ${this.name} was started.`, {service: this.name});
		}

		const spools = log.openSpools(plan.user);
		const gated = await (async () => {
			try {
				return await spawnGated(this.name, plan, {[markVariable]: this.#mark}, spools);
			} finally {
				for (const spool of spools) {
					closeSync(spool);
				}
			}
		})();
		const startedAt = Date.now();
		const watched = this.#watch(gated.identity, startedAt);
		gated.child.once('exit', (code, exitSignal) => {
			void this.#ended(watched, code ?? (128 + (exitSignal === null ? 0 : constants.signals[exitSignal])));
		});
		const hasHealth = chooseProbe(service.healthCheck, known.recipe === 'custom' ? undefined : known.recipe, () => true) !== undefined;
		// On record before it runs: see `spawn-gated.ts`.
		this.#update({
			status: 'running',
			process: gated.identity,
			startedAt: new Date(startedAt).toISOString(),
			restarts,
			ports,
			user: plan.user,
			...(hasHealth && {health: 'starting'}),
			...(plan.socket !== undefined && {socket: plan.socket}),
			...(plan.binFolder !== undefined && {binFolder: plan.binFolder}),
			stopSignal: parseSignal(service.stopSignal) ?? plan.stopSignal,
			...(plan.quitSignal !== undefined && {quitSignal: plan.quitSignal}),
			stopGraceMilliseconds: service.stopGraceMilliseconds,
		});
		await gated.open();
		log.follow();
		await this.#watchHealth(configuration, mounts, notify);
	}

	#watch(identity: ProcessIdentity, startedAt: number): Watched {
		this.#watched = {
			identity, startedAt, ended: Promise.withResolvers(), isStopping: false,
		};
		return this.#watched;
	}

	#pollAdopted(milliseconds: number): void {
		const watched = this.#watched;
		if (watched === undefined) {
			return;
		}

		clearInterval(watched.poll);
		watched.poll = setInterval(() => {
			if (isAlive(watched.identity)) {
				return;
			}

			clearInterval(watched.poll);
			void this.#ended(watched, undefined);
		}, milliseconds);
	}

	async #watchHealth({service, known}: Configuration, mounts: readonly HostMount[], notify: Notify): Promise<void> {
		const watched = this.#watched;
		const {user, ports, socket} = this.#record;
		const engine = known.recipe === 'custom' ? undefined : known.recipe;
		const environment = await clientEnvironment(service, known, this.#record, mounts);
		const probe = chooseProbe(service.healthCheck, engine, program => isOnPath(program, environment.PATH ?? ''));
		if (probe === undefined || user === undefined || watched === undefined || this.#watched !== watched) {
			return;
		}

		if (probe.kind === 'accept' && probe.reason !== undefined) {
			notify(`${this.name}: ${probe.reason}.`);
		}

		const own = ports.find(({target}) => target === known.port);
		const target: AcceptTarget = socket === undefined
			? {host: own?.address ?? '127.0.0.1', port: own?.published ?? 0}
			: {path: engine === 'postgres' ? path.join(socket, `.s.PGSQL.${own?.published ?? known.port}`) : socket};
		this.#health?.stop();
		this.#health = new HealthMonitor({
			probe, check: service.healthCheck, context: {
				environment, user, workingFolder: '/', ...(engine !== undefined && {engine: {name: engine, target}}),
			},
			report: health => {
				if (this.#watched === watched && this.#record.health !== health) {
					this.#update({...this.#record, health});
				}
			},
		});
	}

	async #endsWithin(watched: Watched, milliseconds: number): Promise<void> {
		const controller = new AbortController();
		try {
			await Promise.race([watched.ended.promise, delay(milliseconds, undefined, {signal: controller.signal})]);
		} finally {
			controller.abort();
		}
	}

	/**
	The first process has ended: ends what is left of the service, and decides what comes next.
	*/
	async #ended(watched: Watched, exitCode: number | undefined): Promise<void> {
		this.#health?.stop();
		this.#health = undefined;
		try {
			await killMembers(this.#mark, watched.identity);
		} catch (error) {
			this.#log?.add('stderr', `coppice: ${error instanceof Error ? error.message : String(error)}`);
		}

		this.#log?.drain();
		this.#watched = undefined;
		const restart = watched.isStopping ? undefined : this.#planRestart(watched, exitCode);
		const ended: ServiceRecord = {
			...this.#record, process: undefined, health: undefined, exitCode,
		};
		this.#update({...ended, status: restart === undefined ? (exitCode === 0 || watched.isStopping ? 'stopped' : 'failed') : 'restarting'});
		watched.ended.resolve();
	}

	/**
	@returns Milliseconds until it is started again, if it is.
	*/
	#planRestart(watched: Watched, exitCode: number | undefined): number | undefined {
		const policy = this.#configuration?.service.restart;
		if (Date.now() - watched.startedAt >= settledMilliseconds) {
			this.#attempts = 0;
		}

		const pause = policy && restartPause(policy, exitCode, this.#attempts);
		if (pause === undefined) {
			return undefined;
		}

		this.#attempts++;
		this.#restartTimer = setTimeout(() => {
			void this.#restart();
		}, pause);
		return pause;
	}

	async #restart(): Promise<void> {
		await this.#exclusively(async () => {
			if (this.#restartTimer === undefined || this.#watched) {
				return;
			}

			this.#restartTimer = undefined;
			const before = this.#record;
			try {
				await this.#launch(() => undefined, before.restarts + 1, new AbortController().signal);
			} catch (error) {
				this.#log?.add('stderr', `coppice: ${error instanceof Error ? error.message : String(error)}`);
				const failed = this.#planRestart({
					identity: {processId: 0, startTime: 0}, startedAt: Date.now(), ended: Promise.withResolvers(), isStopping: false,
				}, undefined);
				this.#update({...before, status: failed === undefined ? 'failed' : 'restarting'});
			}
		});
	}

	get record(): ServiceRecord {
		return this.#record;
	}

	/** Whether anything of it runs or is about to. */
	get isActive(): boolean {
		return this.#watched !== undefined || this.#restartTimer !== undefined;
	}

	/**
	Takes over a process that an earlier supervisor has started.

	@returns Whether it still runs; else what is left of it is ended.
	*/
	async adopt(): Promise<boolean> {
		const {process: identity, startedAt} = this.#record;
		if (identity && isAlive(identity)) {
			this.#isFirstLaunch = false;
			this.#watch(identity, startedAt === undefined ? Date.now() : Date.parse(startedAt));
			this.#pollAdopted(adoptedPollMilliseconds);
			return true;
		}

		await killMembers(this.#mark, undefined);
		this.#isFirstLaunch = false;
		if (identity !== undefined || this.#record.status === 'restarting') {
			this.#update({
				...this.#record, process: undefined, health: undefined, status: 'failed',
			});
		}

		return false;
	}

	/**
	Tells what the compose file says of it now. It counts from the next start on.
	*/
	configure(service: Service, context: StackContext): void {
		const known = recogniseService(service);
		if (known === undefined) {
			return;
		}

		this.#configuration = {service, known, context};
		this.#log ??= new ServiceLog(context.stateFolder, this.name);
		this.#portBook ??= new PortBook(path.join(context.stateFolder, `ports-${this.name}.json`));
		if (!(this.#watched && this.#health === undefined)) {
			return;
		}

		this.#log.follow();
		void this.#watchHealth(this.#configuration, hostMounts(service, context.volumeFolders, context.stateFolder), () => undefined);
	}

	/**
	Starts it if it does not run. Returns when its program has been let run.
	*/
	async start(notify: Notify, signal: AbortSignal): Promise<void> {
		await this.#exclusively(async () => {
			if (this.#watched) {
				return;
			}

			clearTimeout(this.#restartTimer);
			this.#restartTimer = undefined;
			this.#attempts = 0;
			await this.#launch(notify, 0, signal);
		});
	}

	/**
	Stops it, and does not restart it. Returns when all its processes have ended.
	*/
	async stop(mode: StopMode): Promise<void> {
		// Making a database may take long, and must not be waited for.
		this.#launching.abort();
		await this.#exclusively(async () => {
			clearTimeout(this.#restartTimer);
			this.#restartTimer = undefined;
			const watched = this.#watched;
			if (watched === undefined) {
				if (this.#record.status === 'restarting') {
					this.#update({...this.#record, status: 'stopped'});
				}

				return;
			}

			watched.isStopping = true;
			if (watched.poll) {
				this.#pollAdopted(stoppingPollMilliseconds);
			}

			const {quitSignal, stopSignal, stopGraceMilliseconds} = this.#record;
			const {processId} = watched.identity;
			if (mode === 'graceful') {
				sendSignal(processId, stopSignal ?? 'SIGTERM');
				await this.#endsWithin(watched, stopGraceMilliseconds ?? defaultGraceMilliseconds);
			} else if (quitSignal !== undefined) {
				sendSignal(processId, quitSignal);
				await this.#endsWithin(watched, quitMilliseconds);
			}

			if (this.#watched === watched) {
				await killMembers(this.#mark, watched.identity);
			}

			await watched.ended.promise;
		});
	}

	/**
	Ends the watch and leaves the processes running, for a successor.
	*/
	release(): void {
		this.#health?.stop();
		clearTimeout(this.#restartTimer);
		clearInterval(this.#watched?.poll);
	}

	/**
	Waits until it meets the condition of a dependency.

	@throws CoppiceError `failed` when it no longer can; `interrupted` when the signal aborts it.
	*/
	async meets(condition: DependencyCondition, dependent: string, signal: AbortSignal): Promise<void> {
		for (;;) {
			const changed = new Promise<void>((resolve, reject) => {
				const wake = (): void => {
					this.#waiters.delete(wake);
					signal.removeEventListener('abort', wake);
					resolve();
				};

				this.#waiters.add(wake);
				signal.addEventListener('abort', wake);
				if (signal.aborted) {
					reject(new CoppiceError('interrupted', `Interrupted while ${dependent} waited for ${this.name}.`));
				}
			});
			if (signal.aborted) {
				await changed;
			}

			if (this.#isMet(condition, dependent)) {
				return;
			}

			await changed;
		}
	}
}
