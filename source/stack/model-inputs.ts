/**
Everything that a resolved project depends on, and a fingerprint of it: what is resolved already is used again only while none of it has changed.
*/
import {createHash} from 'node:crypto';
import {readFileSync, realpathSync, statSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type {Environment} from './compose-files.ts';
import {readStack} from './read-stack.ts';
import type {ReadStackOptions} from './locate-project.ts';

export type ModelInputs = {
	/** Compose files, `.env`, `env_file`s, extended and included files: absolute, also those that are not there. */
	readonly files: readonly string[];

	/** Folders whose links compose may follow. */
	readonly links: readonly string[];
};

/**
The inputs of a project, or `undefined` where Coppice's own reader can't follow it (a file of another machine, say).
*/
export const findModelInputs = async (options: ReadStackOptions): Promise<ModelInputs | undefined> => {
	const files = new Set<string>();
	try {
		const stack = await readStack({
			...options,
			onRead(file) {
				files.add(file);
			},
		});
		const links = Object.values(stack.services).flatMap(({mounts, build}) => {
			const context = typeof build === 'object' && build !== null ? (build as {context?: unknown}).context : build;
			return [
				...mounts.flatMap(mount => mount.kind === 'bind' ? [mount.source] : []),
				...typeof context === 'string' ? [path.resolve(stack.projectFolder, context)] : [],
			];
		});
		return {files: [...files].toSorted(), links: [...new Set(links)].toSorted()};
	} catch {
		return undefined;
	}
};

const attempt = <Value>(read: () => Value): Value | undefined => {
	try {
		return read();
	} catch {
		return undefined;
	}
};

/** Where the docker CLI looks for its plug-ins (`cli-plugins/manager`). */
const systemPluginFolders = ['/usr/local/lib/docker/cli-plugins', '/usr/local/libexec/docker/cli-plugins', '/usr/lib/docker/cli-plugins', '/usr/libexec/docker/cli-plugins'];

/** What tells that a program was replaced. */
const stateOf = (file: string): string | undefined => attempt(() => {
	const {ino, size, mtimeMs, ctimeMs} = statSync(file);
	return [realpathSync(file), ino, size, mtimeMs, ctimeMs].join(' ');
});

/**
The compose CLIs of this machine, by the files that they are: asking one for its version takes as long as all the rest.
*/
const composePrograms = (environment: Environment): unknown => {
	const configFolder = environment.DOCKER_CONFIG ?? path.join(environment.HOME ?? os.homedir(), '.docker');
	const config = attempt(() => readFileSync(path.join(configFolder, 'config.json'), 'utf8'));
	const extra: unknown = config === undefined ? undefined : attempt(() => (JSON.parse(config) as {cliPluginsExtraDirs?: unknown}).cliPluginsExtraDirs);
	const pluginFolders = [path.join(configFolder, 'cli-plugins'), ...Array.isArray(extra) ? extra.map(String) : [], ...systemPluginFolders];
	const searched = (environment.PATH ?? '').split(path.delimiter).filter(folder => folder !== '');
	return [
		...searched.flatMap(folder => ['docker', 'docker-compose'].map(name => path.join(folder, name))),
		...pluginFolders.map(folder => path.join(folder, 'docker-compose')),
	].map(file => stateOf(file));
};

const hashOf = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Steers compose or the docker CLI, whatever the files say. */
const alwaysCounts = (name: string): boolean => /^(?:COMPOSE_|DOCKER_|HOME$)/v.test(name);

/**
The fingerprint of a project as it is now, or `undefined` where something in it can't be told.

Of the environment, every variable counts whose name stands anywhere in one of the files, in whatever role.
@param settings - What else the result depends on: arguments, say.
*/
export const fingerprintModel = (inputs: ModelInputs, environment: Environment, settings: unknown): string | undefined => {
	const words = new Set<string>();
	const files: unknown[] = [];
	for (const file of inputs.files) {
		const text = attempt(() => readFileSync(file, 'utf8'));
		if (text === undefined) {
			// Neither a file that may not be read nor a folder tells what is in it.
			if (statSync(file, {throwIfNoEntry: false}) !== undefined) {
				return undefined;
			}

			files.push([file]);
			continue;
		}

		// A name could be written in escapes.
		if (/\\[Uux]/v.test(text)) {
			return undefined;
		}

		files.push([file, hashOf(text)]);
		for (const [word] of text.matchAll(/[A-Z_a-z]\w*/gv)) {
			words.add(word);
		}
	}

	const variables = Object.entries(environment).filter(([name]) => words.has(name) || alwaysCounts(name)).toSorted(([a], [b]) => a < b ? -1 : 1);
	return hashOf(JSON.stringify([
		files,
		inputs.links.map(link => attempt(() => realpathSync(link))),
		variables,
		composePrograms(environment),
		settings,
	]));
};
