/**
Can another user get to a path? A service that runs as an unprivileged user must be able to enter every folder above its data and
its program; a pool under `/root`, say, is closed to it.

Judged by owner, group and mode alone; access control lists are not looked at.
*/
import {readdir, realpath, stat} from 'node:fs/promises';
import path from 'node:path';
import {isRoot} from '../../system/run-command.ts';
import type {ServiceUser} from './service-user.ts';

type Owned = {readonly mode: number; readonly uid: number; readonly gid: number};

/**
Whether mode, owner and group give a user this permission (4 read, 2 write, 1 enter or execute).
*/
const gives = ({mode, uid, gid}: Owned, user: ServiceUser, permission: number): boolean => {
	if (user.uid === 0) {
		return true;
	}

	if (uid === user.uid) {
		return Math.trunc(mode / 64) % 8 % (permission * 2) >= permission;
	}

	const shift = gid === user.gid ? 8 : 1;
	return Math.trunc(mode / shift) % 8 % (permission * 2) >= permission;
};

/**
The first folder above a path that a user can't enter, or `undefined` where they can reach it. With `inside` the path is
a folder that they must be able to enter too.
*/
export const firstClosedFolder = async (target: string, user: ServiceUser, options: {inside?: boolean} = {}): Promise<string | undefined> => {
	if (!isRoot()) {
		// The service runs as this very user.
		return undefined;
	}

	const real = await realpath(target);
	const parts = (options.inside ? real : path.dirname(real)).split('/').filter(part => part !== '');
	let folder = '/';
	for (const part of ['', ...parts]) {
		folder = path.join(folder, part);
		if (!gives(await stat(folder), user, 1)) {
			return folder;
		}
	}

	return undefined;
};

/**
Whether a user can read a file, or a folder with everything in it.
*/
export const canRead = async (target: string, user: ServiceUser): Promise<boolean> => {
	if (await firstClosedFolder(target, user) !== undefined) {
		return false;
	}

	const stats = await stat(target);
	if (!stats.isDirectory()) {
		return !isRoot() || gives(stats, user, 4);
	}

	if (isRoot() && !(gives(stats, user, 4) && gives(stats, user, 1))) {
		return false;
	}

	for (const name of await readdir(target)) {
		if (!await canRead(path.join(target, name), user)) {
			return false;
		}
	}

	return true;
};
