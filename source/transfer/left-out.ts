/**
What a stream has not, of what the sender has; or the receiver has not, of what the stream has. Either side tells the other, so that nothing is missing that
nobody was told of.
*/
import {plainText} from '../host/agent-errors.ts';

export type LeftOutEntry = {
	/** As in "left out: device nodes". */
	readonly what: string;

	/** The first path where it was, for people. */
	readonly path: string;
	readonly count: number;
};

/** Kinds of things left out that are told: there are a few in any stream that is none of an attacker's. */
const mostKinds = 20;
/** Characters of a text that is told. */
export const longestText = 200;

/** As much of it as goes over the line. */
export const boundLeftOut = (leftOut: readonly LeftOutEntry[]): LeftOutEntry[] =>
	leftOut.slice(0, mostKinds).map(({what, path, count}) => ({what: what.slice(0, longestText), path: path.slice(0, longestText), count}));

/** What the other side has told, without what could do harm on a terminal. */
export const plainLeftOut = (leftOut: readonly LeftOutEntry[]): LeftOutEntry[] =>
	leftOut.map(({what, path, count}) => ({what: plainText(what), path: plainText(path), count}));
