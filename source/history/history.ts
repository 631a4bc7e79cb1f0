/**
The history of one stack: plain files in `<pool>/stacks/<stack>/history`, written whole or not at all, readable with `cat`.
*/
import type {Commit, StoredCommit} from './commit.ts';
import type {CommitState} from './commit-store.ts';
import type {Operation} from './operation.ts';

export type ReflogEntry = {
	/** ISO 8601. */
	readonly time: string;
	readonly from: string | null;
	readonly to: string | null;
	readonly reason: string;
};

/**
What changed between a commit and its first parent, worked out once. A cache beside the commit, not a part of it: the id of
a commit is then known before its data are measured, so that a journal can name it.
*/
export type Measure = {
	readonly changedBytes: number;
	readonly changedFiles: number;
	readonly volumes: Readonly<Record<string, {readonly changedBytes: number; readonly changedFiles: number}>>;
};

/**
An intent that was written before its steps and not closed: its process died. `payload` is the verb's own; it goes through JSON, so a key with the
value `undefined` is gone when it is read.
*/
export type JournalEntry = {
	readonly id: string;
	readonly verb: string;
	readonly time: string;
	readonly payload: unknown;
};

/** The branch of another host that one of ours follows. */
export type Upstream = {readonly host: string; readonly branch: string};

/** Commits that another host has too, as far as they are kept for it. */
export type Pins = {readonly peer: string; readonly name?: string; readonly commits: readonly string[]};

export type History = {
	readonly folder: string;

	/** Makes the folders, and a first branch without a commit; safe to repeat, and changes nothing that is there. */
	create(branch: string): Promise<void>;

	/** Removes temporary files that a crash has left. Only to be called under the stack's lock. */
	clean(): Promise<void>;

	// Commits
	/**
	@throws CoppiceError `not-found`; `precondition` when its data are on another host (says which); `failed` when the file is cut or its
	content does not give its id (says which file and what to do).
	*/
	readCommit(id: string): Promise<StoredCommit>;

	/** Writes it durably and returns its id. Writing the same again is no error. */
	writeCommit(commit: Commit): Promise<string>;

	/** Ids of all commits that are there, removed ones left out. */
	commitIds(): Promise<readonly string[]>;

	/** All commits, newest first. Damaged ones are left out and reported in `damaged`. */
	allCommits(): Promise<{readonly commits: readonly StoredCommit[]; readonly damaged: ReadonlyArray<{readonly id: string; readonly reason: string}>}>;

	/** Marks a commit as removed: its file moves to `removed/`, so that ancestry stays whole. Done already is no error. */
	removeCommit(id: string): Promise<void>;
	restoreCommit(id: string): Promise<void>;
	removedIds(): Promise<readonly string[]>;

	/** All removed commits, newest first. */
	removedCommits(): Promise<{readonly commits: readonly StoredCommit[]; readonly damaged: ReadonlyArray<{readonly id: string; readonly reason: string}>}>;

	/** Also finds removed commits, and those whose data are on another host. */
	readAnyCommit(id: string): Promise<StoredCommit & {readonly removed: boolean; readonly state: CommitState}>;

	// Commits whose data are on another host
	/**
	Writes a commit, or its canonical JSON as another host sent it, durably into `elsewhere/` and returns its id. One that is here already
	stays as it is.

	@throws CoppiceError `failed` where the text does not hold a commit.
	*/
	writeElsewhere(content: Commit | string): Promise<string>;

	/** Its data have come: it counts as one of this host's from now on. Done already is no error. */
	promoteCommit(id: string): Promise<void>;
	elsewhereIds(): Promise<readonly string[]>;

	/** All of them, newest first. */
	elsewhereCommits(): Promise<{readonly commits: readonly StoredCommit[]; readonly damaged: ReadonlyArray<{readonly id: string; readonly reason: string}>}>;

	readMeasure(id: string): Promise<Measure | undefined>;
	writeMeasure(id: string, measure: Measure): Promise<void>;

	// Refs
	currentBranch(): Promise<string>;
	setCurrentBranch(branch: string): Promise<void>;

	/** Branch name to commit id, `null` for a branch without a commit yet. */
	branches(): Promise<ReadonlyMap<string, string | null>>;
	setBranch(branch: string, commit: string | null, reason: string): Promise<void>;

	/** Its reflog stays, so that what it held can be found again. */
	removeBranch(branch: string, reason: string): Promise<void>;

	/** Takes the reflog along, and the pointer to the current branch where it is that one. Throws `conflict` where `to` is there. */
	renameBranch(from: string, to: string): Promise<void>;
	tags(): Promise<ReadonlyMap<string, string>>;
	setTag(tag: string, commit: string): Promise<void>;
	removeTag(tag: string): Promise<void>;

	/** `staging/main` to commit id. */
	remoteBranches(): Promise<ReadonlyMap<string, string>>;
	setRemoteBranch(host: string, branch: string, commit: string): Promise<void>;
	removeRemoteBranch(host: string, branch: string): Promise<void>;

	/** Where each branch came from, which is where `pull` and `push` go unless told. */
	upstreams(): Promise<ReadonlyMap<string, Upstream>>;

	/** `undefined` forgets it. */
	setUpstream(branch: string, upstream: Upstream | undefined): Promise<void>;

	// Pins
	/**
	Keeps commits from being pruned, in place of what was pinned for this peer before: the next increment starts from one of them.

	@param peer - What the other side is known by: the id of its pool.
	@param name - What it is called here, for people.
	*/
	setPins(peer: string, commits: readonly string[], name?: string): Promise<void>;
	pins(): Promise<readonly Pins[]>;

	/** Oldest first. A last line that a crash has cut is left out. */
	reflog(branch: string): Promise<readonly ReflogEntry[]>;

	/** The reflog of the current branch pointer: which branch was current when. */
	headlog(): Promise<readonly ReflogEntry[]>;

	// Operations
	operations(): Promise<readonly Operation[]>;

	/** Appends it durably; an operation with the same id is not appended twice. */
	appendOperation(operation: Operation): Promise<void>;

	// Journal
	/** Writes (or replaces) an intent durably before its first step. */
	writeJournal(entry: JournalEntry): Promise<void>;
	closeJournal(id: string): Promise<void>;
	openJournal(): Promise<readonly JournalEntry[]>;
};
