/**
Stacks of this host as a connection looks at them again and again: what was read stays until it is no longer so. Commits never change; a project is
opened anew when its files, its record or the definition that it runs by have changed.
*/
import {stat} from 'node:fs/promises';
import path from 'node:path';
import type {StoredCommit} from '../../history/commit.ts';
import {readActiveDefinition} from '../definition/active-definition.ts';
import type {Workspace} from '../workspace/workspace.ts';
import type {Agent} from './agent.ts';
import type {CommitGraph} from './commit-graph.ts';
import type {HostStack} from './host-stacks.ts';
import {openPushPlace} from './push-place.ts';

/** Stacks of which one connection keeps what was read. */
const mostKept = 16;

/** A map that forgets what was used longest ago. */
const recent = <Value>(): {get(key: string): Value | undefined; set(key: string, value: Value): void} => {
	const kept = new Map<string, Value>();
	return {
		get(key) {
			const value = kept.get(key);
			if (value !== undefined) {
				kept.delete(key);
				kept.set(key, value);
			}

			return value;
		},
		set(key, value) {
			kept.delete(key);
			kept.set(key, value);
			for (const oldest of kept.keys().take(Math.max(0, kept.size - mostKept))) {
				kept.delete(oldest);
			}
		},
	};
};

const momentOf = async (file: string): Promise<string> => {
	try {
		const {mtimeMs, size, ino} = await stat(file);
		return `${mtimeMs} ${size} ${ino}`;
	} catch {
		return '';
	}
};

/** What a stack was opened from, as a text that differs when that has changed. */
const originOf = async ({stack, home}: Workspace, {pool, name, project}: HostStack): Promise<string> => {
	const files = [...stack.composeFiles, path.join(stack.projectFolder, '.env')];
	const [moments, active] = await Promise.all([
		Promise.all(files.map(async file => momentOf(file))),
		readActiveDefinition({home, pool: pool.path, stack: name}),
	]);
	return JSON.stringify([project, files, moments, active?.commit]);
};

export type GraphHere = CommitGraph & {
	readonly here: readonly string[];
	readonly elsewhere: readonly string[];
	readonly removed: readonly string[];
};

export type Places = {
	/** The stack with all that its services are asked by. */
	open(stack: HostStack): Promise<Workspace>;

	/** Its commits and refs as they are now. */
	graph(stack: HostStack): Promise<GraphHere>;
};

export const createPlaces = ({options: {home}}: Agent): Places => {
	const opened = recent<{readonly origin: string; readonly workspace: Workspace}>();
	const commits = recent<Map<string, StoredCommit>>();
	const keyOf = ({pool, name}: HostStack): string => `${pool.path}\0${name}`;

	return {
		async open(stack) {
			const key = keyOf(stack);
			const known = opened.get(key);
			// Volumes of data alone are those that are there now.
			if (known !== undefined && stack.project !== undefined && known.origin === await originOf(known.workspace, stack)) {
				return known.workspace;
			}

			const workspace = await openPushPlace(stack, home, () => {});
			opened.set(key, {origin: await originOf(workspace, stack), workspace});
			return workspace;
		},
		async graph(stack) {
			const {history} = stack;
			const known = commits.get(keyOf(stack)) ?? new Map<string, StoredCommit>();
			commits.set(keyOf(stack), known);

			// Refs first: what they name is there by then.
			const [branches, tags, remoteBranches] = await Promise.all([history.branches(), history.tags(), history.remoteBranches()]);
			const [here, elsewhere, removed] = await Promise.all([history.commitIds(), history.elsewhereIds(), history.removedIds()]);
			const ids = [...new Set([...here, ...elsewhere, ...removed])];
			await Promise.all(ids.filter(id => !known.has(id)).map(async id => {
				try {
					known.set(id, await history.readAnyCommit(id));
				} catch {
					// A damaged one is left out, as everywhere; `coppice doctor` there names it.
				}
			}));
			const byId = new Map(ids.flatMap(id => known.has(id) ? [[id, known.get(id)!] as const] : []));
			return {
				byId, branches, tags, remoteBranches, here, elsewhere, removed, parentsOf: id => byId.get(id)?.parents ?? [],
			};
		},
	};
};
