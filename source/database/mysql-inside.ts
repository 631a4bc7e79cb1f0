/**
Asks a MariaDB or MySQL by the client in its image, where no port of the service can be reached from this host.

Readiness is asked over TCP: while the official image makes new data, a server for that alone answers on the socket. A checkpoint is
asked for over the socket, since root may be known there alone.
*/
import type {Service} from '../stack/stack.ts';
import type {
	Credentials,
	InsideClient,
	Readiness,
	RunInside,
} from './database.ts';
import {explainCode} from './mysql-errors.ts';
import {
	administrator,
	credentials,
	deniedCheckpoint,
	listensOn,
} from './mysql-service.ts';
import {checkpointError, notReady} from './not-ready.ts';
import {lastLine, runClient, type ClientAnswer} from './run-client.ts';

const ask = async (run: RunInside, {user, database, password}: Credentials, place: readonly string[], statement: string): Promise<ClientAnswer | undefined> => runClient(run, ['mariadb', 'mysql'], [
	...place,
	`--user=${user}`,
	'--connect-timeout=5',
	'--batch',
	'--skip-column-names',
	`--execute=${statement}`,
	...(database === '' ? [] : [`--database=${database}`]),
], {MYSQL_PWD: password ?? ''});

const explain = (answer: ClientAnswer, who: Credentials): Readiness => {
	const code = /ERROR (?<code>\d+)/v.exec(answer.stderr)?.groups?.code;
	// The client's own: it reached no server.
	return code === '2002' || code === '2003'
		? notReady('absent', 'nothing listens on its port')
		: explainCode(code, who) ?? notReady('failed', lastLine(answer));
};

const noClient = notReady('failed', 'its image has no client');

const flush = async (service: Service, run: RunInside): Promise<void> => {
	const who = {...administrator(service), database: ''};
	const answer = await ask(run, who, [], 'FLUSH ENGINE LOGS');
	if (answer?.exitCode !== 0) {
		if (answer !== undefined && /ERROR (?:1227|1045)\b/v.test(answer.stderr)) {
			throw deniedCheckpoint(service, who.user);
		}

		const readiness = answer === undefined ? noClient : explain(answer, who);
		throw checkpointError({service}, 'MariaDB or MySQL', readiness.ready ? 'it failed' : readiness.reason);
	}

	// Not there in MySQL, or not allowed: a clone then has more to recover, that is all.
	await ask(run, who, [], 'SET GLOBAL innodb_log_checkpoint_now = ON');
};

export const mysqlInside: InsideClient = {
	async probe(service, run) {
		const who = credentials(service);
		const answer = await ask(run, who, ['--protocol=tcp', '--host=127.0.0.1', `--port=${listensOn(service)}`], 'SELECT 1');
		if (answer === undefined) {
			return undefined;
		}

		return answer.exitCode === 0 ? {ready: true} : explain(answer, who);
	},

	checkpoint: flush,
};
