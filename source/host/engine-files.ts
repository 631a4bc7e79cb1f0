/**
What an engine on another host is made of: the files of the build, templates, and the native calls for that machine where they are here.
*/
import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {readdir, readFile, stat} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {CoppiceError} from '../system/errors.ts';
import {version} from '../system/version.ts';
import {ownEntry} from './own-command.ts';
import type {HostFacts} from './probe-host.ts';

export type EngineFile = {
	/** Here. */
	readonly source: string;

	/** Below the engine's folder there. */
	readonly name: string;
};

export type EngineFiles = {
	/** `0.1.0-1f2e3d4c5b6a`: the version, and what the files are. The name of its folder. */
	readonly name: string;
	readonly files: readonly EngineFile[];
	readonly bytes: number;

	/** Whether the native calls are among them. */
	readonly hasNativeCalls: boolean;
};

const builtFile = /"(?:\.\/)?(?<name>[a-z][\d\-a-z]{0,40}-[\da-f]{16}\.cjs)"/gv;

/** The files of a build beside its entry; those that earlier builds have left are not named by any of them. */
const builtFiles = async (entry: string): Promise<string[]> => {
	const folder = path.dirname(entry);
	const found = new Set(['package.json']);
	const named = [path.basename(entry)];
	for (let name = named.pop(); name !== undefined; name = named.pop()) {
		if (found.has(name) || !existsSync(path.join(folder, name))) {
			continue;
		}

		found.add(name);
		const text = await readFile(path.join(folder, name), 'latin1');
		named.push(...Array.from(text.matchAll(builtFile), match => match.groups!.name!));
	}

	return [...found].toSorted();
};

const filesBelow = async (folder: string): Promise<string[]> => {
	const entries = await readdir(folder, {recursive: true, withFileTypes: true});
	return entries.filter(entry => entry.isFile()).map(entry => path.relative(folder, path.join(entry.parentPath, entry.name))).toSorted();
};

/**
The nearest `node_modules` upwards that has a package.
*/
export const findPackage = (entry: string, name: string): string | undefined => {
	for (let folder = path.dirname(entry); ; folder = path.dirname(folder)) {
		const wanted = path.join(folder, 'node_modules', name);
		if (existsSync(path.join(wanted, 'package.json'))) {
			return wanted;
		}

		if (folder === path.dirname(folder)) {
			return undefined;
		}
	}
};

/** Of koffi what it needs to run: its modules, and the library for the machine. */
const nativeFiles = async (entry: string, {architecture, libc}: HostFacts): Promise<EngineFile[]> => {
	const [koffi, library] = [findPackage(entry, 'koffi'), findPackage(entry, `@koromix/koffi-linux-${architecture}`)];
	if (koffi === undefined || library === undefined) {
		return [];
	}

	const [inKoffi, inLibrary] = await Promise.all([filesBelow(koffi), filesBelow(library)]);
	const modules = inKoffi.filter(name => name === 'package.json' || (/\.c?js$/v.test(name) && !/^(?:vendor|doc|lib)\/|^cnoke/v.test(name)));
	const parts = inLibrary.filter(name => !name.endsWith('.node') || name.startsWith(libc === 'musl' ? 'musl_' : 'linux_'));
	return [
		...modules.map(name => ({source: path.join(koffi, name), name: path.posix.join('node_modules/koffi', name)})),
		...parts.map(name => ({source: path.join(library, name), name: path.posix.join('node_modules/@koromix', path.basename(library), name)})),
	];
};

const templates = async (entry: string): Promise<EngineFile[]> => {
	const folder = path.resolve(path.dirname(entry), '../templates');
	const names = existsSync(folder) ? await filesBelow(folder) : [];
	return names.map(name => ({source: path.join(folder, name), name: path.posix.join('templates', name)}));
};

/**
@throws CoppiceError `precondition` where this program was not built, but is run from its sources.
*/
export const engineFiles = async (facts: HostFacts): Promise<EngineFiles> => {
	const entry = ownEntry();
	if (path.basename(entry) !== 'coppice.js') {
		throw new CoppiceError('precondition', 'Only a built Coppice can be put on another host.', {file: entry, hint: 'Run `npm run build`, and then `dist/coppice.js`.'});
	}

	const native = await nativeFiles(entry, facts);
	const built = await builtFiles(entry);
	const files: EngineFile[] = [
		...built.map(name => ({source: path.join(path.dirname(entry), name), name: `dist/${name}`})),
		...await templates(entry),
		...native,
	];
	const hash = createHash('sha256');
	let bytes = 0;
	for (const {source, name} of files) {
		const content = await readFile(source);
		bytes += content.length;
		hash.update(`${name}\0${content.length}\0`).update(content);
	}

	return {
		name: `${version}-${hash.digest('hex').slice(0, 12)}`, files, bytes, hasNativeCalls: native.length > 0,
	};
};

export type NodeProgram = {
	readonly file: string;

	/** `24.1.0`. */
	readonly version: string;
	readonly bytes: number;
};

/** Smaller ones are linked with a library of the distribution, which the other machine need not have. */
const leastOwnNode = 40 * 1024 * 1024;

/** `glibc` or `musl`: what this Node is linked with. */
const ownLibc = (): string => {
	const report = process.report.getReport() as {readonly header?: {readonly glibcVersionRuntime?: string}};
	return report.header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
};

/**
A Node of this machine that runs on another: that of the npm package for it, else the one that runs this, where it is of the same kind.
*/
export const nodeFor = async ({architecture, libc}: HostFacts): Promise<NodeProgram | undefined> => {
	const kind = libc.split(' ', 1)[0] ?? '';
	const packaged = kind === 'glibc' ? findPackage(ownEntry(), `node-linux-${architecture}`) : undefined;
	const file = packaged === undefined ? undefined : path.join(packaged, 'bin/node');
	if (packaged !== undefined && file !== undefined && existsSync(file)) {
		const {version: packageVersion} = JSON.parse(await readFile(path.join(packaged, 'package.json'), 'utf8')) as {readonly version: string};
		const {size} = await stat(file);
		return {file, version: packageVersion, bytes: size};
	}

	const own = await stat(process.execPath);
	return architecture === process.arch && own.size >= leastOwnNode && kind === ownLibc()
		? {file: process.execPath, version: process.versions.node, bytes: own.size}
		: undefined;
};
