/**
What a Redis server is asked so that it writes its data out, and what its answers mean; whoever asks, and how.
*/
import {setTimeout as delay} from 'node:timers/promises';
import type {Service} from '../stack/stack.ts';
import type {Readiness} from './database.ts';
import {notReady} from './not-ready.ts';
import {credentials} from './redis-service.ts';
import {RedisError} from './resp-client.ts';

/**
Sends one command and returns its answer as text, the items of a list one a line.

@throws RedisError when the server answers with an error.
*/
export type AskRedis = (...words: readonly string[]) => Promise<string>;

/**
What an error that the server answers says of its readiness.
*/
export const explainReply = (error: RedisError, service: Service): Readiness => {
	switch (error.kind) {
		case 'LOADING':
		case 'MASTERDOWN':
		case 'BUSY': {
			return notReady('starting', error.message);
		}

		case 'NOAUTH':
		case 'WRONGPASS':
		case 'DENIED':
		case 'NOPERM': {
			return notReady('denied', credentials(service).password === undefined ? 'it asks for a password, and the service names none' : 'it refuses the password that the service names');
		}

		default: {
			return notReady('failed', error.message);
		}
	}
};

/** The lines of `INFO`. */
const persistence = async (ask: AskRedis): Promise<ReadonlyMap<string, string>> => {
	const text = await ask('INFO', 'persistence');
	const pairs = text.split(/\r?\n/v).filter(line => line.includes(':')).map((line): [string, string] => {
		const colon = line.indexOf(':');
		return [line.slice(0, colon), line.slice(colon + 1)];
	});
	return new Map(pairs);
};

const waitForSave = async (ask: AskRedis): Promise<ReadonlyMap<string, string>> => {
	for (;;) {
		const info = await persistence(ask);
		if (info.get('rdb_bgsave_in_progress') !== '1') {
			return info;
		}

		await delay(20);
	}
};

/**
Whether the server writes snapshots by itself. Managed servers rename or refuse CONFIG; then the default counts: it does.
*/
const savesSnapshots = async (ask: AskRedis): Promise<boolean> => {
	try {
		const answer = await ask('CONFIG', 'GET', 'save');
		const [, points] = answer.split('\n', 2);
		return points !== '';
	} catch (error) {
		if (error instanceof RedisError) {
			return true;
		}

		throw error;
	}
};

/**
Has the server write a snapshot, where it writes any and has no append-only file; returns when it is there.

@throws RedisError where that fails.
*/
export const saveToDisk = async (ask: AskRedis): Promise<void> => {
	const before = await persistence(ask);
	if (before.get('aof_enabled') === '1' || !await savesSnapshots(ask)) {
		return;
	}

	// One that runs already began before this was asked for, so it may lack what was written since.
	await waitForSave(ask);
	try {
		await ask('BGSAVE');
	} catch (error) {
		// Another began just now, by the server's own rules or for another commit: after this was asked for, so it will do.
		if (!(error instanceof RedisError) || !/already in progress/iv.test(error.message)) {
			throw error;
		}
	}

	const after = await waitForSave(ask);
	if (after.get('rdb_last_bgsave_status') !== 'ok') {
		throw new RedisError('ERR the background save failed; the log of the server says why');
	}
};
