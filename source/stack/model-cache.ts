/**
Keeps what compose has resolved, since running compose takes longer than most verbs. A file for each project, in a folder that only its
owner can enter: it holds what the environment held.
*/
import {createHash, randomBytes} from 'node:crypto';
import {
	chmod,
	lstat,
	mkdir,
	rename,
	rm,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {readIfThere} from '../system/durable-file.ts';
import type {Environment} from './compose-files.ts';
import {findModelInputs, fingerprintModel, type ModelInputs} from './model-inputs.ts';
import type {ProjectFiles, ReadStackOptions} from './locate-project.ts';
import type {StackSettings} from './stack.ts';
import {readOwnTemplate} from './own-template.ts';
import {resolveModel, type Resolved} from './resolve-model.ts';

/** To be raised where entries of before mean something else. */
const format = 1;

export type NamedModel = Resolved & {
	readonly name: string;
	readonly profiles: readonly string[];

	/** Not every version of compose tells what is under `x-coppice` at the top. */
	readonly settings: StackSettings;
};

type Plain = Readonly<Record<string, unknown>>;

type Entry = {
	readonly format: number;
	readonly fingerprint: string;
	readonly inputs: ModelInputs;
	readonly model: NamedModel;
};

const entryFile = (folder: string, files: readonly string[]): string =>
	path.join(folder, `${createHash('sha256').update(files.join('\0')).digest('hex').slice(0, 24)}.json`);

/** Whether the folder is this user's and nobody else's. */
const isPrivate = async (folder: string): Promise<boolean> => {
	const stats = await lstat(folder);
	return stats.isDirectory() && stats.uid === process.getuid?.() && stats.mode % 0o100 === 0;
};

const readEntry = async (file: string): Promise<Entry | undefined> => {
	try {
		const entry = JSON.parse(await readIfThere(file) ?? 'null') as Entry | null;
		return entry?.format === format ? entry : undefined;
	} catch {
		// A cache: one that can't be read is made again.
		return undefined;
	}
};

/** Whole or not at all, but not for good: it can be made again. */
const writeEntry = async (file: string, entry: Entry): Promise<void> => {
	const folder = path.dirname(file);
	// What is above may be the home, where databases of other users have to get to the pool.
	await mkdir(path.dirname(folder), {recursive: true});
	await mkdir(folder, {recursive: true, mode: 0o700});
	const stats = await lstat(folder);
	if (stats.uid === process.getuid?.() && stats.isDirectory() && !await isPrivate(folder)) {
		await chmod(folder, 0o700);
	}

	if (!await isPrivate(folder)) {
		return;
	}

	const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
	try {
		await writeFile(temporary, JSON.stringify(entry), {mode: 0o600, flag: 'wx'});
		await rename(temporary, file);
	} catch {
		await rm(temporary, {force: true});
	}
};

export type CachedModelOptions = {
	readonly project: ProjectFiles;
	readonly profiles: readonly string[];

	/** Where entries are kept; nothing is kept unless told. */
	readonly cacheFolder?: string;

	/** What the files say of the project without compose: asked only where compose has to be run. */
	readonly locate: () => Pick<NamedModel, 'name' | 'profiles' | 'settings'>;
};

/** Compose 1 loses what is under `x-coppice` where it merges files. */
const withSettingsOf = (own: object, model: unknown): unknown => {
	const added = (section: 'services' | 'volumes'): Plain => {
		const written = (own as Record<string, Plain | undefined>)[section] ?? {};
		const resolved = (model as Record<string, Plain | undefined>)[section] ?? {};
		return Object.fromEntries(Object.entries(resolved).map(([name, item]) => {
			const settings = (written[name] as Plain | undefined)?.['x-coppice'];
			return [name, settings === undefined ? item : {'x-coppice': settings, ...item as Plain}];
		}));
	};

	return {...model as Plain, services: added('services'), volumes: added('volumes')};
};

const run = async ({project, locate}: CachedModelOptions): Promise<NamedModel> => {
	const {name, profiles, settings} = locate();
	const {files, projectFolder, outside} = project;
	const resolved = await resolveModel({composeFiles: files, projectFolder, name}, outside);
	const own = resolved.isOld || resolved.template === undefined ? readOwnTemplate(project) : undefined;
	const template = resolved.template ?? own;
	return {
		...resolved,
		model: own !== undefined && resolved.isOld ? withSettingsOf(own, resolved.model) : resolved.model,
		...(template !== undefined && {template}),
		name,
		profiles,
		settings,
	};
};

const readOptions = ({directory, files, projectFolder, outside}: ProjectFiles, profiles: readonly string[]): ReadStackOptions => ({
	directory, composeFiles: files, projectFolder, environment: outside, profiles,
});

/**
The resolved project, from the cache while nothing has changed that it depends on.

@throws CoppiceError as `resolveModel`.
*/
export const cachedModel = async (options: CachedModelOptions): Promise<NamedModel> => {
	const {project, profiles, cacheFolder} = options;
	if (cacheFolder === undefined) {
		return run(options);
	}

	const environment: Environment = project.outside;
	const settings = [format, project.files, project.projectFolder, profiles];
	const file = entryFile(cacheFolder, project.files);
	const known = await readEntry(file);
	if (known !== undefined && fingerprintModel(known.inputs, environment, settings) === known.fingerprint) {
		return known.model;
	}

	const inputs = await findModelInputs(readOptions(project, profiles));
	const before = inputs === undefined ? undefined : fingerprintModel(inputs, environment, settings);
	const model = await run(options);
	// A file that was written meanwhile may have been read before or after.
	if (inputs !== undefined && before !== undefined && before === fingerprintModel(inputs, environment, settings)) {
		await writeEntry(file, {
			format, fingerprint: before, inputs, model,
		});
	} else if (known !== undefined) {
		await rm(file, {force: true});
	}

	return model;
};
