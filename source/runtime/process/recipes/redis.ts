/**
Runs the images of Redis and Valkey with a server of the host.
*/
import {readFileSync} from 'node:fs';
import {mkdir, rm} from 'node:fs/promises';
import path from 'node:path';
import {CoppiceError} from '../../../system/errors.ts';
import type {Service} from '../../../stack/stack.ts';
import {anonymousFolder, toHostPath} from '../mounts.ts';
import {baseEnvironment} from './base-environment.ts';
import {findProgram} from './find-program.ts';
import type {LaunchPlan, Recipe, RecipeContext} from './recipe.ts';
import {directiveValue, parseRedisCommand, redisConfiguration} from './redis-settings.ts';

const redisPort = 6379;
const dataTarget = '/data';

const programsOf = (service: Service): string[] => service.image?.includes('valkey') ? ['valkey-server', 'redis-server'] : ['redis-server', 'valkey-server'];

const plan = async (context: RecipeContext): Promise<LaunchPlan> => {
	const {service, mounts, ports} = context;
	const command = parseRedisCommand(service.name, service.command, mounts);
	const program = findProgram(programsOf(service));
	if (program === undefined) {
		throw new CoppiceError('precondition', `The service ${service.name} needs Redis, and this host has none.`, {
			service: service.name, hint: 'Run `apt-get install redis-server`.',
		});
	}

	let dataFolder = toHostPath(mounts, dataTarget);
	if (dataFolder === undefined) {
		dataFolder = anonymousFolder(context.stateFolder, service.name, dataTarget);
		await mkdir(dataFolder, {recursive: true});
	}

	let fileContent = '';
	if (command.configFile !== undefined) {
		try {
			fileContent = readFileSync(command.configFile, 'utf8');
		} catch (error) {
			throw new CoppiceError('precondition', `The configuration of ${service.name} can't be read on this host.`, {
				service: service.name, file: command.configFile, cause: error, hint: 'Mount the file under the path that `command:` names.',
			});
		}
	}

	const user = await context.chooseUser({dataFolder, engineUsers: ['redis', 'valkey'], mayBeRoot: true});
	await context.claimFolder(dataFolder, user);
	const socket = path.join(await context.socketFolder(user), 'redis.sock');
	await rm(socket, {force: true});
	const own = ports.filter(({target, protocol}) => target === redisPort && protocol === 'tcp');
	const port = own[0]?.published ?? 0;
	return {
		command: [program, '-'],
		input: redisConfiguration(fileContent, command, {
			dataFolder, socket, port, addresses: port === 0 ? ['127.0.0.1'] : [...new Set(own.filter(({published}) => published === port).map(({address}) => address))],
		}),
		environment: baseEnvironment(user),
		user,
		workingFolder: dataFolder,
		stopSignal: 'SIGTERM',
		socket,
		binFolder: path.dirname(program),
	};
};

export const redis: Recipe = {
	clientVariables({service, mounts, ports, socket}) {
		const own = ports.find(({target}) => target === redisPort);
		const password = directiveValue(parseRedisCommand(service.name, service.command, mounts), 'requirepass');
		return {
			...(own && {REDIS_HOST: own.address, REDIS_PORT: String(own.published)}),
			...(socket !== undefined && {REDIS_SOCKET: socket}),
			...(password !== undefined && {REDISCLI_AUTH: password}),
		};
	},
	plan,
};
