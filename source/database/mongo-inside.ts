/**
Asks a MongoDB by the shell in its image, where no port of the service can be reached from this host.

The shell logs in itself, so that a server which asks for a password can be asked for a checkpoint too. What it evaluates is of a kind that
the old shell (`mongo`) and the new one (`mongosh`) both understand; user and password come by its environment.
*/
import type {Service} from '../stack/stack.ts';
import type {InsideClient, Readiness, RunInside} from './database.ts';
import {credentials, listensOn} from './mongo-service.ts';
import {checkpointError, notReady} from './not-ready.ts';
import {lastLine, runClient} from './run-client.ts';

/** What stands before the answer in what the shell prints. */
const mark = 'COPPICE-ANSWER ';

/** Of `Unauthorized` and `AuthenticationFailed` (`src/mongo/base/error_codes.yml`). */
const deniedCodes = new Set([13, 18]);

/**
Where the official image's entry point notes the server that it makes new data with: that one answers as the real one will, on the same port,
and goes away again (`docker-entrypoint.sh`, `docker-entrypoint-temp-mongod.pid`).
*/
const makingDataFile = '/tmp/docker-entrypoint-temp-mongod.pid';

const userVariable = 'COPPICE_MONGO_USER';
const passwordVariable = 'COPPICE_MONGO_PASSWORD';

/**
Evaluated by the shell: logs in where there is a user, runs one command, prints its answer or its error as JSON. Both shells throw for most
errors, and differ in which they return.
*/
const script = (command: string, isLoggedIn: boolean): string => `
var get = function (name) { return typeof process === 'undefined' ? _getEnv(name) : process.env[name]; };
var answer;
try {
	var admin = db.getSiblingDB('admin');
	${isLoggedIn ? `if (!admin.auth(get('${userVariable}'), get('${passwordVariable}'))) throw {code: 18, message: 'Authentication failed.'};` : ''}
	answer = admin.runCommand(${command});
} catch (error) {
	answer = {ok: 0, code: error.code, errmsg: error.message || String(error)};
}
print('${mark}' + JSON.stringify({
	ok: Number(answer.ok), code: answer.code, errmsg: answer.errmsg, isWritablePrimary: answer.isWritablePrimary, secondary: answer.secondary
}));
`;

type Answer = {
	readonly ok?: number;
	readonly code?: number;
	readonly errmsg?: string;
	readonly isWritablePrimary?: boolean;
	readonly secondary?: boolean;
};

const notAnswer = (text: string): Readiness => notReady(/econnrefused|connection refused/iv.test(text) ? 'absent' : 'failed', text);

/**
@returns What the server has answered, or why there is none; `undefined` where the image has no shell.
*/
const ask = async (service: Service, run: RunInside, command: string): Promise<Answer | Readiness | undefined> => {
	const {user, password = ''} = credentials(service);
	const result = await runClient(
		run,
		['mongosh', 'mongo'],
		['--quiet', '--norc', '--host', '127.0.0.1', '--port', String(listensOn(service)), '--eval', script(command, user !== '')],
		user === '' ? {} : {[userVariable]: user, [passwordVariable]: password},
	);
	if (result === undefined) {
		return undefined;
	}

	const line = result.stdout.split(/\r?\n/v).findLast(text => text.startsWith(mark));
	try {
		return line === undefined ? notAnswer(lastLine(result)) : JSON.parse(line.slice(mark.length)) as Answer;
	} catch {
		return notReady('failed', 'what its shell printed can\'t be understood');
	}
};

const explain = ({code, errmsg = 'it answers with an error'}: Answer, service: Service): Readiness => code !== undefined && deniedCodes.has(code)
	? notReady('denied', `it does not let ${credentials(service).user === '' ? 'anybody in without a password' : `user ${credentials(service).user} in`}: ${errmsg}`)
	: notReady('starting', errmsg);

export const mongoInside: InsideClient = {
	async probe(service, run) {
		const answer = await ask(service, run, '{hello: 1}');
		if (answer === undefined || 'ready' in answer) {
			return answer;
		}

		if (answer.ok !== 1) {
			return explain(answer, service);
		}

		if (answer.isWritablePrimary !== true && answer.secondary !== true) {
			return notReady('starting', 'it is neither primary nor secondary yet');
		}

		// Asked after the answer: a server that is there for new data alone is gone before its file is.
		const {exitCode} = await run(['ls', makingDataFile], {LC_ALL: 'C'});
		return exitCode === 0 ? notReady('starting', 'the image is making new data') : {ready: true};
	},

	async checkpoint(service, run) {
		const answer = await ask(service, run, '{fsync: 1}') ?? notReady('failed', 'its image has no client');
		const readiness = 'ready' in answer ? answer : (answer.ok === 1 ? {ready: true as const} : explain(answer, service));
		if (!readiness.ready) {
			throw checkpointError({service}, 'MongoDB', readiness.reason);
		}
	},
};
