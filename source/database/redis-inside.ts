/**
Asks a Redis or Valkey by the client in its image, where no port of the service can be reached from this host.
*/
import type {Service} from '../stack/stack.ts';
import type {InsideClient, RunInside} from './database.ts';
import {checkpointError, notReady} from './not-ready.ts';
import {explainReply, saveToDisk, type AskRedis} from './redis-replies.ts';
import {credentials, listensOn} from './redis-service.ts';
import {RedisError} from './resp-client.ts';
import {lastLine, runClient} from './run-client.ts';

class NoClient extends Error {
	override readonly name = 'NoClient';
}

class NoConnection extends Error {
	override readonly name = 'NoConnection';
}

/** The first word of the server's errors; the client prints them like any answer. */
const errorReply = /^(?:\(error\) )?(?<message>(?:ERR|NOAUTH|WRONGPASS|DENIED|NOPERM|LOADING|MASTERDOWN|BUSY|MISCONF)\b.*)/v;

const askInside = (service: Service, run: RunInside): AskRedis => async (...words) => {
	const {password} = credentials(service);
	const answer = await runClient(
		run,
		['redis-cli', 'valkey-cli', 'keydb-cli'],
		['-h', '127.0.0.1', '-p', String(listensOn(service)), ...words],
		password === undefined ? {} : {REDISCLI_AUTH: password, VALKEYCLI_AUTH: password},
	);
	if (answer === undefined) {
		throw new NoClient('The image has no client');
	}

	// A password that the server does not ask for is complained of before the answer.
	const text = answer.stdout.split(/\r?\n/v).filter(line => !/^(?:Warning: |AUTH failed: )/v.test(line)).join('\n').replace(/\n$/v, '');
	const message = errorReply.exec(text)?.groups?.message;
	if (message !== undefined) {
		throw new RedisError(message);
	}

	if (answer.exitCode !== 0) {
		throw new NoConnection(lastLine(answer));
	}

	return text;
};

export const redisInside: InsideClient = {
	async probe(service, run) {
		try {
			const reply = await askInside(service, run)('PING');
			return reply === 'PONG' ? {ready: true} : notReady('failed', 'it did not answer PING with PONG');
		} catch (error) {
			if (error instanceof NoClient) {
				return undefined;
			}

			if (error instanceof RedisError) {
				return explainReply(error, service);
			}

			if (error instanceof NoConnection) {
				return notReady(error.message.includes('refused') ? 'absent' : 'failed', error.message);
			}

			throw error;
		}
	},

	async checkpoint(service, run) {
		try {
			await saveToDisk(askInside(service, run));
		} catch (error) {
			const readiness = error instanceof RedisError ? explainReply(error, service) : undefined;
			const why = readiness?.ready === false ? readiness.reason : (error instanceof Error ? error.message : String(error));
			throw checkpointError({service}, 'Redis', why, {cause: error});
		}
	},
};
