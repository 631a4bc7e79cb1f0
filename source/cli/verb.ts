/**
What a verb of the command line is made of: a light description, loaded at every start, and a handler, loaded only when the verb is
run. Types only.
*/
import type {Report} from '../actions/progress.ts';
import type {Workspace} from '../actions/workspace/workspace.ts';
import type {View} from './output/view.ts';

/**
What a word of the command line can be completed with.
*/
export type Completes = 'branches' | 'tags' | 'revisions' | 'services' | 'hosts' | 'stacks' | 'files' | 'folders';

export type ArgumentDescription = {
	/** As commander has it: `<name>`, `[name]` or `[name...]`. */
	readonly syntax: string;
	readonly description: string;
	readonly choices?: readonly string[];
	readonly completes?: Completes;
};

export type OptionDescription = {
	/** As commander has it: `-m, --message <text>`. */
	readonly flags: string;
	readonly description: string;
	readonly choices?: readonly string[];
	readonly completes?: Completes;

	/** Reads the value; throws commander's `InvalidArgumentError` for one that won't do. */
	readonly parse?: (text: string) => unknown;

	/** May be given several times; the values are collected. */
	readonly repeatable?: boolean;

	/** Not in the help, and not completed: for programs. */
	readonly hidden?: boolean;
};

export type CommandGroup = 'Start here' | 'Services' | 'History' | 'Hosts' | 'Help' | 'Plumbing';

/**
What a verb has to have around it: the project of a stack; nothing, so that it runs on any host as it is; or this machine, so that `-H` makes no sense.
*/
export type Needs = 'project' | 'nothing' | 'this machine';

export type CommandDescription = {
	readonly name: string;
	readonly group: CommandGroup;

	/** One line, for the list of commands. */
	readonly summary: string;

	/** What else there is to know, in a few sentences. */
	readonly details?: string;
	readonly examples: ReadonlyArray<{readonly line: string; readonly meaning: string}>;
	readonly arguments?: readonly ArgumentDescription[];
	readonly options?: readonly OptionDescription[];

	/** Not in the help: for the program itself. */
	readonly hidden?: boolean;

	/** A project unless told. */
	readonly needs?: Needs;

	/** Everything after the first argument is that argument's, options too. */
	readonly passThrough?: boolean;

	/** The handler, imported when the verb is run. */
	readonly load: () => Promise<{readonly verb: Verb<object, unknown>}>;
};

/**
Options that every verb takes, before or after its name.
*/
export type GlobalOptions = {
	readonly directory?: string;
	readonly files: readonly string[];

	/** The host whose engine runs the verb; this one unless told. */
	readonly host?: string;

	/** The stack, by its name, in place of that of the folder. */
	readonly stack?: string;
	readonly json: boolean;

	/** As told by `--color` or `--no-color`; otherwise the environment and the terminal decide. */
	readonly color?: boolean;
	readonly quiet: boolean;
	readonly yes: boolean;
	readonly verbose: boolean;

	/** Stops as at Ctrl-C when the standard input ends: whoever runs it is then gone, or does not want it any more. */
	readonly stopAtEof?: boolean;
};

/**
What the user has typed after the verb.
*/
export type Input<Options extends object> = {
	readonly arguments: readonly string[];
	readonly options: Options;
};

export type Confirmation = {
	/** A sentence for an error: `Deleting branch dev`. */
	readonly what: string;

	/** Exactly what will be lost or changed, a line each. */
	readonly lost: readonly string[];

	/** How it can be taken back, or that it can't. */
	readonly way: string;

	/** What has to be typed to confirm it; `y` unless told. */
	readonly typed?: string;
};

/** A way to go on, of several. */
export type Choice = {
	/** What is typed for it: a letter. */
	readonly key: string;
	readonly label: string;

	/** Asked for when it was chosen: a name, say, with the one that an empty answer stands for. */
	readonly text?: {readonly question: string; readonly usual: string};
};

export type Choosing = {
	readonly what: string;
	readonly choices: readonly Choice[];

	/** What any other answer stands for, an empty one too. */
	readonly none: string;
};

export type Chosen = {readonly key: string; readonly text?: string};

/**
What a handler works with.
*/
export type Context = {
	readonly globals: GlobalOptions;

	/** Where the verb was started, or was told to by `-C`. */
	readonly directory: string;

	/** Aborted by the first Ctrl-C. */
	readonly signal: AbortSignal;

	/** Aborted when nobody reads the standard output any more, as in `coppice logs | head`. */
	readonly outputClosed: AbortSignal;
	readonly report: Report;

	/** How text for people is drawn on the standard output. */
	readonly view: View;

	/** Whether there is somebody to ask. */
	readonly isInteractive: boolean;

	/** Compose files named with `-f`, if any: absolute. */
	readonly composeFiles?: readonly string[];

	openWorkspace(): Promise<Workspace>;

	/** Prints a line of data on the standard output. */
	print(text: string): void;

	/**
	Asks on a terminal.

	@throws CoppiceError `usage` where nobody can be asked and `--yes` is not given.
	*/
	confirm(confirmation: Confirmation): Promise<void>;

	/** Asks on a terminal which way to go; `undefined` for none of them. To be called where somebody can be asked only. */
	choose(choosing: Choosing): Promise<Chosen | undefined>;
};

export type Verb<Options extends object, Result> = {
	/** Who answers Ctrl-C: this program, which aborts `signal`; or the verb itself or its child. This program unless told. */
	readonly interrupts?: 'program' | 'verb';

	/** Whether the result is data, printed with `--quiet` too. A sentence about what was done is not. */
	readonly isData?: boolean;

	run(context: Context, input: Input<Options>): Promise<Result>;

	/** The result for people; nothing is printed where it is empty. */
	render?(result: Result, view: View, input: Input<Options>): string;

	/** The result for `--json`, where it is not the result as it is; `undefined` prints nothing. */
	toJson?(result: Result): unknown;

	/** What else the user should know of the result. */
	notices?(result: Result): readonly string[];

	/** 0 unless told. */
	exitCode?(result: Result): number;
};
