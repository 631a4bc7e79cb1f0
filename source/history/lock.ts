/**
A lock that the kernel frees when its holder dies, however it dies: nothing is ever left locked, and nothing has to be cleaned up.

The holder listens on a Unix socket in the abstract namespace of Linux (unix(7)), whose name only one socket can have and which
no file stands for. Whoever wants the lock too connects: the holder says who it is in one line of JSON, and when it is through, or dead,
the connection ends, so waiters learn at once. The name is seen by all users of the host, but not across network namespaces:
what runs inside a container does not see locks outside it.
*/
import {AsyncLocalStorage} from 'node:async_hooks';
import {createHash} from 'node:crypto';
import net from 'node:net';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {holdSocket, type HeldSocket} from '../system/abstract-socket.ts';
import {monotonicNow} from '../system/clock.ts';
import {CoppiceError} from '../system/errors.ts';

export type LockOptions = {
	/** What is locked: the path of the pool and the stack, say. Any text; compared as it is. */
	readonly name: string;

	/** What the holder does, for whoever has to wait: `reset`. */
	readonly verb: string;

	/** How long to wait for another holder; 5 seconds unless told, 0 not to wait. */
	readonly waitMilliseconds?: number;

	/** Ends the waiting. */
	readonly signal?: AbortSignal;
};

type Holder = {
	readonly pid: number;
	readonly verb: string;

	/** ISO 8601. */
	readonly since: string;
};

// A holder that is there answers at once; one that is stopped (SIGSTOP) does not.
const answerMilliseconds = 500;
const longestAnswer = 4096;

/** Locks that the code running now is inside of. */
const heldHere = new AsyncLocalStorage<ReadonlySet<string>>();

/** The socket address of a lock: the path of at most 107 bytes that unix(7) allows. */
export const lockAddress = (name: string): string => `\0coppice/${createHash('sha256').update(name).digest('hex')}`;

/**
Takes the lock if it is free.
*/
const take = async (address: string, verb: string): Promise<HeldSocket | undefined> => {
	const answer = `${JSON.stringify({pid: process.pid, verb, since: new Date().toISOString()} satisfies Holder)}\n`;
	return holdSocket(address, socket => {
		socket.write(answer);
	});
};

const parseHolder = (text: string): Holder | undefined => {
	try {
		const {pid, verb, since} = JSON.parse(text) as Partial<Holder>;
		// Any process of the host could have taken the name: nothing it says gets to a terminal unchecked.
		return Number.isSafeInteger(pid) && /^[\w \-]{1,40}$/v.test(String(verb)) && !Number.isNaN(Date.parse(String(since)))
			? {pid: pid!, verb: verb!, since: new Date(since!).toISOString()}
			: undefined;
	} catch {
		return undefined;
	}
};

type Visit = {
	/** Who holds it, as far as it said. */
	readonly holder: Holder | undefined;
	readonly end: 'over' | 'timeout' | 'aborted';
};

/**
Connects to the holder and waits until it lets go, at most so long.
*/
const visit = async (address: string, milliseconds: number, signal: AbortSignal | undefined): Promise<Visit> => new Promise(resolve => {
	let text = '';
	let end: Visit['end'] = 'over';
	const socket = net.connect(address);
	const parse = () => parseHolder(text.slice(0, text.indexOf('\n')));
	const finish = (why: Visit['end']) => {
		end = why;
		socket.destroy();
	};

	const timeout = setTimeout(() => {
		finish('timeout');
	}, Math.max(milliseconds, answerMilliseconds));
	const abort = () => {
		finish('aborted');
	};

	signal?.addEventListener('abort', abort, {once: true});
	socket.setEncoding('utf8');
	socket.on('data', (chunk: string) => {
		text = (text + chunk).slice(0, longestAnswer);
		if (milliseconds <= 0 && text.includes('\n')) {
			finish('timeout');
		}
	});
	socket.on('error', () => {
		// Refused: bound but not listening yet, or gone just now. Reset: the holder died before it could answer. `close` follows.
	});
	socket.on('close', () => {
		clearTimeout(timeout);
		signal?.removeEventListener('abort', abort);
		resolve({holder: parse(), end});
	});
});

const refusal = (verb: string, holder: Holder | undefined): CoppiceError => holder === undefined
	? new CoppiceError('conflict', `Another coppice command holds this stack, so \`${verb}\` can't begin, and it does not say which it is.`, {
		hint: 'It may be stopped (Ctrl-Z): look with `ps -ef | grep coppice`, let it go on or end it, then run this again.',
	})
	: new CoppiceError('conflict', `\`coppice ${holder.verb}\` (process ${holder.pid}, since ${holder.since}) holds this stack, so \`${verb}\` can't begin.`, {
		hint: `Wait until it is through, or stop it with \`kill ${holder.pid}\`, then run this again.`,
	});

const wait = async ({name, verb, waitMilliseconds = 5000, signal}: LockOptions): Promise<HeldSocket> => {
	const address = lockAddress(name);
	const deadline = monotonicNow() + waitMilliseconds;
	let holder: Holder | undefined;
	let isLate = false;
	for (;;) {
		if (signal?.aborted === true) {
			throw new CoppiceError('interrupted', `Interrupted while \`${verb}\` waited for another command on this stack.`);
		}

		const lock = await take(address, verb);
		if (lock) {
			return lock;
		}

		if (isLate) {
			throw refusal(verb, holder);
		}

		const result = await visit(address, deadline - monotonicNow(), signal);
		holder = result.holder;
		if (result.end === 'timeout') {
			throw refusal(verb, holder);
		}

		isLate = monotonicNow() >= deadline;
		if (holder === undefined) {
			// It was on its way in or out, or is a stranger under that name: not in a tight circle.
			await delay(10);
		}
	}
};

/**
Runs something alone: no other process, and nothing else in this one, that asks for the same name runs at the same time.

The lock is freed when `run` is through, whatever its outcome, and by the kernel when this process ends.

@throws CoppiceError `conflict` that names the holder's verb, process and since when, after the waiting; `interrupted` when the signal came first.
*/
export const withLock = async <Result>(options: LockOptions, run: () => Promise<Result>): Promise<Result> => {
	const outer = heldHere.getStore() ?? new Set();
	if (outer.has(options.name)) {
		throw new Error(`withLock is called inside itself for ${JSON.stringify(options.name)}: it would wait for itself`);
	}

	const lock = await wait(options);
	const held = new Set([...outer, options.name]);
	try {
		return await heldHere.run(held, run);
	} finally {
		// Work that outlives `run` may ask for the lock again.
		held.delete(options.name);
		await lock.release();
	}
};
