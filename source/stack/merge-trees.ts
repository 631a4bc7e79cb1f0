/**
Merges compose files by compose's rules: maps are merged, lists appended without repeating an entry, commands replaced.

See https://docs.docker.com/reference/compose-file/merge/. Nothing here does I/O, and no tree is changed.
*/
import {parsePorts} from './ports.ts';
import {splitMount} from './mounts.ts';
import {
	toPlain,
	type ListNode,
	type MapEntry,
	type MapNode,
	type TreeNode,
} from './source-tree.ts';

/** Keys of a service that an override replaces as a whole. */
const replaced = new Set(['command', 'entrypoint', 'healthcheck.test', 'x-coppice.process.command']);

/** Keys of a service that may be a list of `NAME=VALUE` or a map. */
const pairs = new Set(['environment', 'labels', 'annotations', 'sysctls', 'build.args', 'build.labels', 'deploy.labels']);

/** Keys of a service that may be a list of names or a map by name. */
const named = new Set(['depends_on', 'networks', 'models']);

/** Keys of a service that may be one text or a list of them. */
const loose = new Set(['env_file', 'dns', 'dns_search', 'tmpfs', 'label_file']);

const scalarText = (node: TreeNode | undefined): string | undefined =>
	node?.kind === 'scalar' && node.value !== undefined ? String(node.value) : undefined;

const childText = (node: MapNode, key: string): string | undefined => scalarText(node.entries.get(key)?.node);

const pairsToMap = (list: ListNode): MapNode | undefined => {
	const entries = new Map<string, MapEntry>();
	for (const item of list.items) {
		const text = scalarText(item);
		if (text === undefined || item.kind !== 'scalar') {
			return undefined;
		}

		const equals = text.indexOf('=');
		const name = equals === -1 ? text : text.slice(0, equals);
		entries.set(name, {place: item.place, node: {kind: 'scalar', place: item.place, value: equals === -1 ? undefined : text.slice(equals + 1)}});
	}

	return {kind: 'map', place: list.place, entries};
};

const namesToMap = (list: ListNode, key: string): MapNode | undefined => {
	const entries = new Map<string, MapEntry>();
	for (const {place, ...item} of list.items) {
		if (item.kind !== 'scalar' || typeof item.value !== 'string') {
			return undefined;
		}

		const node: TreeNode = key === 'depends_on'
			? {kind: 'map', place, entries: new Map([['condition', {place, node: {kind: 'scalar', place, value: 'service_started'}}]])}
			: {kind: 'scalar', place, value: undefined};
		entries.set(item.value, {place, node});
	}

	return {kind: 'map', place: list.place, entries};
};

/**
What makes an entry of a service's list the same entry in another file, so that it replaces it.
*/
const identity = (node: TreeNode, key: string): string => {
	const text = scalarText(node);
	switch (key) {
		case 'volumes': {
			return (node.kind === 'map' ? childText(node, 'target') : (text === undefined ? undefined : splitMount(text)?.target)) ?? JSON.stringify(toPlain(node));
		}

		case 'ports': {
			if (node.kind === 'map') {
				const [address, published, target, protocol] = [childText(node, 'host_ip'), childText(node, 'published'), childText(node, 'target'), childText(node, 'protocol')];
				return `${address ?? ''}:${published ?? ''}:${target ?? ''}/${protocol ?? 'tcp'}`;
			}

			const [mapping, ...more] = text === undefined ? [] : parsePorts(text) ?? [];
			return mapping === undefined || more.length > 0 || mapping.publishedEnd !== undefined
				? text ?? JSON.stringify(toPlain(node))
				: `${mapping.address ?? ''}:${mapping.published ?? ''}:${mapping.target}/${mapping.protocol}`;
		}

		case 'env_file': {
			return (node.kind === 'map' ? childText(node, 'path') : text) ?? JSON.stringify(toPlain(node));
		}

		case 'secrets':
		case 'configs': {
			const source = node.kind === 'map' ? childText(node, 'source') : text;
			const target = node.kind === 'map' ? childText(node, 'target') : undefined;
			return target ?? source ?? JSON.stringify(toPlain(node));
		}

		default: {
			return JSON.stringify(toPlain(node)) ?? 'null';
		}
	}
};

const appendUnique = (base: readonly TreeNode[], over: readonly TreeNode[], key: string): TreeNode[] => {
	const items = new Map<string, TreeNode>();
	for (const node of [...base, ...over]) {
		items.set(identity(node, key), node);
	}

	return Array.from(items, ([, node]) => node);
};

const asList = (node: TreeNode): TreeNode =>
	node.kind === 'scalar' && node.value !== undefined ? {kind: 'list', place: node.place, items: [node]} : node;

const mergeNodes = (base: TreeNode, over: TreeNode, path: readonly string[]): TreeNode => {
	if (over.tag === 'override') {
		return over;
	}

	const key = path[0] === 'services' && path.length > 2 ? path.slice(2).join('.') : undefined;
	if (key !== undefined && replaced.has(key)) {
		return over;
	}

	// A key without value says nothing about a map or list that is there.
	if (over.kind === 'scalar' && over.value === undefined && base.kind !== 'scalar') {
		return base;
	}

	let [from, to] = [base, over];
	if (key !== undefined && (pairs.has(key) || named.has(key))) {
		const convert = (node: TreeNode): TreeNode => (node.kind === 'list' ? (pairs.has(key) ? pairsToMap(node) : namesToMap(node, key)) : undefined) ?? node;
		[from, to] = [convert(from), convert(to)];
	}

	if (key !== undefined && loose.has(key)) {
		[from, to] = [asList(from), asList(to)];
	}

	// `build: ./folder` is short for `build: {context: ./folder}`.
	if (key === 'build' && from.kind !== to.kind) {
		const widen = (node: TreeNode): TreeNode => node.kind === 'scalar' ? {kind: 'map', place: node.place, entries: new Map([['context', {place: node.place, node}]])} : node;
		[from, to] = [widen(from), widen(to)];
	}

	if (from.kind === 'map' && to.kind === 'map') {
		return mergeMaps(from, to, path);
	}

	return from.kind === 'list' && to.kind === 'list' ? {...to, items: key === undefined ? [...from.items, ...to.items] : appendUnique(from.items, to.items, key)} : to;
};

/** Extensions of others are replaced as a whole, as compose does; `x-coppice` is merged. */
const isExtension = (key: string, path: readonly string[]): boolean =>
	key.startsWith('x-') && key !== 'x-coppice' && (path.length === 0 || (path[0] === 'services' && path.length === 2));

const mergeMaps = (base: MapNode, over: MapNode, path: readonly string[]): MapNode => {
	const entries = new Map(base.entries);
	for (const [key, entry] of over.entries) {
		const known = entries.get(key);
		if (entry.node.tag === 'reset') {
			entries.delete(key);
		} else if (known === undefined || isExtension(key, path)) {
			entries.set(key, entry);
		} else {
			entries.set(key, {place: entry.place, node: mergeNodes(known.node, entry.node, [...path, key])});
		}
	}

	// Where the base is a file of its own, messages about the whole still point to it.
	return {kind: 'map', place: base.place, entries};
};

/**
The model of one file with another on top of it.
*/
export const mergeTrees = (base: MapNode, over: MapNode): MapNode => mergeMaps(base, over, []);

/**
A service with another on top of it, as `extends` does.
*/
export const mergeServices = (base: MapNode, over: MapNode): MapNode => mergeMaps(base, over, ['services', '']);
