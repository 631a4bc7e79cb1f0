/**
Command lines of the system's `ssh`, so that the user's own configuration, keys, agent and jump hosts hold (ssh_config(5)). What is set here
wins over that configuration; whether a host key is trusted is left to it, always.

`COPPICE_SSH` names another program to run in place of `ssh`, and `COPPICE_SSH_CONFIG` a configuration file in place of the user's.
*/
import {Buffer} from 'node:buffer';
import {chmodSync, lstatSync, mkdirSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {CoppiceError} from '../system/errors.ts';
import {sha256Hex} from '../system/sha256.ts';
import type {Home} from './home.ts';
import type {HostRecord} from './host.ts';

export type SshTarget = Pick<HostRecord, 'address' | 'port'>;

export type SshOptions = {
	/** Where the shared connection's socket is. */
	readonly home: Pick<Home, 'run'>;

	/** Whether ssh may ask on the terminal: for a password, a passphrase, an unknown key. */
	readonly interactive?: boolean;

	/** Whether the command there gets a terminal. */
	readonly terminal?: boolean;
	readonly environment?: NodeJS.ProcessEnv;
};

/** Sun_path of unix(7) holds 107 bytes and the end; ssh makes the socket under a name longer by a dot and 16 characters, and renames it. */
const longestSocket = 107 - 17;

/**
Where the shared connection to an address listens. The name is short and says nothing of the address.
*/
export const controlPath = (home: Pick<Home, 'run'>, {address, port}: SshTarget, environment: NodeJS.ProcessEnv = process.env): string => {
	const hash = sha256Hex(`${address}\0${port ?? ''}\0${environment.COPPICE_SSH_CONFIG ?? ''}`).slice(0, 16);
	const wished = path.join(home.run, 'ssh', hash);
	return Buffer.byteLength(wished) <= longestSocket ? wished : path.join('/tmp', `coppice-${process.getuid?.() ?? 0}-ssh`, hash);
};

/**
The words before the command: the program, its options and the address.
*/
export const sshWords = (target: SshTarget, {home, interactive = false, terminal = false, environment = process.env}: SshOptions): string[] => {
	const {COPPICE_SSH: program, COPPICE_SSH_CONFIG: config} = environment;
	const options: Readonly<Record<string, string>> = {
		...(!interactive && {BatchMode: 'yes'}),
		ControlMaster: 'auto',
		// A `%` of the path would be a token of ssh's.
		ControlPath: controlPath(home, target, environment).replaceAll('%', '%%'),
		ControlPersist: '600',
		ServerAliveInterval: '5',
		ServerAliveCountMax: '3',
		ConnectTimeout: '10',
		// A configuration that makes tunnels or runs commands of its own at login would do so for each of ours.
		ClearAllForwardings: 'yes',
		ForwardAgent: 'no',
		ForwardX11: 'no',
		PermitLocalCommand: 'no',
		RemoteCommand: 'none',
		RequestTTY: terminal ? 'yes' : 'no',
		// It would say at the end that the connection is closed.
		...(terminal && {LogLevel: 'ERROR'}),
	};
	return [
		program === undefined || program === '' ? 'ssh' : program,
		...(config === undefined || config === '' ? [] : ['-F', config]),
		...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
		...(target.port === undefined ? [] : ['-p', String(target.port)]),
		'--',
		target.address,
	];
};

/**
A word as the shell over there reads it: sh, bash, zsh, fish and csh alike take what is in single quotes as it is (csh but for `!`).
*/
export const quoteWord = (word: string): string => /^[\w%+,\-.\/:=@]+$/v.test(word) ? word : `'${word.replaceAll('\'', String.raw`'\''`)}'`;

/**
A whole command line of ssh that runs these words over there.
*/
export const sshCommand = (target: SshTarget, words: readonly string[], options: SshOptions): string[] =>
	[...sshWords(target, options), words.map(word => quoteWord(word)).join(' ')];

/**
Makes the folder of the shared connections, for this user alone: who can open a socket in it can log in over there, and who can put one there
gets all that is sent. It may lie under `/tmp`, where others could have put one of that name first.

@throws CoppiceError `permission` where it is not this user's.
*/
export const prepareSsh = (home: Pick<Home, 'run'>, target: SshTarget, environment: NodeJS.ProcessEnv = process.env): void => {
	const folder = path.dirname(controlPath(home, target, environment));
	mkdirSync(path.dirname(folder), {recursive: true});
	mkdirSync(folder, {recursive: true, mode: 0o700});
	const stats = lstatSync(folder);
	if (!stats.isDirectory() || stats.uid !== process.getuid?.()) {
		throw new CoppiceError('permission', `${folder} is not a folder of this user, so no connection can be shared through it.`, {
			file: folder, hint: 'Remove it, or set COPPICE_HOME to a folder of your own.',
		});
	}

	if (stats.mode % 0o1000 !== 0o700) {
		chmodSync(folder, 0o700);
	}
};
