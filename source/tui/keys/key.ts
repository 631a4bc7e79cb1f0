/**
A key as the rest of the program names it.
*/

export type Key = {
	/** `j`, `J`, `ctrl-d`, `alt-x`, `enter`, `shift-tab`, `up`, `pageup`, `f1`, `space`. */
	readonly name: string;

	/** What it types, for a key that types something. */
	readonly text?: string;
};

export type Pointer = {
	/** Of the left button, or the wheel. */
	readonly kind: 'press' | 'release' | 'wheel-up' | 'wheel-down';

	/** From 0, of the cell. */
	readonly column: number;
	readonly line: number;
};

export type Token =
	| {readonly type: 'key'; readonly key: Key}
	| {readonly type: 'paste'; readonly text: string}
	| {readonly type: 'pointer'; readonly pointer: Pointer}

	/** The terminal speaks the keyboard protocol of kitty. */
	| {readonly type: 'kitty'};
