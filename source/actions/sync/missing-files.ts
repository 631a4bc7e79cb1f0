/**
Files and folders of the application that a cloned stack uses and that are not here: what services mount or are built from. They belong to the
repository of the application, and no clone brings them.
*/
import {stat} from 'node:fs/promises';
import path from 'node:path';
import {isSystemError} from '../../system/errors.ts';
import {isPlainMap} from '../../stack/describe-model.ts';
import type {RuntimeName, Service, Stack} from '../../stack/stack.ts';

export type MissingFile = {
	readonly service: string;

	/** `./settings/own.conf` where it belongs into the project's folder, else its whole path. */
	readonly file: string;
	readonly use: 'mounted' | 'built from';
};

const isThere = async (file: string): Promise<boolean> => {
	try {
		await stat(file);
		return true;
	} catch (error) {
		// One that can't be looked at is not known to be missing.
		return !isSystemError(error, 'ENOENT', 'ENOTDIR');
	}
};

/** What a build needs first: the folder, and the Dockerfile in it. Addresses of other machines are none. */
const buildFiles = ({build}: Service): readonly string[] => {
	const {context, dockerfile = 'Dockerfile', dockerfile_inline: inline} = isPlainMap(build) ? build : {context: build};
	if (typeof context !== 'string' || /^(?:\w+:\/\/|git@|github\.com\/)/v.test(context)) {
		return [];
	}

	return typeof dockerfile === 'string' && inline === undefined ? [context, path.isAbsolute(dockerfile) ? dockerfile : path.join(context, dockerfile)] : [context];
};

/** The first of them that is not here is what is missing. */
type Use = {readonly files: readonly string[]; readonly use: MissingFile['use']};

const usesOf = (service: Service, runtime: RuntimeName): readonly Use[] => [
	...service.mounts.flatMap((mount): Use[] => mount.kind === 'bind' ? [{files: [mount.source], use: 'mounted'}] : []),
	...(service.files ?? []).flatMap(({source}): Use[] => source === undefined ? [] : [{files: [source], use: 'mounted'}]),
	...runtime === 'docker' ? [{files: buildFiles(service), use: 'built from'} as const] : [],
];

const firstMissing = async (folder: string, files: readonly string[]): Promise<string | undefined> => {
	for (const named of files) {
		const file = path.resolve(folder, named);
		if (!await isThere(file)) {
			return file;
		}
	}

	return undefined;
};

/**
@param stack - As read from its folder, which may not have its last name yet.
@param folder - The project's folder, by the name that it gets.
*/
export const findMissingFiles = async (stack: Stack, runtime: RuntimeName, folder: string): Promise<MissingFile[]> => {
	const missing: MissingFile[] = [];
	for (const service of Object.values(stack.services)) {
		for (const {files, use} of usesOf(service, runtime)) {
			const file = await firstMissing(stack.projectFolder, files);
			if (file === undefined) {
				continue;
			}

			const relative = path.relative(stack.projectFolder, file);
			const isInside = relative !== '..' && !relative.startsWith('../');
			missing.push({service: service.name, file: isInside ? `./${relative}` : path.resolve(folder, relative), use});
		}
	}

	return missing;
};
