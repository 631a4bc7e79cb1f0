/**
The history of a stack of another host, as far as it was told: commits never change, so only those that are not known yet are asked for.
*/
import {decodeCommit, type StoredCommit} from '../../history/commit.ts';
import {reachable} from '../../history/ancestry.ts';
import type {ResultOf} from '../../host/agent-protocol.ts';
import type {HostSource} from './host-source.ts';
import {viewHistory, type HistoryPart} from './history-reader.ts';

/** Pages of a history; each is some hundreds of commits. */
const mostPages = 1000;

type Refs = Pick<ResultOf<'history'>, 'currentBranch' | 'branches' | 'tags' | 'remoteBranches' | 'undo' | 'redo'>;

/** Commits that none of the others is a child of: all others lie behind them. */
export const leavesOf = (commits: ReadonlyMap<string, Pick<StoredCommit, 'parents'>>): string[] => {
	const parents = new Set(commits.values().flatMap(commit => commit.parents));
	return commits.keys().filter(id => !parents.has(id)).toArray();
};

export type RemoteHistory = {read(): Promise<HistoryPart>};

export const createRemoteHistory = (host: HostSource, stack: string, isAscii: boolean): RemoteHistory => {
	const known = new Map<string, StoredCommit>();
	const damaged = new Set<string>();
	let places: {readonly key: string; readonly elsewhere: ReadonlySet<string>; readonly removed: ReadonlySet<string>} | undefined;
	let drawn: Parameters<typeof viewHistory>[2];

	/** @throws CoppiceError where the text does not hold the commit that it says: it is not believed. */
	const take = (id: string, text: string): void => {
		try {
			known.set(id, decodeCommit(text, id, `${host.record.name}/${stack}`));
			damaged.delete(id);
		} catch {
			damaged.add(id);
		}
	};

	const view = (refs: Refs, present: ReadonlySet<string>, elsewhere: ReadonlySet<string>): HistoryPart => {
		const {currentBranch, branches, tags, remoteBranches, undo, redo} = refs;
		const {part, drawn: next} = viewHistory({
			known,
			present,
			elsewhere,
			branch: currentBranch ?? undefined,
			branches: new Map(Object.entries(branches)),
			tags: new Map(Object.entries(tags)),
			remoteBranches: new Map(Object.entries(remoteBranches)),
			damaged: damaged.size,
			undo,
			redo,
		}, isAscii, drawn);
		drawn = next;
		return part;
	};

	const readLive = async (): Promise<HistoryPart> => {
		for (let page = 0; ; page++) {
			const answer = await host.call('history', {stack, known: [...leavesOf(known), ...damaged], ...(places !== undefined && {places: places.key})});
			const before = known.size + damaged.size;
			for (const {id, text} of answer.commits) {
				take(id, text);
			}

			const {key, elsewhere, removed} = answer.places;
			if (elsewhere !== undefined && removed !== undefined) {
				places = {key, elsewhere: new Set(elsewhere), removed: new Set(removed)};
			}

			if (answer.complete && known.size + damaged.size > answer.count && page < mostPages) {
				known.clear();
				damaged.clear();
				continue;
			}

			// One that sends what is known already would be asked for ever.
			if (answer.complete || page >= mostPages || known.size + damaged.size === before) {
				const removedThere = places?.removed ?? new Set();
				return view(answer, new Set(known.keys().filter(id => !removedThere.has(id))), places?.elsewhere ?? new Set());
			}
		}
	};

	/** Of an engine that does not know `history`: what its branches and tags reach. */
	const readOld = async (): Promise<HistoryPart> => {
		const {currentBranch, branches, tags} = await host.call('stack', {stack});
		const tips = [...new Set([...Object.values(branches), ...Object.values(tags)])].filter(id => id !== null);
		const elsewhere = new Set<string>();
		for (let page = 0; page < mostPages && tips.some(id => !known.has(id) && !damaged.has(id)); page++) {
			const before = known.size + damaged.size;
			const answer = await host.call('commits', {stack, tips, known: [...leavesOf(known)]});
			for (const {id, text, hasData} of answer.commits) {
				take(id, text);
				if (!hasData) {
					elsewhere.add(id);
				}
			}

			if (answer.complete || known.size + damaged.size === before) {
				break;
			}
		}

		const parentsOf = (id: string): readonly string[] => known.get(id)?.parents ?? [];
		return view({
			currentBranch, branches, tags, remoteBranches: {},
		}, new Set([...reachable(tips, parentsOf)].filter(id => known.has(id))), elsewhere);
	};

	return {read: async () => host.isLive() ? readLive() : readOld()};
};
