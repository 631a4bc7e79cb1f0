/**
The terminal while the program has it: raw keys, mouse, bracketed paste, the keyboard protocol of kitty; and all of that given back, however the
program ends.

Sequences: xterm's control sequences (modes 1000, 1006, 1049, 2004, and OSC 52), https://sw.kovidgoyal.net/kitty/keyboard-protocol/.
*/
import {Buffer} from 'node:buffer';
import {setImmediate as yieldToOthers} from 'node:timers/promises';
import type {Token} from '../keys/key.ts';
import {createTokeniser} from '../keys/tokenise.ts';

const modes = {
	mouseOn: '\u{1B}[?1000h\u{1B}[?1006h',
	mouseOff: '\u{1B}[?1006l\u{1B}[?1000l',
	pasteOn: '\u{1B}[?2004h',
	pasteOff: '\u{1B}[?2004l',
	askKitty: '\u{1B}[?u',
	kittyOn: '\u{1B}[>1u',
	kittyOff: '\u{1B}[<u',
	leave: '\u{1B}[?1049l\u{1B}[?25h\u{1B}[0m',
} as const;

/** How long an escape may be the beginning of a sequence. */
const escapeMilliseconds = 30;

/** Terminals take no more than about 75 kB of a text in base64. */
const copyLimit = 74_000;

export type Session = {
	/** Takes the keyboard. */
	start(): void;

	/** Leaves the keyboard alone, to whatever gets the terminal next. Before that shows: what is typed then is not for this program. */
	leaveKeys(): void;

	/** Gives keyboard and mouse back for a while. */
	pause(): void;
	resume(): void;
	setMouse(isOn: boolean): void;
	copy(text: string): void;

	/** Gives everything back: the main screen too, where `leaveScreen` is set. Safe to call again, and while the process ends. */
	restore(leaveScreen?: boolean): void;
};

export type SessionOptions = {
	readonly stdin: NodeJS.ReadStream;
	readonly stdout: NodeJS.WriteStream;
	readonly mouse: boolean;
	readonly onToken: (token: Token) => void;

	/** The terminal is gone. */
	readonly onEnd: () => void;
};

export const createSession = ({stdin, stdout, mouse, onToken, onEnd}: SessionOptions): Session => {
	const tokeniser = createTokeniser();
	let isMouseOn = mouse;
	let hasKitty = false;
	let isActive = false;
	let hasKeys = false;
	let timer: NodeJS.Timeout | undefined;
	const queue: Token[] = [];
	let isTaking = false;

	const write = (text: string): void => {
		if (!stdout.destroyed) {
			try {
				stdout.write(text);
			} catch {
				// It is gone: there is nothing to give back.
			}
		}
	};

	/** One by one: what a key opens has to be there for the next. */
	const take = async (): Promise<void> => {
		if (isTaking) {
			return;
		}

		isTaking = true;
		for (let token = queue.shift(); token !== undefined; token = queue.shift()) {
			if (token.type === 'kitty') {
				if (!hasKitty) {
					hasKitty = true;
					write(modes.kittyOn);
				}
			} else {
				onToken(token);
			}

			await yieldToOthers();
		}

		isTaking = false;
	};

	const add = (tokens: readonly Token[]): void => {
		queue.push(...tokens);
		void take();
	};

	const onData = (data: string): void => {
		clearTimeout(timer);
		add(tokeniser.feed(data));
		if (tokeniser.isWaiting()) {
			timer = setTimeout(() => {
				add(tokeniser.flush());
			}, escapeMilliseconds);
		}
	};

	const setRaw = (isRaw: boolean): void => {
		try {
			stdin.setRawMode(isRaw);
		} catch {
			// The terminal is gone.
		}
	};

	const grab = (): void => {
		isActive = true;
		hasKeys = true;
		setRaw(true);
		stdin.on('data', onData);
		stdin.resume();
		write(modes.pasteOn + (isMouseOn ? modes.mouseOn : '') + (hasKitty ? modes.kittyOn : modes.askKitty));
	};

	const leaveKeys = (): void => {
		if (!hasKeys) {
			return;
		}

		hasKeys = false;
		clearTimeout(timer);
		stdin.off('data', onData);
		stdin.pause();
		setRaw(false);
	};

	const release = (): void => {
		if (!isActive) {
			return;
		}

		isActive = false;
		// Before anything is written: in the background this stops the process, until it has the terminal again.
		leaveKeys();
		write((hasKitty ? modes.kittyOff : '') + (isMouseOn ? modes.mouseOff : '') + modes.pasteOff);
	};

	return {
		start() {
			stdin.setEncoding('utf8');
			stdin.on('end', onEnd);
			stdin.on('error', onEnd);
			stdout.on('error', onEnd);
			grab();
		},
		leaveKeys,
		pause: release,
		resume: grab,
		setMouse(isOn) {
			isMouseOn = isOn;
			write(isOn ? modes.mouseOn : modes.mouseOff);
		},
		copy(text) {
			write(`\u{1B}]52;c;${Buffer.from(text).subarray(0, Math.floor(copyLimit * 3 / 4)).toString('base64')}\u{7}`);
		},
		restore(leaveScreen = false) {
			release();
			if (leaveScreen) {
				write(modes.leave);
			}
		},
	};
};
