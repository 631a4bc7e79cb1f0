/**
The supervisor of one stack: a process of its own that outlives the command which started it, holds the services as its children, and
does what commands ask over a socket.

There is one for a stack at any time. The lock is an abstract Unix socket (unix(7)): the kernel gives it to one process and takes it
back when that dies, however it dies, so there is nothing stale to find. If a supervisor is killed its services run on; the next
one reads the state file and adopts them.
*/
import {createHash} from 'node:crypto';
import {
	chmodSync,
	closeSync,
	existsSync,
	realpathSync,
	rmSync,
	writeSync,
} from 'node:fs';
import net from 'node:net';
import process from 'node:process';
import readline from 'node:readline';
import {CoppiceError, isSystemError} from '../../system/errors.ts';
import {planStop} from '../plan-order.ts';
import type {StopMode} from '../runtime.ts';
import {bootId, identify} from '../../system/process-table.ts';
import {makePrivateFolder} from './private-folder.ts';
import {
	parseRequest,
	protocolVersion,
	toWire,
	type Answer,
	type Request,
	type StackContext,
} from './protocol.ts';
import {SupervisedService} from './supervised-service.ts';
import {
	controlSocket,
	readState,
	stateFile,
	writeState,
} from './supervisor-state.ts';

/** How often it looks whether its socket is still there. */
const checkMilliseconds = 2000;

/** A supervisor with nothing to supervise ends after this long. */
const idleMilliseconds = 10 * 60_000;

/** The descriptor on which whoever starts a supervisor hears that it listens. */
const readyDescriptor = 3;

const reportReady = (word: string): void => {
	try {
		writeSync(readyDescriptor, `${word}\n`);
		closeSync(readyDescriptor);
	} catch {
		// Started by hand, or by somebody who did not wait.
	}
};

/** Ends this process, whatever it still holds: services that run on are handles of it too. */
const end = (): void => {
	// eslint-disable-next-line unicorn/no-process-exit -- The supervisor is a program, started by the command's hidden verb.
	process.exit(0);
};

const listen = async (path: string): Promise<net.Server> => new Promise((resolve, reject) => {
	const server = net.createServer();
	server.once('error', reject);
	server.listen({path}, () => {
		server.off('error', reject);
		resolve(server);
	});
});

/**
Takes the lock of a stack's supervisor, held until this process ends.

@returns `undefined` where another process has it.
*/
const takeLock = async (runFolder: string): Promise<net.Server | undefined> => {
	const hash = createHash('sha256').update(realpathSync(runFolder)).digest('hex').slice(0, 32);
	try {
		const server = await listen(`\0coppice-${process.getuid?.() ?? 0}-${hash}`);
		server.on('connection', socket => {
			socket.destroy();
		});
		return server;
	} catch (error) {
		if (isSystemError(error, 'EADDRINUSE')) {
			return undefined;
		}

		throw error;
	}
};

class Supervisor {
	readonly #runFolder: string;
	readonly #services = new Map<string, SupervisedService>();
	readonly #identity = identify(process.pid) ?? {processId: process.pid, startTime: 0};
	readonly #bootId = bootId();
	#control: net.Server | undefined;
	#requests = 0;
	#idleSince = performance.now();
	#isEnding = false;

	constructor(runFolder: string) {
		this.#runFolder = runFolder;
	}

	get #isIdle(): boolean {
		return this.#requests === 0 && this.#services.values().every(service => !service.isActive);
	}

	#write(): void {
		if (this.#isEnding) {
			return;
		}

		try {
			writeState(this.#runFolder, {
				bootId: this.#bootId,
				supervisor: this.#identity,
				services: Object.fromEntries([...this.#services].map(([name, service]) => [name, service.record])),
			});
		} catch (error) {
			// A run folder that was removed is made again by the next check.
			console.error(`The state file could not be written: ${String(error)}`);
		}
	}

	async #listen(): Promise<void> {
		const file = controlSocket(this.#runFolder);
		// Whatever is there is stale: the lock is ours.
		rmSync(file, {force: true});
		const umask = process.umask(0o177);
		try {
			this.#control = await listen(file);
		} finally {
			process.umask(umask);
		}

		chmodSync(file, 0o600);
		this.#control.on('connection', socket => {
			void this.#serve(socket);
		});
	}

	/**
	Makes a removed socket anew while there is something to supervise; ends when there is not.
	*/
	async #check(): Promise<void> {
		if (!this.#isIdle) {
			this.#idleSince = performance.now();
		}

		const isGone = !existsSync(controlSocket(this.#runFolder));
		if (this.#isIdle && (isGone || performance.now() - this.#idleSince > idleMilliseconds)) {
			this.#isEnding = true;
			rmSync(controlSocket(this.#runFolder), {force: true});
			end();
		}

		if (!isGone) {
			return;
		}

		this.#control?.close();
		await makePrivateFolder(this.#runFolder);
		await this.#listen();
		this.#write();
	}

	async #serve(socket: net.Socket): Promise<void> {
		const controller = new AbortController();
		const send = (answer: Answer): void => {
			if (!socket.destroyed) {
				socket.write(`${JSON.stringify(answer)}\n`);
			}
		};

		socket.on('error', () => undefined);
		socket.on('close', () => {
			controller.abort();
		});
		const lines = readline.createInterface({input: socket});
		lines.once('line', line => {
			void this.#answer(line, socket, send, controller.signal);
		});
	}

	async #answer(line: string, socket: net.Socket, send: (answer: Answer) => void, signal: AbortSignal): Promise<void> {
		this.#requests++;
		try {
			const request = parseRequest(line);
			if (request === undefined || (request.version !== protocolVersion && request.verb !== 'leave')) {
				send({kind: 'other-version'});
			} else {
				await this.#do(request, signal, text => {
					send({kind: 'notice', text});
				});
				send({kind: 'done', supervisor: this.#identity});
			}
		} catch (error) {
			if (!(error instanceof CoppiceError)) {
				console.error(error);
			}

			send({kind: 'error', error: toWire(error)});
		} finally {
			this.#requests--;
		}

		if (this.#isEnding) {
			socket.end(end);
			// A client that does not read must not keep it.
			setTimeout(end, 500);
		} else {
			socket.end();
		}
	}

	async #do(request: Request, signal: AbortSignal, notify: (text: string) => void): Promise<void> {
		if (request.verb === 'leave') {
			this.#isEnding = true;
			for (const service of this.#services.values()) {
				service.release();
			}

			this.#control?.close();
			return;
		}

		this.#configure(request);
		switch (request.verb) {
			case 'start': {
				await this.#start(request, request.services, signal, notify);
				break;
			}

			case 'stop': {
				await this.#stop(request, request.services, request.mode);
				break;
			}

			case 'down': {
				await this.#stopAll('graceful', request);
				this.#isEnding = true;
				this.#control?.close();
				rmSync(stateFile(this.#runFolder), {force: true});
				rmSync(controlSocket(this.#runFolder), {force: true});
				break;
			}
		}
	}

	#configure(context: StackContext): void {
		for (const service of Object.values(context.stack.services)) {
			let supervised = this.#services.get(service.name);
			if (supervised === undefined) {
				supervised = new SupervisedService(service.name, this.#runFolder, () => {
					this.#write();
				});
				this.#services.set(service.name, supervised);
			}

			supervised.configure(service, context);
		}
	}

	/**
	Starts services, each as soon as what it depends on meets its condition.

	@throws CoppiceError of the first service in the order that could not be started; those that do not depend on it start all the same.
	*/
	async #start({stack}: StackContext, names: readonly string[], signal: AbortSignal, notify: (text: string) => void): Promise<void> {
		const starts = new Map<string, Promise<void>>();
		const start = async (name: string): Promise<void> => {
			const dependencies = Object.entries(stack.services[name]?.dependsOn ?? {}).filter(([dependency]) => starts.has(dependency));
			await Promise.all(dependencies.map(async ([dependency, {condition, required}]) => {
				try {
					await starts.get(dependency);
					await this.#services.get(dependency)?.meets(condition, name, signal);
				} catch (error) {
					if (required || signal.aborted) {
						throw error;
					}

					notify(`${name} was started without ${dependency}: ${error instanceof Error ? error.message : String(error)}`);
				}
			}));
			await this.#services.get(name)?.start(notify, signal);
		};

		for (const name of names) {
			starts.set(name, start(name));
		}

		const results = await Promise.allSettled(starts.values());
		const failed = results.find(result => result.status === 'rejected');
		if (failed) {
			throw failed.reason instanceof Error ? failed.reason : new Error(String(failed.reason));
		}
	}

	/**
	Stops services, each after those that depend on it; all at once where their data are thrown away.
	*/
	async #stop({stack}: StackContext, names: readonly string[], mode: StopMode): Promise<void> {
		const before = planStop(stack.services, names);
		const stops = new Map<string, Promise<void>>();
		const stop = async (name: string): Promise<void> => {
			let stopped = stops.get(name);
			if (stopped === undefined) {
				stopped = (async () => {
					if (mode === 'graceful') {
						await Promise.all((before.get(name) ?? []).map(async dependent => stop(dependent)));
					}

					await this.#services.get(name)?.stop(mode);
				})();
				stops.set(name, stopped);
			}

			await stopped;
		};

		await Promise.all(names.map(async name => stop(name)));
	}

	async #stopAll(mode: StopMode, context?: StackContext): Promise<void> {
		const names = this.#services.keys().toArray();
		if (context) {
			await this.#stop(context, names, mode);
		} else {
			await Promise.all(names.map(async name => this.#services.get(name)?.stop(mode)));
		}
	}

	/**
	Adopts what an earlier supervisor has left, and begins to listen.
	*/
	async begin(): Promise<void> {
		const before = readState(this.#runFolder);
		for (const [name, record] of Object.entries(before?.services ?? {})) {
			this.#services.set(name, new SupervisedService(name, this.#runFolder, () => {
				this.#write();
			}, record));
		}

		await Promise.all(this.#services.values().map(async service => service.adopt()));
		this.#write();
		await this.#listen();
		setInterval(() => {
			void this.#check();
		}, checkMilliseconds).unref();
		for (const signal of ['SIGTERM', 'SIGINT'] as const) {
			process.on(signal, () => {
				void this.#stopAll('graceful').finally(end);
			});
		}

		process.on('SIGHUP', () => {
			// It outlives the terminal it was started from.
		});
	}
}

/**
Runs as the supervisor of the stack whose sockets are in this folder; returns when it listens, or when another one already does.
The process then lives until it is asked to end.

@returns Whether this process is the supervisor now.
*/
export const supervise = async ({runFolder}: {readonly runFolder: string}): Promise<boolean> => {
	process.umask(0o022);
	await makePrivateFolder(runFolder);
	const lock = await takeLock(runFolder);
	if (lock === undefined) {
		reportReady('busy');
		return false;
	}

	await new Supervisor(runFolder).begin();
	reportReady('ready');
	return true;
};
