/**
Failures that cross the line: what goes wrong on one side is the same `CoppiceError` on the other.
*/
import {setTimeout as delay} from 'node:timers/promises';
import {type AgentErrorData, plainText, toRpcError} from '../host/agent-errors.ts';
import {BaseDiffers} from '../stream/base-differences.ts';
import {CoppiceError} from '../system/errors.ts';
import type {Channel} from './channel.ts';
import type {ControlMessage} from './codec.ts';
import {writeControl} from './line.ts';

/** Milliseconds that a line may take for the last message. */
const longestFarewell = 5000;

/**
What the other side has told: a failure of its own, whatever its code.
*/
export class ToldFailure extends CoppiceError {
	readonly reason: ControlMessage<'failure'>['reason'];

	constructor({message, code, hint, context, reason}: Omit<ControlMessage<'failure'>, 'kind'>) {
		super(code, plainText(message), {...context as CoppiceError['context'], ...(hint !== undefined && {hint})});
		this.reason = reason;
	}
}

/** A stream that goes on where an earlier try was cut has to be the same one, and that was told without differences from the base. */
export class BegunPlain extends CoppiceError {
	constructor() {
		super('failed', 'An earlier try has brought a part of this without differences from the base.', {hint: 'Run this again.'});
	}
}

const wantsPlain = (error: unknown): boolean => error instanceof BaseDiffers || error instanceof BegunPlain;

/** Whether one of the two sides can make nothing of differences from the base: the same stream without them will do. */
export const isBaseDifferent = (error: unknown): boolean => wantsPlain(error) || (error instanceof ToldFailure && error.reason === 'base-differs');

/** Characters that go over of each part of an error: together they fit into a message however they are escaped. */
const longest = {
	text: 1500, name: 300, word: 100, words: 10,
};

/**
An error as a message. Of one that is no `CoppiceError` only its message goes over.
*/
export const toFailure = (error: unknown): ControlMessage<'failure'> => {
	const {message, data: {code, hint, context}} = toRpcError(error);
	const {stderr, command, ...names} = context;
	const told: AgentErrorData['context'] = {
		...Object.fromEntries(Object.entries(names).filter(([, name]) => name !== undefined).map(([kind, name]) => [kind, name.slice(0, longest.name)])),
		...(stderr !== undefined && {stderr: stderr.slice(-longest.text)}),
		...(command !== undefined && {command: command.slice(0, longest.words).map(word => word.slice(0, longest.word))}),
	};
	return {
		kind: 'failure', code, message: message.slice(0, longest.text), context: told, ...(hint !== undefined && {hint: hint.slice(0, longest.text)}),
		...(wantsPlain(error) && {reason: 'base-differs'}),
	};
};

/**
Tells the other side why this one gives up. Never throws, and waits 5 s at most for a line that takes no more. Any error will do; of one that is no
`CoppiceError` only its message is told. What the other side has told itself, and that it has gone, is not told to it.
*/
export const sendFailure = async (channel: Channel, error: unknown): Promise<void> => {
	if (error instanceof ToldFailure || isLostConnection(error)) {
		return;
	}

	const sent = new AbortController();
	try {
		await Promise.race([
			writeControl(channel.output, toFailure(error)),
			delay(longestFarewell, undefined, {signal: sent.signal, ref: false}),
		]);
	} catch {
		// It has gone: nobody is there to be told.
	} finally {
		sent.abort();
	}
};

/**
Whether an error says that the connection was lost or could not be made, so that trying again may help. What the other side has told never counts.
*/
export const isLostConnection = (error: unknown): boolean => error instanceof CoppiceError && error.code === 'host' && !(error instanceof ToldFailure);
