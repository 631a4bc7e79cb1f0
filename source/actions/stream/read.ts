/**
`coppice stream dump`, `check` and `stat`: what is in a stream, and whether it may be applied.
*/
import {lookUpIn} from '../../stream/apply-stream.ts';
import {bytePathToText} from '../../stream/byte-path.ts';
import {
	checkParts,
	type LeftOut,
	StreamChecker,
	type StreamIdentity,
} from '../../stream/check-stream.ts';
import {ConfinedTree} from '../../stream/confined-tree.ts';
import {decodeParts} from '../../stream/decode-stream.ts';
import {
	describePart,
	StreamCounter,
	type StreamStatistics,
	type PlainCommand,
	toPlainCommand,
	toPlainLeftOut,
} from '../../stream/describe-stream.ts';
import {openStreamInput} from './input.ts';

/** One command of a stream, as text and as values. */
export type DumpedCommand = {
	readonly line: string;
	readonly command: PlainCommand;
};

/**
Nothing is checked but the form: whatever is in the stream can be looked at.

@yields Each command.
@throws CoppiceError `not-found` where there is no such file; `failed` at the byte from which on it makes no sense.
*/
export const dumpStream = async function * (input: string): AsyncGenerator<DumpedCommand, void, undefined> {
	for await (const part of decodeParts(await openStreamInput(input))) {
		yield {line: describePart(part), command: toPlainCommand(part)};
	}
};

export const measureStream = async (input: string): Promise<StreamStatistics> => {
	const counter = new StreamCounter();
	for await (const part of decodeParts(await openStreamInput(input))) {
		counter.add(part);
	}

	return counter.result();
};

export type CheckStreamOptions = {
	readonly input: string;

	/** The base of an increment: what the stream names must be there. */
	readonly onto?: string;

	/** Refuses what would be left out. */
	readonly strict?: boolean;
};

export type CheckedStream = StreamIdentity & {
	readonly bytes: number;
	readonly leftOut: readonly LeftOut[];
};

/**
@throws CoppiceError `failed` for a stream that must not be applied, with the reason and the place in it.
*/
export const checkStream = async ({input, onto, strict = false}: CheckStreamOptions): Promise<CheckedStream> => {
	using base = onto === undefined ? undefined : new ConfinedTree(onto);
	const checker = new StreamChecker({
		privileges: strict ? 'refuse' : 'leave-out',
		...(base !== undefined && {lookUp: lookUpIn(base)}),
	});
	let bytes = 0;
	for await (const {offset, size} of checkParts(decodeParts(await openStreamInput(input)), checker)) {
		bytes = offset + size;
	}

	const identity = checker.identity!;
	return {
		...identity, name: bytePathToText(identity.name), bytes, leftOut: toPlainLeftOut(checker.leftOut),
	};
};
