/**
A YAML document as a tree in which every value knows the file, line and column it comes from, also after files are merged.

The `yaml` library parses; this resolves aliases and merge keys (`<<`), puts variables in, and reads numbers as compose's own
parser (go-yaml) does, so that `0755` is octal and a long number keeps its digits.
*/
import {
	isAlias,
	isMap,
	isScalar,
	isSeq,
	LineCounter,
	parseAllDocuments,
	type Document,
	type Node,
	type Scalar,
} from 'yaml';
import {CoppiceError} from '../system/errors.ts';
import {
	InterpolationError,
	interpolate,
	maskVariables,
	type Lookup,
} from './interpolate.ts';

/**
A file that was read. Relative paths inside it are relative to `folder`.
*/
export type Source = {
	/** Absolute. */
	readonly file: string;

	/** The file as messages name it. */
	readonly label: string;
	readonly folder: string;
	readonly lines: LineCounter;
};

export type Place = {readonly source: Source; readonly offset: number};

export type ScalarValue = string | number | boolean | undefined;

type Tag = 'reset' | 'override';

export type ScalarNode = {
	readonly kind: 'scalar';
	readonly place: Place;

	/** `undefined` is YAML's null. */
	readonly value: ScalarValue;

	/** The text with variables as `${NAME}`, where it uses any. */
	readonly masked?: string;
	readonly tag?: Tag;
};

export type ListNode = {readonly kind: 'list'; readonly place: Place; readonly items: readonly TreeNode[]; readonly tag?: Tag};

export type MapEntry = {
	/** Where the key stands. */
	readonly place: Place;
	readonly node: TreeNode;
};

export type MapNode = {readonly kind: 'map'; readonly place: Place; readonly entries: ReadonlyMap<string, MapEntry>; readonly tag?: Tag};

export type TreeNode = ScalarNode | ListNode | MapNode;

export type KeyPath = ReadonlyArray<string | number>;

/** More values than any real compose file has: aliases of aliases that multiply. */
const mostValues = 200_000;

/**
A key path as people write it: `services.db.ports[0]`.
*/
export const formatPath = (path: KeyPath): string => {
	let text = '';
	for (const part of path) {
		text += typeof part === 'number' ? `[${part}]` : `${text === '' ? '' : '.'}${part}`;
	}

	return text;
};

/**
The error for something wrong at a place: `compose.yaml:7:5: services.db.ports[0]: "54x2:5432" is not a port mapping`.
*/
export const errorAt = (place: Place, path: KeyPath, message: string, hint?: string): CoppiceError => {
	const {line, col} = place.source.lines.linePos(place.offset);
	const key = formatPath(path);
	return new CoppiceError('usage', `${place.source.label}:${line}:${col}: ${key === '' ? '' : `${key}: `}${message}`, {
		file: place.source.file, hint: hint ?? `Correct line ${line} of ${place.source.label}; https://docs.docker.com/reference/compose-file/ has all keys.`,
	});
};

/**
The nearest place in a tree to a key path: the key itself, or the innermost map or list that is there.
*/
export const placeOf = (root: TreeNode, path: KeyPath): Place => {
	let node = root;
	let {place} = root;
	for (const part of path) {
		if (node.kind === 'map') {
			const entry = node.entries.get(String(part));
			if (entry === undefined) {
				return place;
			}

			({node, place} = entry);
		} else if (typeof part === 'number' && node.kind === 'list') {
			const item = node.items[part];
			if (item === undefined) {
				return place;
			}

			node = item;
			place = item.place;
		} else {
			return place;
		}
	}

	return place;
};

/**
The node at a key path, where there is one.
*/
export const nodeAt = (root: TreeNode, path: KeyPath): TreeNode | undefined => {
	let node: TreeNode | undefined = root;
	for (const part of path) {
		if (node?.kind === 'map') {
			node = node.entries.get(String(part))?.node;
		} else if (typeof part === 'number' && node?.kind === 'list') {
			node = node.items[part];
		} else {
			return undefined;
		}
	}

	return node;
};

/**
The tree as plain values; YAML's null is `undefined`.
*/
export const toPlain = (node: TreeNode): unknown => {
	switch (node.kind) {
		case 'scalar': {
			return node.value;
		}

		case 'list': {
			return node.items.map(item => toPlain(item));
		}

		case 'map': {
			return Object.fromEntries(Array.from(node.entries, ([key, entry]) => [key, toPlain(entry.node)]));
		}
	}
};

/**
The tree without what `!reset` takes away.
*/
export const withoutResets = (node: TreeNode): TreeNode => {
	if (node.kind === 'list') {
		return {...node, items: node.items.filter(item => item.tag !== 'reset').map(item => withoutResets(item))};
	}

	if (node.kind === 'map') {
		const entries = [...node.entries].filter(([, entry]) => entry.node.tag !== 'reset');
		return {...node, entries: new Map(entries.map(([key, entry]) => [key, {...entry, node: withoutResets(entry.node)}]))};
	}

	return node;
};

const tagOf = (node: Node): {readonly tag?: Tag} => {
	const tag = 'tag' in node ? node.tag : undefined;
	return tag === '!reset' ? {tag: 'reset'} : (tag === '!override' ? {tag: 'override'} : {});
};

const scalarValue = (scalar: Scalar): ScalarValue => {
	const {value, source, type} = scalar;
	if (typeof value === 'number' && source !== undefined && type === 'PLAIN') {
		if (/^[+\-]?0[0-7]+$/v.test(source)) {
			return Number.parseInt(source, 8);
		}

		if (Number.isFinite(value) && Math.abs(value) > Number.MAX_SAFE_INTEGER && /^[+\-]?\d+$/v.test(source)) {
			return source;
		}
	}

	if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
		return value;
	}

	return value instanceof Date ? value.toISOString() : undefined;
};

const keyText = (key: Scalar): string => {
	const value = scalarValue(key);
	return value === undefined ? 'null' : String(value);
};

export type TreeOptions = {
	readonly lookup: Lookup;

	/** Told each variable without value or default. */
	readonly onMissing?: (name: string) => void;

	/** False leaves variables as they are. */
	readonly interpolate?: boolean;
};

/**
Turns one parsed document into a tree.
*/
class TreeBuilder {
	private readonly done = new Map<Node, TreeNode>();
	private readonly open = new Set<Node>();
	private count = 0;
	private readonly document: Document;
	private readonly source: Source;
	private readonly options: TreeOptions;

	constructor(document: Document, source: Source, options: TreeOptions) {
		this.document = document;
		this.source = source;
		this.options = options;
	}

	private convert(node: Node, path: KeyPath, place: Place): TreeNode {
		if (isScalar(node)) {
			return {...this.scalar(node, path, place), ...tagOf(node)};
		}

		if (isSeq(node)) {
			const items = node.items.map((item, index) => this.build(item as Node | null, [...path, index], place));
			return {
				kind: 'list', place, items, ...tagOf(node),
			};
		}

		if (isMap(node)) {
			const entries = new Map<string, MapEntry>();
			const merged: TreeNode[] = [];
			for (const pair of node.items) {
				const key = pair.key as Node | null;
				const keyPlace: Place = {source: this.source, offset: key?.range?.[0] ?? place.offset};
				if (!isScalar(key)) {
					throw errorAt(keyPlace, path, 'a key must be a text');
				}

				const name = keyText(key);
				if (name === '<<' && key.type === 'PLAIN') {
					merged.push(this.build(pair.value as Node | null, path, keyPlace));
					continue;
				}

				if (name === '__proto__') {
					throw errorAt(keyPlace, path, '"__proto__" can\'t be a key');
				}

				entries.set(name, {place: keyPlace, node: this.build(pair.value as Node | null, [...path, name], keyPlace)});
			}

			for (const source of merged) {
				this.mergeInto(entries, source, path);
			}

			return {
				kind: 'map', place, entries, ...tagOf(node),
			};
		}

		throw errorAt(place, path, 'this kind of value is not known');
	}

	/** The keys of a map itself win over those of `<<`, and earlier maps of a list over later ones (https://yaml.org/type/merge.html). */
	private mergeInto(entries: Map<string, MapEntry>, source: TreeNode, path: KeyPath): void {
		if (source.kind === 'list') {
			for (const item of source.items) {
				this.mergeInto(entries, item, path);
			}

			return;
		}

		if (source.kind === 'scalar') {
			throw errorAt(source.place, path, '"<<" takes a map or a list of maps');
		}

		for (const [key, entry] of source.entries) {
			if (!entries.has(key)) {
				entries.set(key, entry);
			}
		}
	}

	private scalar(node: Scalar, path: KeyPath, place: Place): ScalarNode {
		const value = scalarValue(node);
		if (typeof value !== 'string' || !value.includes('$') || this.options.interpolate === false) {
			return {kind: 'scalar', place, value};
		}

		try {
			return {
				kind: 'scalar', place, value: interpolate(value, this.options.lookup, this.options.onMissing), masked: maskVariables(value),
			};
		} catch (error) {
			if (error instanceof InterpolationError) {
				throw errorAt(place, path, error.message);
			}

			throw error;
		}
	}

	build(node: Node | undefined | null, path: KeyPath, fallback: Place): TreeNode {
		if (node === undefined || node === null) {
			return {kind: 'scalar', place: fallback, value: undefined};
		}

		const place: Place = {source: this.source, offset: node.range?.[0] ?? fallback.offset};
		if (isAlias(node)) {
			const target = node.resolve(this.document);
			if (target === undefined) {
				throw errorAt(place, path, `nothing is anchored as &${node.source}`);
			}

			if (this.open.has(target)) {
				throw errorAt(place, path, `the alias *${node.source} stands inside what it is an alias of`);
			}

			return this.build(target, path, place);
		}

		const known = this.done.get(node);
		this.count += known === undefined ? 1 : sizeOf(known);
		if (this.count > mostValues) {
			throw errorAt(place, path, 'aliases multiply to more values than a compose file can mean');
		}

		if (known !== undefined) {
			return known;
		}

		this.open.add(node);
		const built = this.convert(node, path, place);
		this.open.delete(node);
		this.done.set(node, built);
		return built;
	}
}

const sizeOf = (node: TreeNode): number => {
	if (node.kind === 'scalar') {
		return 1;
	}

	let size = 1;
	for (const child of node.kind === 'list' ? node.items : Array.from(node.entries.values(), entry => entry.node)) {
		size += sizeOf(child);
	}

	return size;
};

/**
A file parsed but not yet interpolated: its documents, each of which overrides those before it.
*/
export type ParsedFile = {readonly source: Source; readonly documents: readonly Document[]};

/**
Parses the text of a compose file.

@throws CoppiceError `usage` with line and column when it is not YAML, or empty.
*/
export const parseSource = (text: string, source: Omit<Source, 'lines'>): ParsedFile => {
	const located: Source = {...source, lines: new LineCounter()};
	const documents = parseAllDocuments(text, {lineCounter: located.lines, prettyErrors: false, logLevel: 'silent'});
	if (!Array.isArray(documents)) {
		throw new CoppiceError('usage', `${source.label} is empty`, {file: source.file});
	}

	for (const {errors} of documents) {
		const error = errors[0];
		if (error !== undefined) {
			throw errorAt({source: located, offset: error.pos[0]}, [], error.message.replace(/\.$/v, ''));
		}
	}

	const filled = documents.filter(document => document.contents !== null && !(isScalar(document.contents) && document.contents.value === null));
	if (filled.length === 0) {
		throw new CoppiceError('usage', `${source.label} is empty`, {file: source.file});
	}

	return {source: located, documents: filled};
};

/**
The trees of a parsed file, variables put in.

@throws CoppiceError `usage` with line, column and key.
*/
export const buildTrees = ({source, documents}: ParsedFile, options: TreeOptions): MapNode[] => documents.map(document => {
	const start: Place = {source, offset: document.contents?.range?.[0] ?? 0};
	const tree = new TreeBuilder(document, source, options).build(document.contents, [], start);
	if (tree.kind !== 'map') {
		throw errorAt(start, [], 'a compose file must be a map with keys such as "services"');
	}

	return tree;
});
