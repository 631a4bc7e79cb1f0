/**
What puts the state on the terminal: the screen, or plain lines for a screen reader.
*/

export type Drawing = {
	/** Leaves the terminal to somebody else; called to draw again. */
	suspend(): Promise<{readonly resume: () => Promise<void>}>;
	stop(): void;
};
