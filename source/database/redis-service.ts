/**
What a service's image, command and environment say of its Redis or Valkey. No server is asked here.
*/
import type {Service} from '../stack/stack.ts';
import type {Credentials} from './database.ts';
import {
	commandWords,
	hasImage,
	isBitnami,
	optionValue,
	portOf,
} from './image-name.ts';
import {readServiceFile, readVariable} from './service-variable.ts';

export const redisImages: ReadonlySet<string> = new Set(['redis', 'valkey', 'redis-stack', 'redis-stack-server', 'keydb']);

/**
The content of a file that a command reads its password from: `--requirepass "$(cat /run/secrets/redis)"`.
*/
const secretInCommand = (service: Service, words: readonly string[]): string | undefined => {
	const file = /--requirepass[ =]["']?\$\((?:cat |<)(?<file>[^\)]+)\)/v.exec(words.join(' '))?.groups?.file?.replaceAll(/["']/gv, '').trim();
	const name = file === undefined ? undefined : /^\$\{?(?<name>\w+)\}?$/v.exec(file)?.groups?.name;
	const path = name === undefined ? file : service.environment[name];
	return path === undefined ? undefined : readServiceFile(service, path);
};

/**
The password: of the command, of a configuration file from the host, or of the variables that images take.
*/
const findPassword = (service: Service): string | undefined => {
	const words = [...commandWords(service), ...(readVariable(service, 'REDIS_ARGS') ?? '').split(/\s+/v)];
	const secret = secretInCommand(service, words);
	if (secret !== undefined) {
		return secret;
	}

	// A word of its own may hold anything; in a shell's line, spaces end it.
	const given = optionValue(service.command ?? [], '--requirepass') ?? optionValue(words, '--requirepass');
	const variable = given === undefined ? undefined : /^\$\{?(?<name>[A-Z_a-z]\w*)\}?$/v.exec(given)?.groups?.name;
	if (given !== undefined && given !== '') {
		return variable === undefined ? given : readVariable(service, variable);
	}

	const file = words.find(word => word.endsWith('.conf'));
	const lines = file === undefined ? [] : (readServiceFile(service, file) ?? '').split('\n').map(line => line.trim().split(/\s+/v));
	const written = lines.findLast(([directive]) => directive === 'requirepass')?.[1];
	return written === undefined ? readVariable(service, 'REDIS_PASSWORD', 'VALKEY_PASSWORD', 'REDISCLI_AUTH') : written.replace(/^(?<quote>["'])(?<inner>.*)\k<quote>$/v, '$<inner>');
};

export const credentials = (service: Service): Credentials => {
	const password = findPassword(service);
	return {user: 'default', database: '0', ...(password !== undefined && {password})};
};

export const dataTarget = (service: Service): string => {
	const given = optionValue(commandWords(service), '--dir');
	if (given?.startsWith('/')) {
		return given;
	}

	return isBitnami(service) ? (hasImage(service, new Set(['valkey'])) ? '/bitnami/valkey/data' : '/bitnami/redis/data') : '/data';
};

export const listensOn = (service: Service): number => portOf(service, 6379, {options: ['--port'], variables: ['REDIS_PORT_NUMBER', 'VALKEY_PORT_NUMBER']});
