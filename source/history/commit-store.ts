/**
The commits of a stack as files: `commits/<id>.json`; `elsewhere/<id>.json` for those that are known though their data are on another
host; `removed/<id>.json` for those taken out of the log. A removed commit's file is kept, so that its descendants still know where
they come from. Where one id is in several of these, the first of this order counts.
*/
import path from 'node:path';
import {mkdir} from 'node:fs/promises';
import {listIfThere} from '../system/durable-file.ts';
import {CoppiceError} from '../system/errors.ts';
import {failpoint} from '../system/failpoint.ts';
import {sha256Hex} from '../system/sha256.ts';
import {
	commitId,
	decodeCommit,
	encodeCommit,
	isCommitId,
	shortId,
	type Commit,
	type StoredCommit,
} from './commit.ts';
import {
	access,
	moveFile,
	readText,
	removeFile,
	writeText,
} from './file-access.ts';
import {sortNewestFirst} from './commit-order.ts';

export type DamagedCommit = {readonly id: string; readonly reason: string};
/** Where a commit is: with its data here; known, with its data on another host; taken out of the log. */
export type CommitState = 'here' | 'elsewhere' | 'removed';
export type CommitList = {readonly commits: readonly StoredCommit[]; readonly damaged: readonly DamagedCommit[]};

export type CommitStore = {
	readCommit(id: string): Promise<StoredCommit>;
	readAnyCommit(id: string): Promise<StoredCommit & {readonly removed: boolean; readonly state: CommitState}>;
	writeCommit(commit: Commit): Promise<string>;
	writeElsewhere(content: Commit | string): Promise<string>;
	promoteCommit(id: string): Promise<void>;
	elsewhereIds(): Promise<readonly string[]>;
	elsewhereCommits(): Promise<CommitList>;
	commitIds(): Promise<readonly string[]>;
	removedIds(): Promise<readonly string[]>;
	allCommits(): Promise<CommitList>;
	removedCommits(): Promise<CommitList>;
	removeCommit(id: string): Promise<void>;
	restoreCommit(id: string): Promise<void>;
};

// Enough to keep the thread pool of Node busy; more only costs memory and file descriptors.
const concurrency = 16;

/**
Runs a task for each item, at most `concurrency` at a time. The results are in the order of the items.
*/
const mapBounded = async <Item, Result>(items: readonly Item[], task: (item: Item) => Promise<Result>): Promise<Result[]> => {
	const results: Result[] = [];
	const entries = items.entries();
	const work = async () => {
		for (const [index, item] of entries) {
			results[index] = await task(item);
		}
	};

	await Promise.all(Array.from({length: Math.min(concurrency, items.length)}, work));
	return results;
};

const checkId = (id: string): string => {
	if (!isCommitId(id)) {
		throw new CoppiceError('usage', `${JSON.stringify(id)} is not the id of a commit.`, {hint: 'An id is 64 hexadecimal digits; `coppice log` shows them.'});
	}

	return id;
};

const notFound = (id: string): CoppiceError => new CoppiceError('not-found', `There is no commit ${shortId(id)}.`, {hint: '`coppice log --all` shows the commits that are there.'});

/**
@param folder - The folder of the history.
*/
export const openCommitStore = (folder: string): CommitStore => {
	const commitsFolder = path.join(folder, 'commits');
	const elsewhereFolder = path.join(folder, 'elsewhere');
	const removedFolder = path.join(folder, 'removed');
	const fileOf = (id: string) => path.join(commitsFolder, `${checkId(id)}.json`);
	const elsewhereFileOf = (id: string) => path.join(elsewhereFolder, `${checkId(id)}.json`);
	const removedFileOf = (id: string) => path.join(removedFolder, `${checkId(id)}.json`);

	const listIds = async (from: string): Promise<string[]> => {
		const names = await access(from, 'read', async () => listIfThere(from));
		return names.filter(name => name.endsWith('.json')).map(name => name.slice(0, -'.json'.length)).filter(id => isCommitId(id));
	};

	const readFrom = async (id: string, file: string): Promise<StoredCommit | undefined> => {
		const text = await readText(file);
		return text === undefined ? undefined : decodeCommit(text, id, file);
	};

	const readAll = async (ids: readonly string[], fileFor: (id: string) => string): Promise<CommitList> => {
		const damaged: DamagedCommit[] = [];
		const commits = await mapBounded(ids, async id => {
			try {
				return await readFrom(id, fileFor(id));
			} catch (error) {
				if (error instanceof CoppiceError && error.code !== 'permission') {
					damaged.push({id, reason: error.message});
					return undefined;
				}

				throw error;
			}
		});
		return {
			// A file that went away between listing and reading is a commit that was just removed.
			commits: sortNewestFirst(commits.filter(commit => commit !== undefined)),
			damaged: damaged.toSorted((a, b) => a.id.localeCompare(b.id)),
		};
	};

	/** Those in a folder that are not whole here too, as a cut between two steps may leave them. */
	const idsOnlyIn = async (from: string): Promise<string[]> => {
		const [ids, others] = await Promise.all([listIds(commitsFolder), listIds(from)]);
		const there = new Set(ids);
		return others.filter(id => !there.has(id));
	};

	const removedIds = async () => idsOnlyIn(removedFolder);
	const elsewhereIds = async () => idsOnlyIn(elsewhereFolder);

	const move = async (id: string, from: string, to: string): Promise<void> => {
		if (await readText(from) === undefined) {
			if (await readText(to) === undefined) {
				throw notFound(id);
			}

			return;
		}

		await access(to, 'written', async () => mkdir(path.dirname(to), {recursive: true}));
		await moveFile(from, to);
	};

	return {
		async readCommit(id) {
			const commit = await readFrom(id, fileOf(id));
			if (commit) {
				return commit;
			}

			if (await readText(elsewhereFileOf(id)) !== undefined) {
				throw new CoppiceError('precondition', `Commit ${shortId(id)} is known, but its data are on another host.`, {hint: `\`coppice fetch HOST ${shortId(id)}\` fetches them.`});
			}

			if (await readText(removedFileOf(id)) !== undefined) {
				throw new CoppiceError('not-found', `Commit ${shortId(id)} was removed.`, {hint: 'Until its data are destroyed, `coppice undo` brings back what `coppice prune` removed.'});
			}

			throw notFound(id);
		},

		async readAnyCommit(id) {
			for (const [state, file] of [['here', fileOf(id)], ['elsewhere', elsewhereFileOf(id)], ['removed', removedFileOf(id)]] as const) {
				const commit = await readFrom(id, file);
				if (commit) {
					return {...commit, removed: state === 'removed', state};
				}
			}

			throw notFound(id);
		},

		async writeCommit(commit) {
			const text = encodeCommit(commit);
			const id = commitId(commit);
			const file = fileOf(id);
			// What reading would refuse is not written.
			decodeCommit(text, id, file);
			if (await readText(file) !== text) {
				await writeText(file, text);
			}

			await removeFile(elsewhereFileOf(id));
			await removeFile(removedFileOf(id));
			return id;
		},

		async writeElsewhere(content) {
			const text = typeof content === 'string' ? content : encodeCommit(content);
			const id = sha256Hex(text);
			const file = elsewhereFileOf(id);
			decodeCommit(text, id, file);
			if (await readText(fileOf(id)) === undefined && await readText(file) !== text) {
				await writeText(file, text);
			}

			return id;
		},

		async promoteCommit(id) {
			const [file, elsewhere, removed] = [fileOf(id), elsewhereFileOf(id), removedFileOf(id)];
			if (await readText(file) === undefined) {
				await move(id, await readText(elsewhere) === undefined ? removed : elsewhere, file);
				failpoint('history.promote.moved');
			}

			await removeFile(elsewhere);
			await removeFile(removed);
		},

		elsewhereIds,
		elsewhereCommits: async () => readAll(await elsewhereIds(), elsewhereFileOf),
		commitIds: async () => listIds(commitsFolder),
		removedIds,
		allCommits: async () => readAll(await listIds(commitsFolder), fileOf),
		removedCommits: async () => readAll(await removedIds(), removedFileOf),
		removeCommit: async id => move(id, fileOf(id), removedFileOf(id)),
		async restoreCommit(id) {
			await move(id, removedFileOf(id), fileOf(id));
			await removeFile(elsewhereFileOf(id));
		},
	};
};
