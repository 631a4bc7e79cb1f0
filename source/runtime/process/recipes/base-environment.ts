/**
The environment that every program on behalf of a service starts from: enough to find programs and to write text, nothing of the
caller's own.
*/
import process from 'node:process';
import type {ServiceUser} from '../service-user.ts';

const systemFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/**
This process's search path, with the folders that servers are in: a plain user's often lacks `/usr/sbin`.
*/
export const searchPath = (first?: string): string => {
	const own = (process.env.PATH ?? '').split(':').filter(folder => folder.startsWith('/'));
	return [...new Set([...(first === undefined ? [] : [first]), ...own, ...systemFolders])].join(':');
};

export const baseEnvironment = (user: ServiceUser, binFolder?: string): Record<string, string> => ({
	PATH: searchPath(binFolder),
	HOME: user.home,
	USER: user.name,
	LOGNAME: user.name,
	LANG: 'C.UTF-8',
	...(process.env.TZ !== undefined && {TZ: process.env.TZ}),
});
