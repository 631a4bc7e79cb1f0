/**
Asks a Postgres by `psql` of its image, where no port of the service can be reached from this host.

It connects over TCP: while the official image makes a new cluster, a server for that alone answers on the socket.
*/
import type {Service} from '../stack/stack.ts';
import type {
	Credentials,
	InsideClient,
	Readiness,
	RunInside,
} from './database.ts';
import {checkpointError, notReady} from './not-ready.ts';
import {
	administrator,
	credentials,
	deniedCheckpoint,
	listensOn,
} from './postgres-service.ts';
import {lastLine, runClient, type ClientAnswer} from './run-client.ts';

const psql = async (service: Service, run: RunInside, {user, database, password}: Credentials, statement: string): Promise<ClientAnswer | undefined> => runClient(run, ['psql'], [
	'--no-psqlrc',
	'--no-password',
	'--tuples-only',
	'--no-align',
	'--host=127.0.0.1',
	`--port=${listensOn(service)}`,
	`--username=${user}`,
	`--dbname=${database}`,
	`--command=${statement}`,
], {PGPASSWORD: password ?? '', PGCONNECT_TIMEOUT: '5', PGAPPNAME: 'coppice'});

const explain = (answer: ClientAnswer, {user, database}: Credentials): Readiness => {
	const text = answer.stderr;
	if (/connection refused|could not connect|is the server running/iv.test(text)) {
		return notReady('absent', 'nothing listens on its port');
	}

	if (/is starting up|is shutting down|in recovery mode|not yet accepting connections/v.test(text)) {
		return notReady('starting', 'it starts, recovers or stops');
	}

	return /password authentication failed|no password supplied|authentication failed|no pg_hba\.conf entry/v.test(text) ? notReady('denied', `it refuses the user ${user} with the password of its environment; data made earlier keep their first password`) : notReady('failed', /database ".*" does not exist/v.test(text) ? `it has no database ${database}` : lastLine(answer));
};

export const postgresInside: InsideClient = {
	async probe(service, run) {
		const who = credentials(service);
		const answer = await psql(service, run, who, 'select 1');
		if (answer === undefined) {
			return undefined;
		}

		return answer.exitCode === 0 ? {ready: true} : explain(answer, who);
	},

	async checkpoint(service, run) {
		const who = administrator(service);
		const answer = await psql(service, run, who, 'CHECKPOINT');
		if (answer?.exitCode === 0) {
			return;
		}

		if (answer !== undefined && /permission denied|must be superuser|pg_checkpoint/v.test(answer.stderr)) {
			throw deniedCheckpoint(service, who.user);
		}

		const readiness = answer === undefined ? notReady('failed', 'its image has no `psql`') : explain(answer, who);
		throw checkpointError({service}, 'Postgres', readiness.ready ? 'it failed' : readiness.reason);
	},
};
