/**
The scripts of `/docker-entrypoint-initdb.d`: run once, when a database has just been made, in the order of their names.
*/
import {Buffer} from 'node:buffer';
import {constants} from 'node:fs';
import {
	chown,
	cp,
	mkdir,
	readdir,
	stat,
} from 'node:fs/promises';
import path from 'node:path';
import {isRoot} from '../../../system/run-command.ts';
import {initScriptsTarget} from '../known-images.ts';
import type {HostMount} from '../mounts.ts';
import {canRead} from '../reachable.ts';
import type {ServiceUser} from '../service-user.ts';

export type InitScript = {
	readonly name: string;
	readonly file: string;
	readonly kind: 'sql' | 'sql.gz' | 'sh' | 'other';
	readonly isExecutable: boolean;
};

const giveTo = async (target: string, user: ServiceUser): Promise<void> => {
	await chown(target, user.uid, user.gid);
	const stats = await stat(target);
	if (stats.isDirectory()) {
		for (const name of await readdir(target)) {
			await giveTo(path.join(target, name), user);
		}
	}
};

const kindOf = (name: string): InitScript['kind'] => {
	if (name.endsWith('.sql')) {
		return 'sql';
	}

	if (name.endsWith('.sql.gz')) {
		return 'sql.gz';
	}

	return name.endsWith('.sh') ? 'sh' : 'other';
};

/**
The scripts of a service in the order they run. Those that its user can't read where they are (a project under `/root`, say) are
copied to `scratch` first, with all that lies beside them.
*/
export const findInitScripts = async (mounts: readonly HostMount[], user: ServiceUser, scratch: string): Promise<InitScript[]> => {
	const scripts: InitScript[] = [];
	for (const [index, mount] of mounts.filter(({target}) => target === initScriptsTarget || target.startsWith(`${initScriptsTarget}/`)).entries()) {
		let {source} = mount;
		if (isRoot() && !await canRead(source, user)) {
			const copy = path.join(scratch, `scripts-${index}`, path.basename(source));
			await mkdir(path.dirname(copy), {recursive: true});
			await cp(source, copy, {recursive: true, mode: constants.COPYFILE_FICLONE, dereference: true});
			await giveTo(path.dirname(copy), user);
			source = copy;
		}

		const isFolder = mount.target === initScriptsTarget;
		for (const name of isFolder ? await readdir(source) : [path.basename(mount.target)]) {
			const file = isFolder ? path.join(source, name) : source;
			const stats = await stat(file);
			if (!stats.isFile()) {
				continue;
			}

			scripts.push({
				name, file, kind: kindOf(name), isExecutable: stats.mode % 2 === 1,
			});
		}
	}

	// By code point, as the image's shell does.
	return scripts.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
};
