/**
Makes a new Postgres database as the official image does: `initdb`, `pg_hba.conf`, the database of `POSTGRES_DB`, then the scripts of
`/docker-entrypoint-initdb.d` against a server that only this user can reach.
<https://github.com/docker-library/postgres/blob/master/docker-entrypoint.sh>

One thing differs on purpose. Inside a container `127.0.0.1` is the container itself, and the image trusts it; on the host it is
every user of the machine, so there the password is asked for too.
*/
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {createReadStream} from 'node:fs';
import {appendFile, readFile} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {createGunzip, gunzipSync} from 'node:zlib';
import {CoppiceError} from '../../../system/errors.ts';
import {isRoot, runCommand, tryCommand} from '../../../system/run-command.ts';
import type {Service} from '../../../stack/stack.ts';
import {accepts} from '../accept-check.ts';
import type {HostMount} from '../mounts.ts';
import {sendSignal} from '../service-processes.ts';
import type {ServiceUser} from '../service-user.ts';
import {baseEnvironment} from './base-environment.ts';
import {findProgram} from './find-program.ts';
import {findInitScripts, type InitScript} from './init-scripts.ts';
import type {PostgresInstallation} from './postgres-binaries.ts';
import type {RecipeContext} from './recipe.ts';
import {readVariable} from './variables.ts';
import {splitWords} from './words.ts';

export type PostgresAccount = {
	readonly user: string;
	readonly password: string | undefined;
	readonly database: string;
};

/**
Who owns the database, by the variables of the official image.
*/
export const postgresAccount = (service: Service, mounts: readonly HostMount[]): PostgresAccount => {
	const user = readVariable(service, mounts, 'POSTGRES_USER') ?? 'postgres';
	return {user, password: readVariable(service, mounts, 'POSTGRES_PASSWORD'), database: readVariable(service, mounts, 'POSTGRES_DB') ?? user};
};

const ids = (user: ServiceUser): Record<string, never> | {uid: number; gid: number} => isRoot() ? {uid: user.uid, gid: user.gid} : {};

/** The image's locale where this host has it; sorting else goes by code point, the same on every machine. */
const chooseLocale = async (): Promise<string> => {
	try {
		const {stdout} = await tryCommand(['locale', '-a']);
		return stdout.split('\n').includes('en_US.utf8') ? 'en_US.utf8' : 'C.UTF-8';
	} catch {
		return 'C.UTF-8';
	}
};

export type PostgresInit = {
	readonly context: RecipeContext;
	readonly installation: PostgresInstallation;
	readonly user: ServiceUser;

	/** Made by the caller, empty, and owned by the user. */
	readonly folder: string;
	readonly scratch: string;

	/** Flags of the service's command, so that `shared_preload_libraries` and the like hold for scripts too. */
	readonly flags: readonly string[];
};

const runInitdb = async ({context, installation, user, folder}: PostgresInit, account: PostgresAccount): Promise<void> => {
	const {service, mounts, signal} = context;
	const method = readVariable(service, mounts, 'POSTGRES_HOST_AUTH_METHOD');
	if (method !== 'trust' && account.password === undefined) {
		throw new CoppiceError('precondition', `The database of ${service.name} has no password to be made with.`, {
			service: service.name, hint: `Set POSTGRES_PASSWORD in \`environment:\` of ${service.name}, as the image asks for too.`,
		});
	}

	const hashing = Number(installation.major) >= 14 ? 'scram-sha-256' : 'md5';
	const command = [
		path.join(installation.binFolder, 'initdb'),
		'-D',
		folder,
		`--username=${account.user}`,
		'--no-sync',
		'--encoding=UTF8',
		`--locale=${await chooseLocale()}`,
		'--auth-local=trust',
		`--auth-host=${method ?? hashing}`,
		...splitWords(readVariable(service, mounts, 'POSTGRES_INITDB_ARGS') ?? ''),
	];
	// The password goes through a pipe: initdb opens the file that it is told, which a socket can't be, and a file would stay after a kill.
	const wrapped = account.password === undefined ? command : ['/bin/sh', '-c', 'cat | "$0" "$@" --pwfile=/dev/stdin', ...command];
	const result = await tryCommand(wrapped, {
		...ids(user), cwd: folder, input: `${account.password ?? ''}\n`, env: baseEnvironment(user, installation.binFolder), service: service.name, signal,
	});
	context.log('stdout', result.stdout);
	context.log('stderr', result.stderr);
	if (result.exitCode !== 0) {
		throw new CoppiceError('failed', `The database of ${service.name} could not be made: ${result.stderr.trim().split('\n').at(-1) ?? 'initdb failed'}.`, {
			service: service.name, stderr: result.stderr, hint: `\`coppice logs ${service.name}\` has all that initdb said.`,
		});
	}

	await appendFile(path.join(folder, 'pg_hba.conf'), `\nhost all all all ${method ?? hashing}\n`);
};

type InitServer = {
	readonly child: ChildProcess;
	readonly socketFolder: string;
	readonly port: number;
};

const startServer = async ({context, installation, user, folder, flags}: PostgresInit): Promise<InitServer> => {
	const socketFolder = await context.socketFolder(user);
	const port = 5432;
	const [stdout, stderr] = context.openOutput(user);
	const child = spawn(path.join(installation.binFolder, 'postgres'), [
		'-D',
		folder,
		...flags,
		// The folder does not count before it is whole and synced, so syncing each commit of a script would be for nothing.
		'-c',
		'fsync=off',
		'-c',
		'listen_addresses=',
		'-c',
		`port=${port}`,
		'-c',
		`unix_socket_directories=${socketFolder}`,
		'-c',
		'logging_collector=off',
		'-c',
		'log_destination=stderr',
	], {
		...ids(user), cwd: folder, env: baseEnvironment(user, installation.binFolder), stdio: ['ignore', stdout, stderr], detached: true,
	});
	let isOver = false;
	child.once('exit', () => {
		isOver = true;
	});
	child.once('error', () => {
		isOver = true;
	});
	while (!await accepts('postgres', {path: path.join(socketFolder, `.s.PGSQL.${port}`)}, 1000, postgresAccount(context.service, context.mounts).user)) {
		if (isOver || context.signal.aborted) {
			if (child.pid !== undefined) {
				sendSignal(child.pid, 'SIGKILL');
			}

			throw new CoppiceError(isOver ? 'failed' : 'interrupted', `The new database of ${context.service.name} ${isOver ? 'does not start' : 'was not made: interrupted'}.`, {
				service: context.service.name, hint: `\`coppice logs ${context.service.name}\` says why.`,
			});
		}

		await delay(10);
	}

	return {child, socketFolder, port};
};

const runSql = async (server: InitServer, account: PostgresAccount, database: string, sql: string): Promise<void> => {
	const {default: pg} = await import('pg');
	const client = new pg.Client({
		host: server.socketFolder, port: server.port, user: account.user, password: account.password, database,
	});
	await client.connect();
	try {
		await client.query(sql);
	} finally {
		await client.end();
	}
};

/**
The line of an error that says what is wrong: psql adds the statement and a mark below it.
*/
const whatWentWrong = (error: unknown): string => {
	const output = error instanceof CoppiceError ? error.context.stderr : undefined;
	const line = output?.split('\n').find(each => each.includes('ERROR:'));
	return line?.slice(line.indexOf('ERROR:')) ?? (error instanceof Error ? error.message : String(error));
};

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const runScript = async (script: InitScript, init: PostgresInit, server: InitServer, account: PostgresAccount): Promise<void> => {
	const {context, installation, user} = init;
	const {service} = context;
	const environment: Record<string, string> = {
		...baseEnvironment(user, installation.binFolder),
		...service.environment,
		POSTGRES_USER: account.user, POSTGRES_DB: account.database,
		...(account.password !== undefined && {POSTGRES_PASSWORD: account.password, PGPASSWORD: account.password}),
		PGHOST: server.socketFolder, PGPORT: String(server.port), PGUSER: account.user, PGDATA: init.folder,
	};
	const run = async (command: readonly string[], input?: string): Promise<void> => {
		const result = await runCommand(command, {
			...ids(user), cwd: path.dirname(script.file), env: environment, service: service.name, signal: context.signal, ...(input !== undefined && {input}),
		});
		context.log('stdout', result.stdout);
		context.log('stderr', result.stderr);
	};

	const psql = findProgram(['psql'], environment.PATH?.split(':'));
	const psqlCommand = (file: string): string[] =>
		[psql ?? 'psql', '-v', 'ON_ERROR_STOP=1', '--no-password', '--no-psqlrc', '-U', account.user, '-d', account.database, '-f', file];
	switch (script.kind) {
		case 'sh': {
			context.notice(`${script.name} of ${service.name} runs on this host, not in a container.`);
			await run(script.isExecutable ? [script.file] : ['/bin/sh', script.file]);
			break;
		}

		case 'sql':
		case 'sql.gz': {
			if (psql === undefined) {
				const content = await readFile(script.file);
				await runSql(server, account, account.database, (script.kind === 'sql.gz' ? gunzipSync(content) : content).toString('utf8'));
			} else if (script.kind === 'sql') {
				await run(psqlCommand(script.file));
			} else {
				await unpackInto(script.file, psqlCommand('-'), {...ids(user), env: environment}, service.name);
			}

			break;
		}

		case 'other': {
			context.log('stderr', `${script.name} is neither .sql, .sql.gz nor .sh, so it was not run`);
			break;
		}
	}
};

const unpackInto = async (
	file: string,
	command: readonly string[],
	options: {uid?: number; gid?: number; env: Record<string, string>},
	service: string,
): Promise<void> => {
	const [program = '', ...arguments_] = command;
	const child = spawn(program, arguments_, {...options, stdio: ['pipe', 'ignore', 'pipe']});
	let said = '';
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		said = (said + text).slice(-4000);
	});
	child.stdin.on('error', () => undefined);
	createReadStream(file).pipe(createGunzip()).on('error', () => {
		child.kill('SIGKILL');
	}).pipe(child.stdin);
	const [exitCode] = await once(child, 'close') as [number | null];
	if (exitCode !== 0) {
		throw new CoppiceError('failed', `${path.basename(file)} could not be run: ${said.trim().split('\n').at(-1) ?? 'psql failed'}`, {service, stderr: said});
	}
};

const stopServer = async ({child}: InitServer, service: string): Promise<void> => {
	if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
		const exited = once(child, 'exit');
		sendSignal(child.pid, 'SIGINT');
		await exited;
	}

	if (child.exitCode !== 0) {
		throw new CoppiceError('failed', `The new database of ${service} did not shut down in good order.`, {service, hint: `\`coppice logs ${service}\` says why.`});
	}
};

/**
Fills an empty folder with a new database.

@throws CoppiceError `precondition` where no password is set; `failed` naming the script that failed.
*/
export const makePostgres = async (init: PostgresInit): Promise<void> => {
	const {context} = init;
	const account = postgresAccount(context.service, context.mounts);
	await runInitdb(init, account);
	const scripts = await findInitScripts(context.mounts, init.user, init.scratch);
	if (account.database === 'postgres' && scripts.length === 0) {
		return;
	}

	const server = await startServer(init);
	try {
		if (account.database !== 'postgres') {
			await runSql(server, account, 'postgres', `CREATE DATABASE ${quoteName(account.database)}`);
		}

		for (const script of scripts) {
			context.log('stdout', `running ${script.name}`);
			try {
				await runScript(script, init, server, account);
			} catch (error) {
				if (error instanceof CoppiceError && error.code === 'interrupted') {
					throw error;
				}

				const said = whatWentWrong(error);
				throw new CoppiceError('failed', `${script.name} of ${context.service.name} failed, so its database was not made: ${said}`, {
					service: context.service.name, file: script.file, cause: error,
					hint: 'Correct the script and start again. Without `psql` on this host only plain SQL works in it: `apt-get install postgresql-client`.',
				});
			}
		}
	} catch (error) {
		if (server.child.pid !== undefined) {
			sendSignal(server.child.pid, 'SIGQUIT');
		}

		throw error;
	}

	await stopServer(server, context.service.name);
};
