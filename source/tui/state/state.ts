/**
All that the terminal UI knows, as plain values. Nothing here does anything: `update-*.ts` make new states of old ones, `select-*.ts` read
them, sources and jobs feed them.
*/
import type {ServiceOutline} from '../../actions/definition/outline-definition.ts';
import type {DiffResult} from '../../actions/diff.ts';
import type {ServiceReport} from '../../actions/services.ts';
import type {RemoteBranch} from '../../actions/remote.ts';
import type {VolumeStatus} from '../../actions/status.ts';
import type {Transfer} from '../../actions/transfers.ts';
import type {Measure} from '../../history/history.ts';
import type {RenderedLine} from '../../history/graph.ts';
import type {Countable} from '../../actions/describe-progress.ts';
import type {ThemeName} from '../draw/theme.ts';

/** What this machine is called among the hosts. */
export const localHost = 'local';

/** A failure as it is shown. */
export type Problem = {readonly message: string; readonly hint?: string};

export type HostView = {
	readonly name: string;
	readonly kind: 'local' | 'ssh' | 'pool';
	readonly status: 'connecting' | 'online' | 'stale';

	/** Milliseconds since 1970 when it answered last. */
	readonly seenAt?: number;

	/** Marked so when it was added, or by its owner. */
	readonly production: boolean;

	/** Why it can't be reached, or was not read. */
	readonly problem?: Problem;

	/** `USER@HOST` and the port, or the folder of the pool. */
	readonly address?: string;

	/** The version of the engine there. */
	readonly version?: string;

	/** The role that the owner's policy gives this key: it runs no verbs there. */
	readonly role?: string;

	/** Whether the engine there tells what changes, and can be told to stop. One from before that is asked now and then. */
	readonly isLive?: boolean;
};

export type CommitView = {
	readonly id: string;
	readonly message: string;

	/** ISO 8601. */
	readonly time: string;
	readonly kind: 'commit' | 'safety';
	readonly branch: string;
	readonly consistency: string;
	readonly stillMilliseconds: number;
	readonly volumes: readonly string[];

	/** Nearest ancestors that are there. */
	readonly parents: readonly string[];
	readonly branches: readonly string[];
	readonly remoteBranches: readonly string[];
	readonly tags: readonly string[];

	/** Whether it is the tip of the current branch. */
	readonly isHead: boolean;

	/** Whether its data are on another host. */
	readonly isElsewhere: boolean;
};

/** A line of the graph of commits, and the place in the list of the commit that it belongs to. */
export type GraphLineView = {readonly commit: number; readonly line: RenderedLine};

export type Graph = {
	readonly lines: readonly GraphLineView[];

	/** For each commit the line that it stands on. */
	readonly lineOf: readonly number[];
};

export type BranchView = {
	readonly name: string;
	readonly isCurrent: boolean;
	readonly isRemote: boolean;
	readonly tip: string | null;
	readonly message?: string;
	readonly time?: string;

	/** Known once they were counted. */
	readonly changed?: boolean;
	readonly ownBytes?: number;
	readonly sharedBytes?: number;
};

export type {ServiceOutline as ServiceDefinition} from '../../actions/definition/outline-definition.ts';

/** One measurement of what a service uses. */
export type UsageView = {
	/** Per cent of one core. */
	readonly cpu: number;
	readonly memoryBytes: number;

	/** Per second. */
	readonly networkBytes: number;
	readonly diskBytes: number;
};

export type StackDetail = {
	readonly head: string | null;
	readonly services: readonly ServiceReport[];
	readonly volumes: readonly VolumeStatus[];
	readonly branches: readonly BranchView[];
	readonly commits: readonly CommitView[];
	readonly graph: Graph;
	readonly tags: Readonly<Record<string, string>>;
	readonly damaged: number;
	readonly undo?: string;
	readonly redo?: string;
	readonly pool: {readonly driver: string; readonly path: string; readonly totalBytes: number; readonly freeBytes: number};
	readonly definition: readonly ServiceOutline[];
	readonly composeFiles: readonly string[];
	readonly databases: Readonly<Record<string, string>>;
	readonly notices: readonly string[];

	/** Whether the data differ from the tip; `undefined` until they were walked, and after a verb that may have changed them until they were walked again. */
	readonly changed?: boolean;

	/** Milliseconds since 1970 when they were walked. */
	readonly measuredAt?: number;
};

export type StackView = {
	readonly id: string;

	/** The name of the host that it is on: `isLocal` tells this machine's from others. */
	readonly host: string;
	readonly name: string;

	/** Of its project, on its own host. Empty where there are data alone, and while that is not known of another host's. */
	readonly folder: string;
	readonly runtime: string;

	/** Of another host's: whether there is a project, whose services verbs could run. */
	readonly hasProject?: boolean;

	/** Compose files named when it was taken up. */
	readonly composeFiles?: readonly string[];
	readonly branch?: string;

	/** A compose project that is no stack yet. */
	readonly isUntaken: boolean;
	readonly problem?: Problem;
	readonly detail?: StackDetail;

	/** Milliseconds since 1970 when its detail was read. */
	readonly readAt?: number;
};

/** Whether a stack is one of this machine's own. */
export const isLocal = ({host}: Pick<StackView, 'host'>): boolean => host === localHost;

export type JobStatus = 'running' | 'done' | 'failed' | 'cancelled';

export type JobView = {
	readonly id: number;
	readonly title: string;

	/** The command line that does the same. */
	readonly twin: string;
	readonly stack?: string;
	readonly status: JobStatus;

	/** Milliseconds on the clock of `monotonicNow`. */
	readonly begun: number;
	readonly ended?: number;

	/** Wall clock when it began, ISO 8601. */
	readonly time: string;
	readonly step?: string;
	readonly progress?: {readonly event: Countable; readonly since: number};
	readonly notices: readonly string[];
	readonly result?: string;
	readonly problem?: Problem;
	readonly exitCode?: number;
	readonly canCancel: boolean;

	/** Id of the transfer that it is, or was, once that has begun. */
	readonly transfer?: string;
};

export const sidePanels = ['stacks', 'services', 'branches', 'commits'] as const;
export type SidePanel = typeof sidePanels[number];
export type Panel = SidePanel | 'main';

export const tabs = ['overview', 'logs', 'stats', 'commit', 'definition', 'jobs', 'transfers'] as const;
export type Tab = typeof tabs[number];

/** The place of a cursor: the entry that it is on, and where that was, for when it is gone. */
export type Cursor = {readonly id: string | undefined; readonly index: number};

/** A text that is being typed, and where the cursor is in it (in characters). */
export type TextInput = {readonly text: string; readonly cursor: number};

export type Choice = {readonly id: string; readonly label: string; readonly detail?: string};

export type Modal =
	| {readonly type: 'prompt'; readonly title: string; readonly hint: string; readonly input: TextInput; readonly problem?: string}
	| {readonly type: 'choose'; readonly title: string; readonly choices: readonly Choice[]; readonly index: number}
	| {
		readonly type: 'confirm';
		readonly title: string;

		/** What would be lost, a line each; `undefined` while it is being measured. */
		readonly lost?: readonly string[];
		readonly way: string;

		/** What has to be typed to confirm. */
		readonly typed?: string;

		/** Whether it is done on a production host. */
		readonly isProduction?: boolean;
		readonly input: TextInput;
	}
	| {readonly type: 'palette'; readonly input: TextInput; readonly index: number}
	| {readonly type: 'help'; readonly input: TextInput; readonly isTyping: boolean; readonly scroll: number}
	| {readonly type: 'message'; readonly title: string; readonly lines: readonly string[]; readonly scroll: number}
	| {readonly type: 'filter'; readonly list: string; readonly input: TextInput; readonly before: string};

export type LogOptions = {
	readonly wrap: boolean;
	readonly timestamps: boolean;

	/** The number after the last line that is shown; `undefined` follows what comes. */
	readonly end?: number;
};

export type State = {
	readonly terminal: {readonly columns: number; readonly rows: number};
	readonly theme: ThemeName;
	readonly isAscii: boolean;
	readonly mouse: boolean;
	readonly home: string;
	readonly directory: string;

	/** Whether the stacks of this host have been listed. */
	readonly isLoaded: boolean;
	readonly hosts: readonly HostView[];
	readonly stacks: readonly StackView[];

	/** The stack whose panels are shown. */
	readonly selected: string | undefined;
	readonly focus: Panel;
	readonly lastSide: SidePanel;
	readonly lastFocus: Panel;
	readonly tabs: Readonly<Record<SidePanel, Tab>>;
	readonly zoom: 0 | 1 | 2;
	readonly cursors: Readonly<Record<string, Cursor>>;
	readonly filters: Readonly<Record<string, string>>;
	readonly sorts: Readonly<Record<string, string>>;
	readonly scroll: Readonly<Record<string, number>>;
	readonly logs: LogOptions;

	/** Counts up when there are new lines: the lines themselves are not in here. */
	readonly logVersion: number;

	/** The number of the oldest line that could be shown, and the one after the newest. */
	readonly logRange: {readonly first: number; readonly end: number};

	/** The commit that is compared with the live data, instead of with its parent. */
	readonly comparedToLive?: string;
	readonly measures: Readonly<Record<string, Measure>>;

	/** What differs, by `from..to`. */
	readonly diffs: Readonly<Record<string, DiffResult | Problem | 'loading'>>;

	/** The last measurements of each service, by `stack/service`. */
	readonly usage: Readonly<Record<string, readonly UsageView[]>>;
	readonly jobs: readonly JobView[];

	/** Of all stacks of this machine, whichever process runs them, the newest first. */
	readonly transfers: readonly Transfer[];

	/** Bytes a second that transfers begun here may take. */
	readonly transferLimit?: number;

	/** By the id of a stack: the branches of other hosts beside its own, as they were last fetched. */
	readonly drift: Readonly<Record<string, readonly RemoteBranch[]>>;
	readonly modal: Modal | undefined;

	/** A sentence that goes by itself. */
	readonly toast?: {readonly text: string; readonly kind: 'good' | 'bad' | 'plain'; readonly until: number};

	/** Milliseconds since 1970: what ages are counted from. Moves on once in some seconds, and while something is being done. */
	readonly now: number;
	readonly spinner: number;
};

export const initialState = (given: Pick<State, 'terminal' | 'theme' | 'isAscii' | 'mouse' | 'home' | 'directory' | 'now'>): State => ({
	...given,
	isLoaded: false,
	hosts: [{
		name: localHost, kind: 'local', status: 'online', production: false,
	}],
	stacks: [],
	selected: undefined,
	focus: 'stacks',
	lastSide: 'stacks',
	lastFocus: 'stacks',
	tabs: {
		stacks: 'overview', services: 'logs', branches: 'overview', commits: 'commit',
	},
	zoom: 0,
	cursors: {},
	filters: {},
	sorts: {},
	scroll: {},
	logs: {wrap: false, timestamps: false},
	logVersion: 0,
	logRange: {first: 0, end: 0},
	measures: {},
	diffs: {},
	usage: {},
	jobs: [],
	transfers: [],
	drift: {},
	modal: undefined,
	spinner: 0,
});
