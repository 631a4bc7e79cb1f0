/**
The configuration of a Redis server on the host, from the command that was written for its container. Pure.

All of it goes to the server's standard input and nothing onto its command line, where every user of the machine could read the
password of `--requirepass`.
*/
import {Buffer} from 'node:buffer';
import {CoppiceError} from '../../../system/errors.ts';
import {mapWord, type HostMount} from '../mounts.ts';

export type RedisCommand = {
	/** Host path of the configuration file that the command names. */
	readonly configFile?: string;

	/** Each a directive with its values. */
	readonly directives: ReadonlyArray<readonly string[]>;
};

/**
Takes a command apart: `redis-server FILE --name value… --name value…`, or flags alone as the official image takes them.

@throws CoppiceError `precondition` for a command that starts something else, such as a shell.
*/
export const parseRedisCommand = (service: string, command: readonly string[] = [], mounts: readonly HostMount[] = []): RedisCommand => {
	const words = /(?:^|\/)docker-entrypoint\.sh$/v.test(command[0] ?? '') ? command.slice(1) : [...command];
	const [first] = words;
	const isServer = first !== undefined && /(?:^|\/)(?:redis|valkey)-server$/v.test(first);
	if (first !== undefined && !isServer && !first.startsWith('-') && !first.endsWith('.conf')) {
		throw new CoppiceError('precondition', `The command of ${service} starts ${JSON.stringify(first)} and not Redis, so the process runtime can't run it.`, {
			service, hint: 'Put flags alone into `command:` (`--appendonly yes`), or say how to run it in `x-coppice.process.command`.',
		});
	}

	const rest = isServer ? words.slice(1) : words;
	const hasFile = rest[0] !== undefined && !rest[0].startsWith('-');
	const directives: string[][] = [];
	for (const word of hasFile ? rest.slice(1) : rest) {
		const last = directives.at(-1);
		if (word.startsWith('--')) {
			// `--save "900 1"` and `"--save 900 1"` are both in use.
			directives.push(word.slice(2).split(/\s+/v));
		} else if (last) {
			last.push(mapWord(mounts, word));
		}
	}

	return {...(hasFile && {configFile: mapWord(mounts, rest[0] ?? '')}), directives};
};

/**
A value in the quotes of redis.conf: what is not plain ASCII goes as `\xHH`.
*/
export const quoteValue = (value: string): string => {
	let quoted = '';
	for (const byte of Buffer.from(value)) {
		const character = String.fromCodePoint(byte);
		if (character === '"' || character === '\\') {
			quoted += `\\${character}`;
		} else {
			quoted += byte < 32 || byte > 126 ? String.raw`\x${byte.toString(16).padStart(2, '0')}` : character;
		}
	}

	return `"${quoted}"`;
};

/** Directives that take several words, which must not be quoted as one. */
const severalWords = new Set(['save', 'client-output-buffer-limit', 'bind', 'user', 'rename-command', 'oom-score-adj-values', 'replicaof', 'slaveof', 'loadmodule']);

const formatDirective = ([name = '', ...values]: readonly string[]): string => {
	const words = severalWords.has(name.toLowerCase()) ? values.flatMap(value => value === '' ? [value] : value.split(/\s+/v)) : values;
	return [name, ...words.map(word => quoteValue(word))].join(' ');
};

export type RedisListening = {
	readonly dataFolder: string;
	readonly socket: string;

	/** 0: only on the Unix socket. */
	readonly port: number;
	readonly addresses: readonly string[];
};

/**
The whole configuration. Where it listens and keeps its data comes last, and so wins.
*/
export const redisConfiguration = (fileContent: string, {directives}: RedisCommand, listening: RedisListening): string => [
	// Comments go: all of it must fit into a pipe that nobody reads yet.
	...fileContent.split('\n').filter(line => !/^\s*(?:#|$)/v.test(line)),
	...directives.map(directive => formatDirective(directive)),
	...[
		['daemonize', 'no'],
		['supervised', 'no'],
		// The log goes to standard output.
		['logfile', ''],
		['dir', listening.dataFolder],
		['port', String(listening.port)],
		['bind', ...listening.addresses],
		['unixsocket', listening.socket],
		['unixsocketperm', '700'],
		// As in the image; it listens where the compose file publishes it and nowhere else.
		['protected-mode', 'no'],
	].map(directive => formatDirective(directive)),
	'',
].join('\n');

/**
The value of the last of these directives in a command or file, where it is set.
*/
export const directiveValue = ({directives}: RedisCommand, name: string): string | undefined =>
	directives.findLast(([directive]) => directive?.toLowerCase() === name)?.[1];
