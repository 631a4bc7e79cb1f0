/**
The command line of a Postgres server on the host, from the one that was written for its container. Pure.
*/
import {CoppiceError} from '../../../system/errors.ts';
import {mapWord, type HostMount} from '../mounts.ts';

/**
Defaults for data that are cloned and thrown away often, unless the compose file sets them: recovery syncs the file system once
instead of opening every file (14 and later); write-ahead log files are made fresh, since recycling and zeroing them only makes
blocks that a copy-on-write file system can't share (12 and later).
*/
const cloneDefaults: ReadonlyArray<{readonly setting: string; readonly value: string; readonly since: number}> = [
	{setting: 'recovery_init_sync_method', value: 'syncfs', since: 14},
	{setting: 'wal_recycle', value: 'off', since: 12},
	{setting: 'wal_init_zero', value: 'off', since: 12},
	{setting: 'log_destination', value: 'stderr', since: 0},
	{setting: 'logging_collector', value: 'off', since: 0},
];

const settingOf = (assignment: string): string => assignment.split('=', 1)[0]!.toLowerCase().replaceAll('-', '_');

/**
The flags of a service's command: `postgres -c x=y`, or flags alone as the official image takes them.

@throws CoppiceError `precondition` for a command that starts something else, such as a shell.
*/
export const postgresFlags = (service: string, command: readonly string[] = [], mounts: readonly HostMount[] = []): string[] => {
	const words = ['docker-entrypoint.sh', '/usr/local/bin/docker-entrypoint.sh'].includes(command[0] ?? '') ? command.slice(1) : command;
	const [first] = words;
	if (first !== undefined && !first.startsWith('-') && !/(?:^|\/)(?:postgres|postmaster)$/v.test(first)) {
		throw new CoppiceError('precondition', `The command of ${service} starts ${JSON.stringify(first)} and not Postgres, so the process runtime can't run it.`, {
			service, hint: 'Put flags alone into `command:` (`-c shared_buffers=1GB`), or say how to run it in `x-coppice.process.command`.',
		});
	}

	return (first?.startsWith('-') ? words : words.slice(1)).map(word => mapWord(mounts, word));
};

/**
The names of settings that flags set: `-c x=y`, `-cx=y`, `--x=y`.
*/
export const settingsOf = (flags: readonly string[]): ReadonlySet<string> => {
	const names = new Set<string>();
	for (const [index, flag] of flags.entries()) {
		if (flags[index - 1] === '-c') {
			names.add(settingOf(flag));
		} else if (flag.startsWith('--') || /^-c./v.test(flag)) {
			names.add(settingOf(flag.slice(2)));
		}
	}

	return names;
};

export type PostgresListening = {
	readonly dataFolder: string;
	readonly socketFolder: string;
	readonly port: number;

	/** Empty: only on the Unix socket. */
	readonly addresses: readonly string[];
};

/**
The arguments of the server. Where it listens comes last, and so wins: inside the container the file may say something else.
*/
export const postgresArguments = (major: string, flags: readonly string[], listening: PostgresListening): string[] => {
	const set = settingsOf(flags);
	const defaults = cloneDefaults.filter(({setting, since}) => Number(major) >= since && !set.has(setting));
	return [
		'-D',
		listening.dataFolder,
		...defaults.flatMap(({setting, value}) => ['-c', `${setting}=${value}`]),
		...flags,
		'-c',
		`listen_addresses=${listening.addresses.join(',')}`,
		'-c',
		`port=${listening.port}`,
		'-c',
		`unix_socket_directories=${listening.socketFolder}`,
	];
};
