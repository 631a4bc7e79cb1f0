/**
Methods of the agent for who looks at stacks from another host and keeps what is shown true: refs and commits that are new, services, what the stack is
made of, the state of its data; and `watch`, after which the host tells by itself what has changed.

An engine from before them answers that it has no such method: whoever asks goes without.
*/
import {z} from 'zod';
import {shownText} from './agent-errors.ts';
import {
	branch,
	commit,
	commitContent,
	remoteBranch,
	stack,
	tag,
	volume,
} from './agent-fields.ts';

/** More than a project has; each is a row on a screen. */
const most = 5000;
const texts = z.array(shownText).max(most);
const count = z.number().min(0).max(Number.MAX_SAFE_INTEGER);

const port = z.object({
	address: shownText.optional(),
	published: z.int().min(0).max(65_535).optional(),
	target: z.int().min(0).max(65_535),
	protocol: z.enum(['tcp', 'udp']),
});

const service = z.object({
	name: shownText,
	state: shownText,
	ready: z.boolean(),

	/** Why it is not ready: for callers without limits, since it quotes what a database says. */
	reason: shownText.optional(),
	health: shownText.optional(),
	startedAt: shownText.optional(),
	restarts: count,
	exitCode: z.int().optional(),
	ports: z.array(port).max(most),
	database: shownText.optional(),
});

const serviceOutline = z.object({
	name: shownText,
	image: shownText.optional(),
	ports: texts,
	mounts: texts,
	dependsOn: texts,

	/** Without their values. */
	environmentNames: texts,
	profiles: texts,
});

const volumeState = z.object({
	name: volume, changed: z.boolean(), sharedBytes: count, ownBytes: count,
});

export const viewMethods = {
	/**
	Refs, and the commits that are neither known nor behind known ones, parents first, at most some hundreds: ask again with their ids beside those that
	were known before. Commits that no branch reaches (safety commits) are among them.
	*/
	history: {
		params: z.object({
			stack,
			known: z.array(commit).max(50_000),

			/** The key of the places that the caller has. */
			places: z.string().max(64).optional(),
		}),
		result: z.object({
			currentBranch: branch.nullable(),
			branches: z.record(branch, commit.nullable()),
			tags: z.record(tag, commit),
			remoteBranches: z.record(remoteBranch, commit),

			/** What `undo` and `redo` would take back there. */
			undo: shownText.optional(),
			redo: shownText.optional(),
			commits: z.array(commitContent),
			complete: z.boolean(),

			/** How many there are in all: who knows more of them knows some that are gone. */
			count,

			/** Which commits have no data there. The lists are left out where the key is the one that the caller gave. */
			places: z.object({key: z.string().max(64), elsewhere: z.array(commit).optional(), removed: z.array(commit).optional()}),
		}),
	},

	/** None for data without a project. */
	services: {
		params: z.object({stack}),
		result: z.object({services: z.array(service).max(most)}),
	},

	/** What the application is made of, for people. */
	outline: {
		params: z.object({stack}),
		result: z.object({
			runtime: shownText.nullable(),
			folder: shownText.nullable(),
			composeFiles: texts,
			services: z.array(serviceOutline).max(most),
			notices: texts,
		}),
	},

	/** How the live data of the current branch stand to its tip. It is a walk over the data: not to be asked all the time. */
	data: {
		params: z.object({stack}),
		result: z.object({
			volumes: z.array(volumeState).max(most),
			driver: z.enum(['btrfs', 'zfs', 'directory']),
			path: shownText.nullable(),
			totalBytes: count,
			freeBytes: count,
		}),
	},

	/** From now on `changed` tells what happens: to the list of stacks, to which branch each is on, and of the stacks in focus everything. */
	watch: {
		params: z.object({focus: z.array(stack).max(64)}),
		result: z.object({}),
	},
} as const;

/**
What may have changed: the list of stacks itself (without a stack); a stack's branches, tags and commits; its services; its definition.
*/
export const changeParts = ['stacks', 'history', 'services', 'definition'] as const;
export type ChangePart = typeof changeParts[number];

/** The name of the notification. */
export const changedNotification = 'changed';

const change = z.object({stack: stack.nullable(), parts: z.array(z.enum(changeParts)).max(changeParts.length)});

/** What the notification says. Many changes make one of them. */
export const changedParams = z.object({changes: z.array(change).max(10_000)});

export type Changes = z.infer<typeof changedParams>['changes'];
