/**
What hosts say to each other: the methods of the agent (`coppice serve`), JSON-RPC 2.0 over the standard streams.

What comes from the other side is hostile until these schemas have passed it; names are checked again where they touch a path.
*/
import {z} from 'zod';
import {shownText} from './agent-errors.ts';
import {
	branch,
	commit,
	commitContent,
	poolId,
	snapshot,
	stack,
	tag,
	volume,
} from './agent-fields.ts';
import {viewMethods} from './view-methods.ts';

/** Raised whenever a peer of the version before would misunderstand. */
export const agentProtocol = 4;

const stackSummary = z.object({
	name: stack,
	pool: poolId,
	driver: z.enum(['btrfs', 'zfs', 'directory']),

	/** Whether a compose project belongs to it on that host; data alone otherwise. */
	hasProject: z.boolean(),
	currentBranch: branch.nullable(),
	branches: z.record(branch, commit.nullable()),
	tags: z.record(tag, commit),
	volumes: z.array(volume),
});

const commitText = commitContent.extend({
	/** Whether all of its snapshots are there. */
	hasData: z.boolean(),
});

const image = z.object({
	service: shownText, image: shownText, digest: shownText.nullable(), build: z.boolean(),
});

const tips = z.array(commit);
const snapshots = z.array(snapshot);
const snapshotsByVolume = z.record(volume, snapshots);
const pins = z.object({peer: poolId, commits: z.array(commit)});

/**
Each method with what it is given and what it answers.
*/
export const agentMethods = {
	/** First of all: who is there. */
	hello: {
		params: z.object({protocol: z.int(), version: z.string()}),
		result: z.object({
			protocol: z.int(),
			version: shownText,
			hostName: shownText,
			pool: poolId.nullable(),

			/** Marked as production by its owner. */
			production: z.boolean(),

			/** The role that the owner's policy gives this key; none where nothing limits it. */
			role: shownText.nullable(),

			/** The driver of the pool, where there is one. */
			driver: z.enum(['btrfs', 'zfs', 'directory']).nullable().optional(),

			/** What the clock there says, in milliseconds since 1970, for `host check`. */
			time: z.number().optional(),

			/** As whom the engine runs. */
			user: shownText.optional(),
			root: z.boolean().optional(),
		}),
	},
	stacks: {
		params: z.object({}),
		result: z.object({
			stacks: z.array(stackSummary),

			/** Why these may not be all. */
			incomplete: shownText.optional(),
		}),
	},
	stack: {
		params: z.object({stack}),
		result: stackSummary,
	},

	/** Commits reachable from `tips` and not from `known`, newest first, at most a few hundred: ask again with what came as `known`. */
	commits: {
		params: z.object({stack, tips, known: tips}),
		result: z.object({commits: z.array(commitText), complete: z.boolean()}),
	},

	/** Ids of the whole snapshots of each volume. */
	snapshots: {
		params: z.object({stack}),
		result: z.object({volumes: snapshotsByVolume}),
	},

	/** About how many bytes of stream a send would be, before compression. */
	estimate: {
		params: z.object({
			stack, volume, snapshot, bases: snapshots,
		}),
		result: z.object({
			/** Of all of it; where an increment is small anyway, nobody has to walk over everything to know. */
			full: z.number().optional(),
			increments: z.record(snapshot, z.number()),
		}),
	},

	/** Keeps commits from being pruned, as those that the pool `peer` shares: in place of what was pinned for it and these branches before. */
	pin: {
		params: pins.extend({stack}),
		result: z.object({}),
	},

	/** What the application is made of, to bring it up elsewhere. */
	definition: {
		params: z.object({stack, commit}),
		result: z.object({
			/** The compose file, by the commit's definition, with `${NAME}` for values that a commit does not hold. */
			compose: z.string().nullable(),

			/** Variables that it needs, with their values where the owner's policy gives them. */
			variables: z.record(z.string(), z.string().nullable()),
			runtime: z.enum(['docker', 'process']),
			images: z.array(image),
		}),
	},

	/** Asks whether a push would be taken, before any data go; makes the stack where it is not there. Answers which snapshots are wanting. */
	offerPush: {
		params: z.object({
			stack, branch, tip: commit, commits: z.array(commitContent), switch: z.boolean(),
		}),
		result: z.object({wanting: snapshotsByVolume}),
	},

	/** Moves the branch, after its data have come; the commits are those of the offer. Refused unless it is a fast-forward from `from`. Pins as `pin` does. */
	finishPush: {
		params: z.object({
			stack, branch, from: commit.nullable(), tip: commit, commits: z.array(commitContent), switch: z.boolean(), pin: pins.optional(),
		}),
		result: z.object({

			/** The safety commit that `switch` took there, where there was anything to keep. */
			kept: z.array(commit),
			restarted: z.array(shownText),

			/** What the user should know of it: one sentence each. */
			notices: z.array(shownText).optional(),
		}),
	},
	...viewMethods,
} as const;

export type AgentMethod = keyof typeof agentMethods;
export type ParamsOf<Method extends AgentMethod> = z.infer<(typeof agentMethods)[Method]['params']>;
export type ResultOf<Method extends AgentMethod> = z.infer<(typeof agentMethods)[Method]['result']>;
export type StackSummary = z.infer<typeof stackSummary>;

/**
What the side that serves implements. `Caller` is what the owner's policy lets it do.
*/
export type AgentService = {
	readonly [Method in AgentMethod]: (params: ParamsOf<Method>, signal: AbortSignal) => Promise<ResultOf<Method>>;
};
