/**
Loads compose files into one tree: files merged, `extends` and `include` resolved, variables put in.
*/
import path from 'node:path';
import {
	labelOf,
	readText,
	withDotEnv,
	type Environment,
	type OnRead,
} from './compose-files.ts';
import {suggestion} from './closest-name.ts';
import {mergeServices, mergeTrees} from './merge-trees.ts';
import {
	buildTrees,
	errorAt,
	parseSource,
	withoutResets,
	type MapEntry,
	type MapNode,
	type ParsedFile,
	type Place,
	type TreeNode,
} from './source-tree.ts';

export type LoadContext = {
	/** Where the user is; messages name files relative to it. */
	readonly directory: string;
	readonly environment: Environment;
	readonly onMissing: (name: string) => void;
	readonly onRead?: OnRead;

	/** False leaves variables as they are. */
	readonly interpolate?: boolean;
};

type Chain = readonly string[];

/**
Reads and parses a file. Relative paths in it are relative to `folder`.
*/
export const parseFile = (file: string, folder: string, directory: string, onRead?: OnRead): ParsedFile => {
	onRead?.(file);
	const label = labelOf(file, directory);
	return parseSource(readText(file, label), {file, label, folder});
};

const emptyAt = (place: Place): MapNode => ({kind: 'map', place, entries: new Map()});

const mapOf = (tree: MapNode | undefined, key: string): MapNode | undefined => {
	const node = tree?.entries.get(key)?.node;
	return node?.kind === 'map' ? node : undefined;
};

const textOf = (node: TreeNode | undefined): string | undefined => node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;

const without = (tree: MapNode, key: string): MapNode => ({...tree, entries: new Map([...tree.entries].filter(([name]) => name !== key))});

const withEntry = (tree: MapNode, key: string, entry: MapEntry): MapNode => ({...tree, entries: new Map([...tree.entries, [key, entry]])});

const treesOf = (parsed: ParsedFile, context: LoadContext): MapNode[] => buildTrees(parsed, {
	lookup: name => context.environment[name], onMissing: context.onMissing, ...(context.interpolate !== undefined && {interpolate: context.interpolate}),
});

const mergeAll = ([first, ...overs]: readonly MapNode[]): MapNode => {
	let merged = first!;
	for (const over of overs) {
		merged = mergeTrees(merged, over);
	}

	return merged;
};

/**
A service with what it extends beneath it. `services` are those of the file it stands in, on top of those merged before.
*/
const extendService = (name: string, service: MapNode, services: readonly MapNode[], context: LoadContext, chain: Chain): MapNode => {
	const entry = service.entries.get('extends');
	if (entry === undefined) {
		return service;
	}

	const {source} = service.place;
	const keyPath = ['services', name, 'extends'];
	const long = entry.node.kind === 'map' ? entry.node : undefined;
	const wanted = textOf(long === undefined ? entry.node : long.entries.get('service')?.node);
	const fileText = textOf(long?.entries.get('file')?.node);
	if (wanted === undefined || [...(long?.entries.keys() ?? [])].some(key => key !== 'service' && key !== 'file')) {
		throw errorAt(entry.node.place, keyPath, 'must name a service, or be a map with a "service" and perhaps a "file"');
	}

	const file = fileText === undefined ? source.file : path.resolve(source.folder, fileText);
	const step = `${file}\0${wanted}`;
	const here = `${source.file}\0${name}`;
	if (step === here || chain.includes(step)) {
		throw errorAt(entry.node.place, keyPath, `goes round in a circle: ${[...chain, here, step].map(link => link.slice(link.indexOf('\0') + 1)).join(' → ')}`);
	}

	let candidates = services;
	if (file !== source.file) {
		const trees = treesOf(parseFile(file, path.dirname(file), context.directory, context.onRead), context);
		candidates = [mapOf(mergeAll(trees), 'services') ?? emptyAt(trees[0]!.place)];
	}

	const found = candidates.map(map => map.entries.get(wanted)?.node).find(node => node !== undefined);
	if (found?.kind !== 'map') {
		const known = candidates.flatMap(map => Array.from(map.entries, ([key]) => key));
		throw errorAt(entry.node.place, keyPath, `there is no service ${JSON.stringify(wanted)}${file === source.file ? '' : ` in ${labelOf(file, context.directory)}`}${suggestion(wanted, known)}`);
	}

	const base = extendService(wanted, found, candidates, context, [...chain, here]);
	return mergeServices(base, without(service, 'extends'));
};

const resolveExtends = (tree: MapNode, before: MapNode | undefined, context: LoadContext): MapNode => {
	const services = mapOf(tree, 'services');
	if (services === undefined) {
		return tree;
	}

	const earlier = mapOf(before, 'services');
	const entries = new Map<string, MapEntry>();
	for (const [name, entry] of services.entries) {
		const {node} = entry;
		entries.set(name, node.kind === 'map'
			? {...entry, node: extendService(name, node, earlier === undefined ? [services] : [services, earlier], context, [])}
			: entry);
	}

	return withEntry(tree, 'services', {place: tree.entries.get('services')!.place, node: {...services, entries}});
};

type Include = {readonly files: string[]; readonly folder: string; readonly envFiles: readonly string[]; readonly place: Place};

const texts = (node: TreeNode | undefined): string[] | undefined => {
	const one = textOf(node);
	if (one !== undefined) {
		return [one];
	}

	const many = node?.kind === 'list' ? node.items.map(item => textOf(item)) : [];
	return many.length > 0 && many.every(item => item !== undefined) ? many : undefined;
};

const includesOf = (tree: MapNode): Include[] => {
	const node = tree.entries.get('include')?.node;
	if (node === undefined || (node.kind === 'scalar' && node.value === undefined)) {
		return [];
	}

	if (node.kind !== 'list') {
		throw errorAt(node.place, ['include'], 'must be a list of files');
	}

	return node.items.map((item, index) => {
		const long = item.kind === 'map' ? item : undefined;
		const files = texts(long === undefined ? item : long.entries.get('path')?.node);
		const unknown = [...(long?.entries.keys() ?? [])].find(key => !['path', 'project_directory', 'env_file'].includes(key));
		if (files === undefined || unknown !== undefined) {
			throw errorAt(item.place, ['include', index], 'must be a file, or a map with a "path" and perhaps a "project_directory" and an "env_file"');
		}

		const {folder} = item.place.source;
		const absolute = files.map(file => path.resolve(folder, file));
		const projectFolder = textOf(long?.entries.get('project_directory')?.node);
		return {
			files: absolute,
			folder: projectFolder === undefined ? path.dirname(absolute[0]!) : path.resolve(folder, projectFolder),
			envFiles: (texts(long?.entries.get('env_file')?.node) ?? []).map(file => path.resolve(folder, file)),
			place: item.place,
		};
	});
};

/**
What is included beneath what includes it: two of one name are a conflict, unless they are the same thing.
*/
const addIncluded = (tree: MapNode, included: MapNode): MapNode => {
	let result = tree;
	for (const section of ['services', 'volumes', 'networks', 'secrets', 'configs', 'models']) {
		const from = mapOf(included, section);
		if (from === undefined) {
			continue;
		}

		const to = mapOf(result, section) ?? emptyAt(from.place);
		const entries = new Map(from.entries);
		for (const [name, entry] of to.entries) {
			const known = entries.get(name);
			entries.set(name, known === undefined ? entry : {...entry, node: mergeIncluded(known.node, entry.node, section)});
		}

		result = withEntry(result, section, {place: result.entries.get(section)?.place ?? from.place, node: {...to, entries}});
	}

	return result;
};

const mergeIncluded = (included: TreeNode, own: TreeNode, section: string): TreeNode => {
	if (section === 'services' && included.kind === 'map' && own.kind === 'map') {
		return mergeServices(included, own);
	}

	return own.kind === 'scalar' ? included : own;
};

const loadIncludes = (tree: MapNode, context: LoadContext, chain: Chain): MapNode => {
	let result = tree;
	for (const {files, folder, envFiles, place} of includesOf(tree)) {
		const [first = ''] = files;
		if (chain.includes(first)) {
			throw errorAt(place, ['include'], `goes round in a circle through ${labelOf(first, context.directory)}`);
		}

		const named = envFiles.length === 0 ? {} : {COMPOSE_ENV_FILES: envFiles.join(',')};
		const environment = withDotEnv({...context.environment, ...named}, folder, folder, context.onRead);
		const parsed = files.map(file => parseFile(file, folder, context.directory, context.onRead));
		const model = mergeParsed(parsed, {...context, environment}, [...chain, first]);
		result = addIncluded(result, model);
	}

	return without(result, 'include');
};

const mergeParsed = (files: readonly ParsedFile[], context: LoadContext, chain: Chain): MapNode => {
	let model: MapNode | undefined;
	for (const parsed of files) {
		for (const tree of treesOf(parsed, context)) {
			const extended = resolveExtends(loadIncludes(tree, context, chain), model, context);
			model = model === undefined ? extended : mergeTrees(model, extended);
		}
	}

	return model!;
};

/**
The one tree that compose files mean together.

@throws CoppiceError `usage` with file, line, column and key for whatever is wrong.
*/
export const loadModel = (files: readonly ParsedFile[], context: LoadContext): MapNode => {
	const model = withoutResets(mergeParsed(files, context, files.map(({source}) => source.file)));
	return model.kind === 'map' ? model : emptyAt(model.place);
};
