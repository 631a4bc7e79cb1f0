/**
Runs the images of Postgres and of what is built on it with a server of the host.
*/
import {
	chmod,
	mkdir,
	readdir,
	readFile,
	rm,
	stat,
} from 'node:fs/promises';
import path from 'node:path';
import {CoppiceError} from '../../../system/errors.ts';
import type {Service} from '../../../stack/stack.ts';
import {anonymousFolder, toHostPath, type HostMount} from '../mounts.ts';
import {listProcesses} from '../../../system/process-table.ts';
import {baseEnvironment} from './base-environment.ts';
import {
	choosePostgres,
	findDistributionPostgres,
	findPostgres,
	majorOfImage,
	readyPostgres,
} from './postgres-binaries.ts';
import {makePostgres, postgresAccount} from './postgres-init.ts';
import {postgresArguments, postgresFlags} from './postgres-settings.ts';
import type {LaunchPlan, Recipe, RecipeContext} from './recipe.ts';
import {initialiseOnce} from './staged-init.ts';

const postgresPort = 5432;

/** Where the image keeps its data; from 18 on it differs by version, below the same folder. */
const usualData = '/var/lib/postgresql/data';

/**
The path of the data inside the service.
*/
const dataTarget = (service: Service, mounts: readonly HostMount[]): string => {
	const {PGDATA: asked} = service.environment;
	if (asked !== undefined && asked !== '') {
		return asked;
	}

	const major = Number(majorOfImage(service.image) ?? '0');
	const isBelow = mounts.some(({target}) => target === '/var/lib/postgresql');
	return isBelow && major >= 18 ? `/var/lib/postgresql/${major}/docker` : usualData;
};

/**
The major version that wrote a data folder, or `undefined` where there is none yet.
*/
const dataMajor = async (dataFolder: string): Promise<string | undefined> => {
	for (const folder of [dataFolder, path.join(dataFolder, '.coppice-ready/data')]) {
		try {
			const version = await readFile(path.join(folder, 'PG_VERSION'), 'utf8');
			return version.trim();
		} catch {
			// Not there.
		}
	}

	return undefined;
};

/**
Removes the pid file that a killed server has left: its number may be another process's by now, and Postgres then refuses to start.

The file is only removed when no Postgres at all works in this very folder, under whatever path or in whatever container: servers
of Postgres make it their working folder.

@throws CoppiceError `conflict` when one does.
*/
const removeStalePidFile = async (service: string, dataFolder: string): Promise<void> => {
	const file = path.join(dataFolder, 'postmaster.pid');
	try {
		await stat(file);
	} catch {
		return;
	}

	const {dev, ino} = await stat(dataFolder);
	for (const {processId, name} of listProcesses()) {
		const cwd = await stat(`/proc/${processId}/cwd`).catch(() => undefined);
		if (cwd?.dev === dev && cwd.ino === ino && name.startsWith('postgres')) {
			throw new CoppiceError('conflict', `Another Postgres (process ${processId}) already works on the data of ${service}.`, {
				service, file: dataFolder, hint: `Stop process ${processId} first: two servers on one folder would destroy it.`,
			});
		}
	}

	await rm(file, {force: true});
};

/**
Makes the folder of a data path below a mount, step by step, so that a mount that is not there is never made up.
*/
const makeDataFolder = async (context: RecipeContext): Promise<string> => {
	const {service, mounts, stateFolder} = context;
	const target = dataTarget(service, mounts);
	const folder = toHostPath(mounts, target) ?? toHostPath(mounts, usualData);
	if (folder === undefined) {
		context.notice(`${service.name} keeps its data in no volume, so they are in no commit.`);
		const anonymous = anonymousFolder(stateFolder, service.name, target);
		await mkdir(anonymous, {recursive: true});
		return anonymous;
	}

	await mkdir(folder, {recursive: true, mode: 0o700});
	return folder;
};

const plan = async (context: RecipeContext): Promise<LaunchPlan> => {
	const {service, mounts, ports} = context;
	const flags = postgresFlags(service.name, service.command, mounts);
	const dataFolder = await makeDataFolder(context);
	const data = await dataMajor(dataFolder);
	const known = data === undefined ? undefined : await findDistributionPostgres(data);
	const {installation: chosen, notice} = choosePostgres(service.name, known ? [known] : await findPostgres(), {
		...(data !== undefined && {data}), image: majorOfImage(service.image),
	});
	if (notice !== undefined) {
		context.notice(notice);
	}

	const user = await context.chooseUser({dataFolder, engineUsers: ['postgres'], mayBeRoot: false});
	await context.claimFolder(dataFolder, user);
	const installation = await readyPostgres(chosen, user);
	await initialiseOnce({
		service: service.name, dataFolder, user, landmark: 'PG_VERSION',
		async fill(folder, scratch) {
			await makePostgres({
				context, installation, user, folder, scratch, flags,
			});
		},
	});
	// As the image does: Postgres refuses a folder that others may read.
	const {mode} = await stat(dataFolder);
	if (mode % 0o100 !== 0 && mode % 0o1000 !== 0o750) {
		await chmod(dataFolder, 0o700);
	}

	await removeStalePidFile(service.name, dataFolder);
	const socketFolder = await context.socketFolder(user);
	for (const name of await readdir(socketFolder)) {
		await rm(path.join(socketFolder, name), {recursive: true, force: true});
	}

	const own = ports.filter(({target, protocol}) => target === postgresPort && protocol === 'tcp');
	const port = own[0]?.published ?? postgresPort;
	return {
		command: [path.join(installation.binFolder, 'postgres'), ...postgresArguments(installation.major, flags, {
			dataFolder, socketFolder, port, addresses: [...new Set(own.filter(({published}) => published === port).map(({address}) => address))],
		})],
		environment: baseEnvironment(user, installation.binFolder),
		user,
		workingFolder: dataFolder,
		// Fast shutdown: it ends sessions and writes a checkpoint. The image asks for the same.
		stopSignal: 'SIGINT',
		// Immediate shutdown: no checkpoint, but every child ends and shared memory is given back.
		quitSignal: 'SIGQUIT',
		socket: socketFolder,
		binFolder: installation.binFolder,
	};
};

export const postgres: Recipe = {
	clientVariables({service, mounts, ports, socket}) {
		const account = postgresAccount(service, mounts);
		const own = ports.find(({target}) => target === postgresPort);
		return {
			PGHOST: socket ?? own?.address ?? '127.0.0.1', PGPORT: String(own?.published ?? postgresPort), PGUSER: account.user, PGDATABASE: account.database,
			...(account.password !== undefined && {PGPASSWORD: account.password}),
		};
	},
	plan,
};
