/**
Opens a host: connects when something is first asked, says hello, and keeps the connection for what is asked next.
*/
import {setTimeout as delay} from 'node:timers/promises';
import {isDeepStrictEqual} from 'node:util';
import {z} from 'zod';
import {CoppiceError} from '../system/errors.ts';
import type {TransferRequest} from '../transfer/channel.ts';
import {version as ownVersion} from '../system/version.ts';
import {shownText} from './agent-errors.ts';
import {isShared, startAgent, type AgentProcess} from './agent-process.ts';
import {agentProtocol, type ResultOf} from './agent-protocol.ts';
import {openSession, readResult, type AgentSession} from './agent-session.ts';
import {isOlder} from './compare-versions.ts';
import type {Home} from './home.ts';
import type {CallOptions, Host, HostRecord} from './host.ts';
import type {Changes} from './view-methods.ts';

export type Hello = ResultOf<'hello'>;

/**
A host whose connection somebody keeps, to be told what happens there.
*/
export type LiveHost = Host & {
	/**
	Connects, where it is not connected.

	@returns What the host says of itself, and a promise of the end of this very connection.
	@throws CoppiceError as `call`.
	*/
	connect(options?: CallOptions): Promise<{readonly hello: Hello; readonly ended: Promise<CoppiceError>}>;

	/** Calls the listener with what has changed there, after `watch` was asked, over whatever connection. */
	onChanged(listener: (changes: Changes) => void): void;
};

export type OpenHostOptions = {
	readonly home: Home;

	/** Told when an older engine, which `host add` has put there, is replaced by this one, and then how. */
	readonly onUpgrade?: (message: string) => void;

	/** Of this side; the program's unless told. */
	readonly version?: string;
};

/** Milliseconds to wait for the first answer, once it is connected: longer than a Node takes to start on a slow machine. */
const helloMilliseconds = 30_000;

/** Milliseconds between two looks whether a connection can be shared. */
const sharedMilliseconds = 5;

/** As much of a greeting as every version has. */
const anyHello = z.looseObject({protocol: z.int(), version: z.string().max(200).pipe(shownText)});

/**
What to do about the other side's version.

@returns `upgrade` where the engine that was put there should be replaced by this one.
@throws CoppiceError `host` that says which side to update, and how.
*/
export const negotiate = (
	{protocol, version}: {readonly protocol: number; readonly version: string},
	record: HostRecord,
	own: {readonly protocol: number; readonly version: string; readonly canUpgrade: boolean},
): 'talk' | 'upgrade' => {
	if (protocol > own.protocol) {
		throw new CoppiceError('host', `This Coppice (${own.version}) is older than that on ${record.name} (${version}): they can't talk to each other.`, {
			host: record.name, hint: 'Update Coppice on this machine: run `./install.sh` of a newer version.',
		});
	}

	const isOurs = record.installed === true && own.canUpgrade;
	if (protocol < own.protocol) {
		if (isOurs) {
			return 'upgrade';
		}

		const port = record.port === undefined ? '' : `:${record.port}`;
		throw new CoppiceError('host', `The Coppice on ${record.name} (${version}) is older than this one (${own.version}): they can't talk to each other.`, {
			host: record.name,
			hint: record.kind === 'ssh'
				? `Update it there, or put this version there: \`coppice host add ${record.name} ${record.address}${port}\`.`
				: 'Run the newer of the two programs.',
		});
	}

	return isOurs && isOlder(version, own.version) ? 'upgrade' : 'talk';
};

const withTimeout = async <T>(promise: Promise<T>, milliseconds: number, onTimeout: () => CoppiceError): Promise<T> => {
	const {promise: late, reject} = Promise.withResolvers<never>();
	const timer = setTimeout(() => {
		reject(onTimeout());
	}, milliseconds);
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
};

const raceAbort = async <T>(promise: Promise<T>, name: string, signal: AbortSignal | undefined): Promise<T> => {
	if (signal === undefined) {
		return promise;
	}

	const {promise: aborted, reject} = Promise.withResolvers<never>();
	const onAbort = (): void => {
		reject(new CoppiceError('interrupted', `Interrupted while connecting to ${name}.`, {host: name}));
	};

	if (signal.aborted) {
		onAbort();
	}

	signal.addEventListener('abort', onAbort, {once: true});
	try {
		return await Promise.race([promise, aborted]);
	} finally {
		signal.removeEventListener('abort', onAbort);
		promise.catch(() => {
			// Told to whoever else waits for it.
		});
	}
};

/** A pool that is not there, or not mounted, is not one that has nothing in it. */
const checkPool = (hello: Hello, {kind, name, address}: HostRecord): Hello => {
	if (kind === 'pool' && hello.pool === null) {
		throw new CoppiceError('host', `There is no pool in ${address} now.`, {host: name, hint: 'Mount the disk that it is on, or forget it with `coppice host rm`.'});
	}

	return hello;
};

type Direction = Parameters<Host['openChannel']>[0];

/** A channel that is up before it is opened. */
type PreparedChannel = {
	/** Comes when there is a connection to share; nothing where it could not be started. Never rejects. */
	readonly agent: Promise<AgentProcess | undefined>;

	/** What it was asked ahead. */
	asked?: TransferRequest;
};

const ask = (agent: AgentProcess, request: TransferRequest): void => {
	agent.stdin.write(`${JSON.stringify(request)}\n`);
};

const askAhead = async (starting: Promise<AgentProcess | undefined>, request: TransferRequest): Promise<void> => {
	const agent = await starting;
	if (agent !== undefined) {
		ask(agent, request);
	}
};

type Connected = {readonly session: AgentSession; readonly hello: Hello};

/**
A host by its record. Nothing is started before something is asked.
*/
export const openHost = (record: HostRecord, {home, onUpgrade, version = ownVersion}: OpenHostOptions): LiveHost => {
	let connecting: Promise<Connected> | undefined;
	let serving: AgentProcess | undefined;
	const listeners = new Set<(changes: Changes) => void>();
	const channels = new Set<AgentProcess>();

	const prepared = new Map<Direction, PreparedChannel>();

	const startChannel = (direction: Direction): AgentProcess => {
		const agent = startAgent(record, direction, home);
		channels.add(agent);
		void (async () => {
			await agent.ended;
			channels.delete(agent);
		})();

		return agent;
	};

	/** How often all channels were closed: what was to be started before then is not wanted any more. */
	let closings = 0;

	const closeChannels = async (): Promise<void> => {
		closings++;
		prepared.clear();
		await Promise.all([...channels].map(async agent => agent.close()));
	};

	const greet = async (canUpgrade: boolean): Promise<Connected | 'upgrade'> => {
		serving = startAgent(record, 'serve', home);
		const session = await openSession(serving, record);
		try {
			const answer = await withTimeout(session.ask('hello', {protocol: agentProtocol, version}), helloMilliseconds, () =>
				new CoppiceError('host', `The engine on ${record.name} did not answer within ${helloMilliseconds / 1000} s.`, {
					host: record.name, hint: 'See whether the machine is overloaded, and that nothing there waits for input when one logs in without a terminal.',
				}));
			const any = anyHello.safeParse(answer);
			if (!any.success) {
				throw new CoppiceError('host', `What answers on ${record.name} is no engine of Coppice.`, {host: record.name, hint: `Run \`coppice host add ${record.name} ${record.address}\` again.`});
			}

			const next = negotiate(any.data, record, {protocol: agentProtocol, version, canUpgrade});
			if (next === 'talk') {
				session.onChanged(changes => {
					for (const listener of listeners) {
						listener(changes);
					}
				});
				return {session, hello: checkPool(readResult('hello', answer, record.name), record)};
			}
		} catch (error) {
			void session.close();
			throw error;
		}

		await session.close();
		return 'upgrade';
	};

	const upgrade = async (): Promise<void> => {
		const {upgradeEngine} = await import('./install-engine.ts');
		const {did} = await upgradeEngine(record, {
			home,
			report: {
				step(message) {
					onUpgrade?.(message);
				},
				sent() {},
			},
		});
		for (const sentence of did) {
			onUpgrade?.(sentence);
		}
	};

	const connect = async (): Promise<Connected> => {
		const first = await greet(record.kind === 'ssh');
		if (first !== 'upgrade') {
			return first;
		}

		// Those of the engine before are of no use.
		await closeChannels();
		await upgrade();
		const second = await greet(false);
		if (second === 'upgrade') {
			throw new Error('an engine is put there once only');
		}

		return second;
	};

	const connected = async (signal?: AbortSignal): Promise<Connected> => {
		if (connecting === undefined) {
			const attempt = connect();
			connecting = attempt;
			const forget = (): void => {
				if (connecting === attempt) {
					connecting = undefined;
				}
			};

			void (async () => {
				try {
					const {session} = await attempt;
					await session.ended;
				} catch {
					// Told to who asked.
				}

				forget();
			})();
		}

		return raceAbort(connecting, record.name, signal);
	};

	/**
	Waits until another process can share the connection: long before the engine answers on it.

	@returns Whether there is one.
	*/
	const untilShared = async (): Promise<boolean> => {
		const attempt = (async () => {
			try {
				await connected();
				return true;
			} catch {
				return false;
			}
		})();
		while (!isShared(record, home)) {
			const isConnected = await Promise.race([attempt, delay(sharedMilliseconds)]);
			if (isConnected !== undefined) {
				return isConnected;
			}
		}

		return true;
	};

	const startWhenShared = async (direction: Direction): Promise<AgentProcess | undefined> => {
		const asOf = closings;
		const canStart = await untilShared();
		try {
			return canStart && closings === asOf ? startChannel(direction) : undefined;
		} catch {
			// Who opens it starts one, and is told.
			return undefined;
		}
	};

	return {
		record,
		async connect({signal} = {}) {
			const {hello, session} = await connected(signal);
			return {hello, ended: session.ended};
		},
		onChanged(listener) {
			listeners.add(listener);
		},
		async call(method, params, {signal} = {}) {
			const {session} = await connected(signal);
			return session.call(method, params, signal);
		},
		prepareChannel(direction, request) {
			let channel = prepared.get(direction);
			if (channel === undefined) {
				channel = {agent: startWhenShared(direction)};
				prepared.set(direction, channel);
			}

			if (request === undefined || channel.asked !== undefined) {
				return;
			}

			channel.asked = request;
			void askAhead(channel.agent, request);
		},
		async openChannel(direction, request, {signal} = {}) {
			// Tells a host that can't be reached from a transfer that was cut, and leaves a connection to share.
			await connected(signal);
			const before = prepared.get(direction);
			prepared.delete(direction);
			const ready = await before?.agent;
			const isFit = ready !== undefined && channels.has(ready) && (before?.asked === undefined || isDeepStrictEqual(before.asked, request));
			if (!isFit) {
				// What it may have begun there would be in the way.
				await ready?.close();
			}

			const agent = isFit ? ready : startChannel(direction);
			if (!isFit || before?.asked === undefined) {
				ask(agent, request);
			}

			return {input: agent.stdout, output: agent.stdin, close: async () => agent.close()};
		},
		async close() {
			const attempt = connecting;
			connecting = undefined;
			const closing = Promise.all([closeChannels(), serving?.close()]);
			try {
				const session = await attempt;
				await session?.session.close();
			} catch {
				// It never was connected.
			}

			await closing;
		},
	};
};
