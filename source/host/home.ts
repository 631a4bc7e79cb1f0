/**
Where Coppice keeps what is its own on this host. `COPPICE_HOME` puts all of it in one folder; else XDG folders for a user,
and `/var/lib/coppice` for root.
*/
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {isRoot} from '../system/run-command.ts';
import {sha256Hex} from '../system/sha256.ts';

export type Home = {
	/** `config.json` and, later, the policy. */
	readonly config: string;

	/** Logs and what must survive a reboot. */
	readonly state: string;

	/** Sockets and process ids. */
	readonly run: string;

	/** Where the pool is made unless told otherwise. */
	readonly pool: string;
};

/**
Works out the folders from the environment. Makes nothing.
*/
export const findHome = (environment: NodeJS.ProcessEnv = process.env): Home => {
	const {COPPICE_HOME: home, XDG_CONFIG_HOME: xdgConfig, XDG_STATE_HOME: xdgState, XDG_RUNTIME_DIR: xdgRun, XDG_DATA_HOME: xdgData} = environment;
	if (home !== undefined && home !== '') {
		const root = path.resolve(home);
		return {
			config: path.join(root, 'config'), state: path.join(root, 'state'), run: path.join(root, 'run'), pool: path.join(root, 'pool'),
		};
	}

	if (isRoot()) {
		return {
			config: '/etc/coppice', state: '/var/lib/coppice/state', run: '/run/coppice', pool: '/var/lib/coppice/pool',
		};
	}

	const user = os.homedir();
	const state = path.join(xdgState ?? path.join(user, '.local/state'), 'coppice');
	return {
		config: path.join(xdgConfig ?? path.join(user, '.config'), 'coppice'),
		state,
		run: xdgRun === undefined ? path.join(state, 'run') : path.join(xdgRun, 'coppice'),
		pool: path.join(xdgData ?? path.join(user, '.local/share'), 'coppice/pool'),
	};
};

const hashOf = (pool: string, stack: string): string => sha256Hex(`${pool}\0${stack}`).slice(0, 10);

/**
A short folder for one stack's sockets: the paths of Unix sockets are limited to 107 bytes (unix(7)).
The folder of the home is used where it is short enough, else one under the system's temporary folder.
*/
export const stackRunFolder = (home: Home, pool: string, stack: string): string => {
	const hash = hashOf(pool, stack);
	const folder = path.join(home.run, hash);
	return folder.length <= 70 ? folder : path.join('/tmp', `coppice-${process.getuid?.() ?? 0}-${hash}`);
};

/**
A folder for one stack's logs. Two pools may hold stacks of the same name.
*/
export const stackStateFolder = (home: Home, pool: string, stack: string): string => path.join(home.state, 'stacks', `${stack}-${hashOf(pool, stack)}`);
