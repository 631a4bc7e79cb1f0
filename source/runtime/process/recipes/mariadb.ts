/**
Runs the images of MariaDB, and of MySQL with it, with a server of the host.
*/
import {spawn, type ChildProcess} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {
	chown,
	readFile,
	mkdir,
	rm,
	stat,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {gunzipSync} from 'node:zlib';
import {CoppiceError} from '../../../system/errors.ts';
import {isRoot, runCommand, tryCommand} from '../../../system/run-command.ts';
import type {Service} from '../../../stack/stack.ts';
import {accepts} from '../accept-check.ts';
import {anonymousFolder, toHostPath, type HostMount} from '../mounts.ts';
import {sendSignal} from '../service-processes.ts';
import type {ServiceUser} from '../service-user.ts';
import {baseEnvironment} from './base-environment.ts';
import {findProgram} from './find-program.ts';
import {findInitScripts} from './init-scripts.ts';
import {
	firstStatements,
	mariadbArguments,
	mariadbFlags,
	type MariadbAccounts,
} from './mariadb-settings.ts';
import type {LaunchPlan, Recipe, RecipeContext} from './recipe.ts';
import {initialiseOnce} from './staged-init.ts';
import {readVariable} from './variables.ts';

const mariadbPort = 3306;
const dataTarget = '/var/lib/mysql';
const optionTargets = ['/etc/mysql', '/etc/my.cnf'];

const readBoth = (service: Service, mounts: readonly HostMount[], name: string): string | undefined =>
	readVariable(service, mounts, `MARIADB_${name}`, `MYSQL_${name}`);

const ids = (user: ServiceUser): Record<string, never> | {uid: number; gid: number} => isRoot() ? {uid: user.uid, gid: user.gid} : {};

const accountsOf = (context: RecipeContext): MariadbAccounts => {
	const {service, mounts} = context;
	const read = (name: string): string | undefined => readBoth(service, mounts, name);
	const mayBeEmpty = read('ALLOW_EMPTY_ROOT_PASSWORD') ?? read('ALLOW_EMPTY_PASSWORD');
	let rootPassword = read('ROOT_PASSWORD');
	if (rootPassword === undefined && read('RANDOM_ROOT_PASSWORD') !== undefined) {
		rootPassword = randomBytes(24).toString('base64url');
		context.notice(`The root password of ${service.name} is random and nowhere written down; use MARIADB_USER, or set MARIADB_ROOT_PASSWORD.`);
	}

	if (rootPassword === undefined && mayBeEmpty === undefined) {
		throw new CoppiceError('precondition', `The database of ${service.name} has no root password to be made with.`, {
			service: service.name, hint: `Set MARIADB_ROOT_PASSWORD in \`environment:\` of ${service.name}, as the image asks for too.`,
		});
	}

	return {
		rootPassword: rootPassword ?? '', rootHost: read('ROOT_HOST') ?? '%', database: read('DATABASE'), user: read('USER'), password: read('PASSWORD'),
	};
};

type MariadbInit = {
	readonly context: RecipeContext;
	readonly program: string;
	readonly user: ServiceUser;
	readonly folder: string;
	readonly scratch: string;
	readonly flags: readonly string[];
	readonly optionsFile: string | undefined;
	readonly temporaryFolder: string;
};

/**
A folder for temporary tables of one server alone. A MariaDB that starts removes all it finds there, other servers' too, so
the common `/tmp` must not be it.
*/
const makeTemporaryFolder = async (socketFolder: string, user: ServiceUser): Promise<string> => {
	const folder = path.join(socketFolder, 'tmp');
	await mkdir(folder, {recursive: true, mode: 0o700});
	const {uid, gid} = ids(user);
	if (uid !== undefined && gid !== undefined) {
		await chown(folder, uid, gid);
	}

	return folder;
};

const installDatabase = async ({context, user, folder, temporaryFolder}: MariadbInit): Promise<void> => {
	const {service, signal} = context;
	const installer = findProgram(['mariadb-install-db', 'mysql_install_db']);
	if (installer === undefined) {
		throw new CoppiceError('precondition', `The program mariadb-install-db, which makes the database of ${service.name}, is not on this host.`, {
			service: service.name, hint: 'Run `apt-get install mariadb-server`.',
		});
	}

	const result = await tryCommand([
		installer,
		'--no-defaults',
		`--datadir=${folder}`,
		'--auth-root-authentication-method=normal',
		'--skip-test-db',
		'--skip-name-resolve',
		// As the image does: no account but root@localhost; else root without a password on 127.0.0.1 would be one.
		'--rpm',
	], {
		...ids(user), cwd: folder, env: {...baseEnvironment(user), TMPDIR: temporaryFolder}, service: service.name, signal,
	});
	context.log('stderr', result.stderr);
	if (result.exitCode === 0) {
		return;
	}

	context.log('stdout', result.stdout);
	throw new CoppiceError('failed', `The database of ${service.name} could not be made: mariadb-install-db failed.`, {
		service: service.name, stderr: result.stderr, hint: `\`coppice logs ${service.name}\` has all that it said.`,
	});
};

const startServer = async (init: MariadbInit, socket: string): Promise<ChildProcess> => {
	const {context, program, user, folder, flags, optionsFile, temporaryFolder} = init;
	const [stdout, stderr] = context.openOutput(user);
	const child = spawn(program, mariadbArguments(flags, {dataFolder: folder, socket}, optionsFile), {
		...ids(user), cwd: folder, env: {...baseEnvironment(user), TMPDIR: temporaryFolder}, stdio: ['ignore', stdout, stderr], detached: true,
	});
	let isOver = false;
	const end = (): void => {
		isOver = true;
	};

	child.once('exit', end);
	child.once('error', end);

	while (!await accepts('mariadb', {path: socket}, 1000)) {
		if (isOver || context.signal.aborted) {
			if (child.pid !== undefined) {
				sendSignal(child.pid, 'SIGKILL');
			}

			throw new CoppiceError(isOver ? 'failed' : 'interrupted', `The new database of ${context.service.name} ${isOver ? 'does not start' : 'was not made: interrupted'}.`, {
				service: context.service.name, hint: `\`coppice logs ${context.service.name}\` says why.`,
			});
		}

		await delay(20);
	}

	return child;
};

const runStatements = async (init: MariadbInit, socket: string, accounts: MariadbAccounts): Promise<void> => {
	const {context, user, scratch} = init;
	const {service, signal} = context;
	const client = findProgram(['mariadb', 'mysql']);
	if (client === undefined) {
		throw new CoppiceError('precondition', `The program mariadb, which sets up the database of ${service.name}, is not on this host.`, {
			service: service.name, hint: 'Run `apt-get install mariadb-client`.',
		});
	}

	const base = [client, '--no-defaults', '-uroot', `--socket=${socket}`];
	const environment = {...baseEnvironment(user), MYSQL_PWD: ''};
	const first = await tryCommand(base, {
		...ids(user), input: firstStatements(accounts), env: environment, service: service.name, signal,
	});
	if (first.exitCode !== 0) {
		// What the client says quotes the statement, and so may quote a password: only the number is told.
		throw new CoppiceError('failed', `MariaDB refused the accounts of ${service.name} (${/ERROR \d+/v.exec(first.stderr)?.[0] ?? 'no error number'}).`, {service: service.name});
	}

	await writeFile(path.join(scratch, 'my.cnf'), `[client]\nsocket=${socket}\n`, {mode: 0o644});
	const withPassword = {...environment, MYSQL_PWD: accounts.rootPassword};
	const withDatabase = [...base, ...(accounts.database === undefined ? [] : ['-D', accounts.database])];
	for (const script of await findInitScripts(context.mounts, user, scratch)) {
		context.log('stdout', `running ${script.name}`);
		if (script.kind === 'sh') {
			context.notice(`${script.name} of ${service.name} runs on this host, not in a container.`);
			const result = await runCommand(script.isExecutable ? [script.file] : ['/bin/sh', script.file], {
				...ids(user), cwd: path.dirname(script.file), env: {
					...withPassword, ...service.environment, MYSQL_UNIX_PORT: socket, MYSQL_HOME: scratch,
				}, service: service.name, signal,
			});
			context.log('stdout', result.stdout);
		} else if (script.kind === 'other') {
			context.log('stderr', `${script.name} is neither .sql, .sql.gz nor .sh, so it was not run`);
		} else {
			const content = await readFile(script.file);
			await runCommand(withDatabase, {
				...ids(user), input: script.kind === 'sql.gz' ? gunzipSync(content) : content, env: withPassword, service: service.name, signal, file: script.file,
			});
		}
	}
};

const makeMariadb = async (init: MariadbInit): Promise<void> => {
	const {context, user} = init;
	const {service} = context;
	const accounts = accountsOf(context);
	await installDatabase(init);
	const socket = path.join(await context.socketFolder(user), 'init.sock');
	const server = await startServer(init, socket);
	const exited = once(server, 'exit');
	try {
		await runStatements(init, socket, accounts);
	} catch (error) {
		server.kill('SIGKILL');
		await exited;
		throw error instanceof CoppiceError && error.code !== 'failed'
			? error
			: new CoppiceError('failed', `The database of ${service.name} was not made: ${error instanceof Error ? error.message : String(error)}`, {
				service: service.name, cause: error, hint: 'Correct the script or variable and start again.',
			});
	}

	server.kill('SIGTERM');
	const [exitCode] = await exited as [number | null];
	if (exitCode !== 0) {
		throw new CoppiceError('failed', `The new database of ${service.name} did not shut down in good order.`, {
			service: service.name, hint: `\`coppice logs ${service.name}\` says why.`,
		});
	}
};

/**
Gathers mounted option files (`conf.d` folders and `.cnf` files) in one that includes them, or `undefined` where there are none.
*/
const writeOptions = async (mounts: readonly HostMount[], folder: string): Promise<string | undefined> => {
	const lines: string[] = [];
	for (const {kind, target, source} of mounts) {
		if (!(kind === 'bind' && optionTargets.some(option => target === option || target.startsWith(`${option}/`)))) {
			continue;
		}

		const stats = await stat(source);
		lines.push(`${stats.isDirectory() ? '!includedir' : '!include'} ${source}`);
	}

	if (lines.length === 0) {
		return undefined;
	}

	const file = path.join(folder, 'server.cnf');
	await writeFile(file, `${lines.join('\n')}\n`, {mode: 0o644});
	return file;
};

const exists = async (file: string): Promise<boolean> => {
	try {
		await stat(file);
		return true;
	} catch {
		return false;
	}
};

const plan = async (context: RecipeContext): Promise<LaunchPlan> => {
	const {service, mounts, ports} = context;
	const flags = mariadbFlags(service.name, service.command, mounts);
	const program = findProgram(['mariadbd', 'mysqld']);
	if (program === undefined) {
		throw new CoppiceError('precondition', `The service ${service.name} needs MariaDB, and this host has none.`, {
			service: service.name, hint: 'Run `apt-get install mariadb-server`.',
		});
	}

	let dataFolder = toHostPath(mounts, dataTarget);
	if (dataFolder === undefined) {
		dataFolder = anonymousFolder(context.stateFolder, service.name, dataTarget);
		await mkdir(dataFolder, {recursive: true});
	}

	if (await exists(path.join(dataFolder, 'mysql.ibd'))) {
		throw new CoppiceError('precondition', `The data of ${service.name} were written by MySQL, and this host has MariaDB, which can't open them.`, {
			service: service.name, file: dataFolder, hint: 'Use the docker runtime, or say in `x-coppice.process.command` how to run MySQL.',
		});
	}

	const user = await context.chooseUser({dataFolder, engineUsers: ['mysql', 'mariadb'], mayBeRoot: false});
	await context.claimFolder(dataFolder, user);
	const socketFolder = await context.socketFolder(user);
	const optionsFile = await writeOptions(mounts, socketFolder);
	const temporaryFolder = await makeTemporaryFolder(socketFolder, user);
	const isNew = await initialiseOnce({
		service: service.name, dataFolder, user, landmark: 'mysql',
		async fill(folder, scratch) {
			await makeMariadb({
				context, program, user, folder, scratch, flags, optionsFile, temporaryFolder,
			});
		},
	});
	if (isNew && /(?:^|\/)mysql(?:[:@]|$)/v.test(service.image ?? '')) {
		context.notice(`${service.name} asks for MySQL; this host has MariaDB, so its database is one of MariaDB.`);
	}

	const socket = path.join(socketFolder, 'mysqld.sock');
	await rm(socket, {force: true});
	await writeFile(path.join(socketFolder, 'my.cnf'), `[client]\nsocket=${socket}\n`, {mode: 0o644});
	const own = ports.find(({target, protocol}) => target === mariadbPort && protocol === 'tcp');
	return {
		command: [program, ...mariadbArguments(flags, {dataFolder, socket, ...(own && {port: own.published, address: own.address})}, optionsFile)],
		environment: {...baseEnvironment(user), TMPDIR: temporaryFolder},
		user,
		workingFolder: dataFolder,
		stopSignal: 'SIGTERM',
		socket,
		binFolder: path.dirname(program),
	};
};

export const mariadb: Recipe = {
	clientVariables({service, mounts, ports, socket}) {
		const own = ports.find(({target}) => target === mariadbPort);
		const password = readBoth(service, mounts, 'ROOT_PASSWORD') ?? readBoth(service, mounts, 'PASSWORD');
		return {
			// No host: clients then use the socket, where the accounts of `localhost` hold.
			...(own && {MYSQL_TCP_PORT: String(own.published)}),
			// The host's own option files name a socket, and win over MYSQL_UNIX_PORT; those of MYSQL_HOME win over them.
			...(socket !== undefined && {MYSQL_UNIX_PORT: socket, MYSQL_HOME: path.dirname(socket)}),
			...(password !== undefined && {MYSQL_PWD: password}),
		};
	},
	plan,
};
