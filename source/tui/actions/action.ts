/**
What can be done, each as one value: its name, whether it can be done now, the command line that does the same, and how it is done. Keys, palette,
hints and help all go by these.
*/
import {quoteWord} from '../../system/quote-word.ts';
import type {Ask} from '../modals/ask.ts';
import type {Jobs} from '../jobs/jobs.ts';
import type {Binding} from '../keys/key-map.ts';
import {isLocal, type StackView, type State} from '../state/state.ts';
import type {Store} from '../state/store.ts';
import type {LogView} from '../sources/log-view.ts';

/** What actions may do with the terminal. */
export type TerminalTools = {
	/** Hands the terminal to something else for as long as it runs. */
	suspend(run: () => Promise<void>): Promise<void>;

	/** Puts a text on the clipboard of the terminal (OSC 52). */
	copy(text: string): void;
	redraw(): void;
	setMouse(isOn: boolean): void;

	/** Stops this process as Ctrl-Z does; returns when it goes on. */
	stop(): Promise<void>;
	quit(): void;
};

export type Tools = {
	readonly store: Store;
	readonly jobs: Jobs;
	readonly ask: Ask;
	readonly terminal: TerminalTools;
	readonly bindings: readonly Binding[];
	readonly logs: LogView;

	/** Reads the stack that is shown again; with a folder, lists the stacks again and shows that one. */
	refresh(folder?: string): void;

	/** Counts what each branch takes on disk. */
	countBranches(): void;

	/** Reads which services of the stack that is shown run. Returns once that is known, or after some seconds. */
	readServices(): Promise<void>;

	/** Leaves a host alone, so that nothing of this program runs there; what it returns takes it up again. */
	leaveHost(name: string): () => void;
};

export type ActionGroup = 'History' | 'Services' | 'Stacks' | 'Hosts' | 'Logs' | 'Jobs' | 'Moving' | 'View' | 'Program';

export type Action = {
	readonly id: string;
	readonly group: ActionGroup;

	/** For palette and help: what it does, with a capital. */
	readonly title: string;

	/** Why it can't be done now, as a sentence; `undefined` where it can. */
	readonly obstacle?: (state: State) => string | undefined;

	/** The command line that does the same, where there is one. */
	readonly twin?: (state: State) => string;
	readonly run: (tools: Tools) => Promise<void> | void;

	/** Whether it goes by which services run: what is shown of them may be from before a verb that has just ended, so they are read first. */
	readonly needsFreshServices?: boolean;
};

/** A command line for a stack: from its folder, unless that is where this program was started; on another host by its name. */
export const commandLine = (state: State, stack: Pick<StackView, 'folder'> & Partial<Pick<StackView, 'host' | 'name'>> | undefined, ...words: readonly string[]): string => {
	if (stack?.host !== undefined && stack.name !== undefined && !isLocal({host: stack.host})) {
		return ['coppice', '-H', stack.host, '--stack', stack.name, ...words].map(word => quoteWord(word)).join(' ');
	}

	const place = stack === undefined || stack.folder === state.directory ? [] : ['-C', stack.folder];
	return ['coppice', ...place, ...words].map(word => quoteWord(word)).join(' ');
};

/** Sentences that several actions have in common. */
export const noStack = 'There is no stack here yet: `a` makes one from a template, `i` takes up the project of this folder.';
