/**
Which key does what, as data: the context it holds in, its names, the action, and a short word for the hint bar. The user's settings may change it.
*/
import type {Tab} from '../state/state.ts';
import {CoppiceError} from '../../system/errors.ts';

export const contexts = ['global', 'stacks', 'services', 'branches', 'commits', 'main', 'logs', 'jobs', 'transfers'] as const;
export type KeyContext = typeof contexts[number];

export type Binding = {
	readonly context: KeyContext;
	readonly keys: readonly string[];

	/** The id of an action. */
	readonly action: string;

	/** For the hint bar, where it has a place there. */
	readonly hint?: string;
};

const bind = (context: KeyContext, keys: string, action: string, hint?: string): Binding => ({
	context, keys: keys.split(' '), action, ...(hint !== undefined && {hint}),
});

export const usualBindings: readonly Binding[] = [
	bind('stacks', 'enter space', 'stack.open', 'open'),
	bind('stacks', 'a', 'stack.new', 'new'),
	bind('stacks', 'i', 'stack.init', 'init'),
	bind('stacks', 'A', 'host.add', 'add host'),
	bind('stacks', 'v', 'host.check'),
	bind('stacks', 'x delete', 'host.remove'),
	bind('services', 'enter', 'services.logs', 'logs'),
	bind('services', 's', 'services.shell', 'shell'),
	bind('branches', 'enter space', 'branch.switch', 'switch'),
	bind('branches', 'x delete', 'branch.delete', 'delete'),
	bind('branches', 'm', 'branch.rename', 'rename'),
	bind('branches', 'R', 'reset.here', 'reset to it'),
	bind('branches', 'd', 'diff.here', 'diff'),
	bind('commits', 'enter', 'commit.show', 'show'),
	bind('commits', 'R', 'reset.here', 'reset to it'),
	bind('commits', 'd', 'diff.here', 'diff to live'),
	bind('commits', 't', 'tag.create', 'tag'),
	bind('commits', 'x delete', 'commit.remove', 'remove'),
	bind('commits', 'space', 'branch.fromCommit', 'branch here'),
	bind('logs', 'f', 'logs.follow', 'follow'),
	bind('logs', 'w', 'logs.wrap', 'wrap'),
	bind('logs', 't', 'logs.timestamps', 'times'),
	bind('logs', 'ctrl-s', 'logs.save', 'save'),
	bind('jobs', 'x', 'job.cancel', 'cancel'),
	bind('jobs', 'enter', 'job.show', 'show'),
	bind('jobs', 'v', 'job.retry', 'retry'),
	bind('transfers', 'x X', 'transfer.cancel', 'cancel'),
	bind('transfers', 'v V', 'transfer.retry', 'go on'),
	bind('transfers', 'enter', 'transfer.attach', 'follow'),
	bind('global', 'c', 'commit', 'commit'),
	bind('global', 'b', 'branch.create', 'branch'),
	bind('global', 'R', 'reset', 'reset'),
	bind('global', 'z', 'undo', 'undo'),
	bind('global', 'Z ctrl-r', 'redo'),
	bind('global', 'p', 'pull', 'pull'),
	bind('global', 'P', 'push', 'push'),
	bind('global', 'f', 'fetch'),
	bind('global', 'C', 'clone'),
	bind('global', 'w', 'remote'),
	bind('global', 'F', 'transfer.list'),
	bind('global', 'u', 'services.up', 'up'),
	bind('global', 'D', 'services.down', 'down'),
	bind('global', 'r', 'services.restart', 'restart'),
	bind('global', 'L', 'services.logs'),
	bind('global', 's', 'services.shell'),
	bind('global', 'S', 'services.client', 'sql'),
	bind('global', 't', 'tag.create'),
	bind('global', 'd', 'diff.live', 'diff'),
	bind('global', 'e', 'definition.edit'),
	bind('global', '!', 'shell.here'),
	bind('global', 'y', 'copy'),
	bind('global', 'o', 'sort'),
	bind('global', 'X', 'job.cancel'),
	bind('global', 'V', 'job.retry'),
	bind('global', 'j down', 'move.down'),
	bind('global', 'k up', 'move.up'),
	bind('global', 'g home', 'move.first'),
	bind('global', 'G end', 'move.last'),
	bind('global', 'ctrl-d pagedown', 'move.pageDown'),
	bind('global', 'ctrl-u pageup', 'move.pageUp'),
	bind('global', 'J shift-down', 'scroll.down'),
	bind('global', 'K shift-up', 'scroll.up'),
	bind('global', 'tab', 'focus.next'),
	bind('global', 'shift-tab', 'focus.previous'),
	bind('global', 'h left', 'focus.side'),
	bind('global', 'l right', 'focus.main'),
	bind('global', '1', 'focus.stacks'),
	bind('global', '2', 'focus.services'),
	bind('global', '3', 'focus.branches'),
	bind('global', '4', 'focus.commits'),
	bind('global', '0 5', 'focus.main'),
	bind('global', '-', 'focus.last'),
	bind('global', 'escape', 'back'),
	bind('global', ']', 'tab.next'),
	bind('global', '[', 'tab.previous'),
	bind('global', '+ =', 'zoom.in'),
	bind('global', '_', 'zoom.out'),
	bind('global', '/', 'filter', 'filter'),
	bind('global', 'n', 'match.next'),
	bind('global', 'N', 'match.previous'),
	bind('global', ': ctrl-p', 'palette', 'actions'),
	bind('global', '? f1', 'help', 'help'),
	bind('global', 'M', 'mouse.toggle'),
	bind('global', 'T', 'theme.next'),
	bind('global', 'ctrl-l', 'redraw'),
	bind('global', 'ctrl-z', 'suspend'),
	bind('global', 'q ctrl-c', 'quit', 'quit'),
];

/**
Key names as people may write them in their settings, as the program has them: `Ctrl+D`, `<esc>`, `Shift-Tab`.
*/
export const normaliseKey = (written: string): string => {
	const bare = written.trim().replace(/^<(?<name>.+)>$/v, '$<name>');
	if ([...bare].length === 1) {
		return bare === ' ' ? 'space' : bare;
	}

	const parts = bare.split(/(?<=.)[+\-](?=.)/v);
	const name = parts.pop()!;
	const modifiers = parts.map(part => part.toLowerCase()).map(part => ({
		c: 'ctrl', control: 'ctrl', a: 'alt', meta: 'alt', s: 'shift',
	})[part] ?? part);
	const lower = name.toLowerCase();
	const key = {
		esc: 'escape', return: 'enter', del: 'delete', pgup: 'pageup', pgdn: 'pagedown',
	}[lower] ?? ([...name].length === 1 && modifiers.length === 0 ? name : lower);
	return [...(['ctrl', 'alt', 'shift'] as const).filter(modifier => modifiers.includes(modifier)), key].join('-');
};

/**
The user's own keys over the usual ones: each entry is `action` or `context:action` with its keys, which replace those it had (in that context, or in
all). An empty list takes its keys away.

@throws CoppiceError `usage` for an action or context that is not there.
*/
export const remap = (bindings: readonly Binding[], wishes: Readonly<Record<string, string | readonly string[]>>): readonly Binding[] => {
	let mapped = bindings;
	for (const [name, wish] of Object.entries(wishes)) {
		const [first = '', second] = name.split(':', 2);
		const [context, action] = second === undefined ? [undefined, first] : [first, second];
		const isMeant = (binding: Binding): boolean => binding.action === action && (context === undefined || binding.context === context);
		const meant = new Set(mapped.filter(binding => isMeant(binding)).map(binding => binding.context));
		if (meant.size === 0) {
			throw new CoppiceError('usage', `The settings give keys to ${name}, and there is no such action.`, {
				hint: `Actions are listed by \`?\`: ${[...new Set(bindings.map(binding => binding.action))].slice(0, 6).join(', ')}, …`,
			});
		}

		const keys = (typeof wish === 'string' ? [wish] : wish).map(key => normaliseKey(key));
		mapped = mapped.map(binding => {
			if (isMeant(binding)) {
				return {...binding, keys};
			}

			// A key does one thing in a context.
			return meant.has(binding.context) ? {...binding, keys: binding.keys.filter(key => !keys.includes(key))} : binding;
		});
	}

	return mapped;
};

/** Tabs with keys of their own. */
const ownTabs: ReadonlySet<Tab> = new Set(['logs', 'jobs', 'transfers']);

/**
The contexts that hold, the nearest first: those of the tab only where the main pane has the focus.
*/
export const activeContexts = (focus: 'stacks' | 'services' | 'branches' | 'commits' | 'main', tab: Tab): readonly KeyContext[] => {
	if (focus !== 'main') {
		return [focus, 'global'];
	}

	return ownTabs.has(tab) ? [tab as KeyContext, 'main', 'global'] : ['main', 'global'];
};

/** The action of a key in some contexts, the nearest that has it. */
export const findAction = (bindings: readonly Binding[], held: readonly KeyContext[], key: string): string | undefined => {
	for (const context of held) {
		const binding = bindings.find(candidate => candidate.context === context && candidate.keys.includes(key));
		if (binding !== undefined) {
			return binding.action;
		}
	}

	return undefined;
};

/** The keys of an action, for palette and help. */
export const keysOf = (bindings: readonly Binding[], action: string): string[] =>
	[...new Set(bindings.filter(binding => binding.action === action).flatMap(binding => binding.keys))];

const signs: Readonly<Record<string, string>> = {
	enter: '⏎', escape: 'esc', space: 'space', up: '↑', down: '↓', left: '←', right: '→', pageup: 'pgup', pagedown: 'pgdn', delete: 'del', tab: 'tab',
};
const asciiSigns: Readonly<Record<string, string>> = {
	...signs, enter: 'enter', up: 'up', down: 'down', left: 'left', right: 'right',
};

/** A key as it is shown: `^d`, `⏎`. */
export const showKey = (key: string, isAscii = false): string => {
	const parts = key.split(/(?<=[a-z])-(?=.)/v);
	const name = parts.at(-1)!;
	const shown = (isAscii ? asciiSigns : signs)[name] ?? name;
	return parts.includes('ctrl') ? `^${shown}` : `${parts.includes('alt') ? 'alt-' : ''}${parts.includes('shift') ? 'shift-' : ''}${shown}`;
};
