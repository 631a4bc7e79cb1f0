/**
`coppice fetch`: brings the commits and data of another host's branches. Branches of this side and what runs stay as they are.
*/
import {fetchInto, type Fetched} from './sync/fetch-into.ts';
import type {FullSends} from './sync/choose-bases.ts';
import {chooseHost} from './sync/choose-host.ts';
import type {ConnectionAhead} from './sync/connect-ahead.ts';
import {withPeer} from './sync/peer.ts';
import {placeOf} from './sync/place.ts';
import type {Workspace} from './workspace/workspace.ts';

export type FetchOptions = {
	/** As `host add` has named it; the one that the current branch came from, or the only one, unless told. */
	readonly host?: string | undefined;

	/** Branches there, or commits; all branches unless told. */
	readonly revisions?: readonly string[] | undefined;

	/** The data of every commit, not only of the tips. */
	readonly history?: boolean | undefined;

	/** Sends in full where an increment was to be expected, without asking. */
	readonly full?: boolean | undefined;
	readonly confirmFull?: ((sends: FullSends) => Promise<void>) | undefined;

	/** Bytes a second. */
	readonly limit?: number | undefined;

	/** Forgets remote branches that are not there any more. */
	readonly prune?: boolean | undefined;
	readonly connection?: ConnectionAhead | undefined;
	readonly signal?: AbortSignal | undefined;
};

export type FetchResult = Fetched;

/** The options of a verb as it is typed, to run it again. */
export const optionWords = ({history, full, limit, prune}: Pick<FetchOptions, 'history' | 'full' | 'limit' | 'prune'>, isFull = full): string[] => [
	...history === true ? ['--history'] : [],
	...isFull === true ? ['--full'] : [],
	...limit === undefined ? [] : ['--limit', String(limit)],
	...prune === true ? ['--prune'] : [],
];

/**
@throws CoppiceError as `fetchInto`; `usage` where it is not clear which host is meant.
*/
export const fetchHost = async (workspace: Workspace, options: FetchOptions = {}): Promise<FetchResult> => {
	const {home, history, stack} = workspace;
	const [branch, upstreams] = await Promise.all([history.currentBranch(), history.upstreams()]);
	const record = await chooseHost(home, options.host, upstreams.get(branch));
	const {revisions = [], signal, connection} = options;
	return withPeer(home, record, async peer => fetchInto(placeOf(workspace, signal), peer, {
		...options,
		record: {
			// Whoever runs it again has been asked before.
			verb: 'fetch', command: ['fetch', record.name, ...revisions, ...optionWords(options, true)], directory: stack.projectFolder,
		},
	}), {signal, connection});
};
