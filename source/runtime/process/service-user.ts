/**
Who a service runs as. Nothing runs as root unless the file asks for it in so many words: Postgres refuses to, and what listens on
a port should not be able to touch more than its data.
*/
import {readFileSync} from 'node:fs';
import {stat} from 'node:fs/promises';
import process from 'node:process';
import {isRoot, tryCommand} from '../../system/run-command.ts';

export type ServiceUser = {
	readonly name: string;
	readonly uid: number;
	readonly gid: number;
	readonly home: string;
};

/**
One line of passwd(5).
*/
const parseEntry = (line: string): ServiceUser | undefined => {
	const [name, , uid, gid, , home] = line.split(':', 6);
	return name !== undefined && name !== '' && uid !== undefined && gid !== undefined
		? {
			name, uid: Number(uid), gid: Number(gid), home: home ?? '/',
		}
		: undefined;
};

const localUsers = (): ServiceUser[] => {
	try {
		return readFileSync('/etc/passwd', 'utf8').split('\n').map(line => parseEntry(line)).filter(entry => entry !== undefined);
	} catch {
		return [];
	}
};

/**
A user by name or number, of the local file or of a directory service.
*/
export const findUser = async (nameOrId: string): Promise<ServiceUser | undefined> => {
	const isNumber = /^\d+$/v.test(nameOrId);
	const local = localUsers().find(user => isNumber ? user.uid === Number(nameOrId) : user.name === nameOrId);
	if (local !== undefined || !/^[\w\-.@\\]+$/v.test(nameOrId)) {
		return local;
	}

	try {
		const {exitCode, stdout} = await tryCommand(['getent', 'passwd', nameOrId]);
		return exitCode === 0 ? parseEntry(stdout) : undefined;
	} catch {
		return undefined;
	}
};

export type UserRequest = {
	/** The folder that holds the service's data, where there is one. */
	readonly dataFolder?: string;

	/** `x-coppice.process.user`, then `user` of the compose file: a name or a number, with a group after a colon or without. */
	readonly asked: readonly string[];

	/** Users named like the engine. */
	readonly engineUsers: readonly string[];

	/** Whether the program runs as root at all. */
	readonly mayBeRoot: boolean;
};

/**
Chooses the user of a service. Without root there is no choice. With root: the owner of its data unless that is root, then who the
file asks for if this machine knows them, then the engine's own user, then `nobody`.

@returns The user, and the names asked for that could not be used: unknown to this machine, or another's where only root may change users.
*/
export const chooseUser = async (request: UserRequest): Promise<{readonly user: ServiceUser; readonly refused: readonly string[]}> => {
	if (!isRoot()) {
		const uid = process.getuid?.() ?? 0;
		const user = await findUser(String(uid)) ?? {
			name: String(uid), uid, gid: process.getgid?.() ?? 0, home: '/',
		};
		return {user, refused: request.asked.filter(asked => ![user.name, String(uid)].includes(asked.split(':', 1)[0] ?? asked))};
	}

	const refused: string[] = [];
	if (request.dataFolder !== undefined) {
		try {
			const {uid, gid} = await stat(request.dataFolder);
			if (uid !== 0) {
				// Data from another machine may belong to a number that has no name here; the kernel does not mind.
				return {
					user: await findUser(String(uid)) ?? {
						name: String(uid), uid, gid, home: '/',
					}, refused,
				};
			}
		} catch {
			// There is no data yet.
		}
	}

	for (const asked of request.asked) {
		const user = await findUser(asked.split(':', 1)[0] ?? asked);
		if (user === undefined) {
			refused.push(asked);
		} else if (user.uid !== 0 || request.mayBeRoot) {
			return {user, refused};
		}
	}

	for (const name of [...request.engineUsers, 'nobody']) {
		const user = await findUser(name);
		if (user) {
			return {user, refused};
		}
	}

	return {
		user: {
			name: 'nobody', uid: 65_534, gid: 65_534, home: '/',
		}, refused,
	};
};
