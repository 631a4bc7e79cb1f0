/**
How a Redis server is brought to write its data, by the order of its answers: what real servers do is in `redis.test.ts`.
*/
import test from 'ava';
import {saveToDisk, type AskRedis} from '../../source/database/redis-replies.ts';
import {RedisError} from '../../source/database/resp-client.ts';

/** A server that saves by `save` points alone, and in which another save begins just before the one that is asked for. */
const makeServer = (status: string) => {
	const asked: string[] = [];
	let left = 0;
	const ask: AskRedis = async (...words) => {
		asked.push(words[0]!);
		switch (words[0]) {
			case 'INFO': {
				const saves = left > 0;
				left--;
				return `aof_enabled:0\r\nrdb_bgsave_in_progress:${saves ? 1 : 0}\r\nrdb_last_bgsave_status:${status}`;
			}

			case 'CONFIG': {
				return 'save\n3600 1';
			}

			default: {
				left = 2;
				throw new RedisError('ERR Background save already in progress');
			}
		}
	};

	return {ask, asked};
};

test('a save that another began after this was asked for will do, once it has ended', async t => {
	const {ask, asked} = makeServer('ok');
	await saveToDisk(ask);
	t.deepEqual(asked, ['INFO', 'CONFIG', 'INFO', 'BGSAVE', 'INFO', 'INFO', 'INFO']);
});

test('it is a failure where that one fails', async t => {
	await t.throwsAsync(saveToDisk(makeServer('err').ask), {message: /the background save failed/v});
});

test('any other refusal is a failure', async t => {
	const {ask} = makeServer('ok');
	await t.throwsAsync(saveToDisk(async (...words) => {
		if (words[0] === 'BGSAVE') {
			throw new RedisError('MISCONF Redis is configured to save RDB snapshots, but it\'s currently unable to persist to disk');
		}

		return ask(...words);
	}), {message: /MISCONF/v});
});
