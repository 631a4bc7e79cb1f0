/**
What a command and a supervisor say to each other over the control socket: one JSON value a line, one request a connection.

The command sends a request; the supervisor answers with any number of notices, then with `done` or `error`. Closing the connection
early calls a start off. Service definitions, which may hold secrets, travel here and nowhere else: not on a command line, not in a file.
*/
import {
	CoppiceError,
	exitCodes,
	type ErrorCode,
	type ErrorContext,
} from '../../system/errors.ts';
import type {Stack} from '../../stack/stack.ts';
import type {StopMode} from '../runtime.ts';
import type {ProcessIdentity} from '../../system/process-table.ts';

/** Raised when either side changes what it says. A command replaces a supervisor of another version; its services run on. */
export const protocolVersion = 1;

/**
What a supervisor needs to know to run the services of a stack.
*/
export type StackContext = {
	readonly stack: Stack;

	/** The host folder of each volume. */
	readonly volumeFolders: Readonly<Record<string, string>>;
	readonly stateFolder: string;
};

export type Request = {readonly version: number} & (
	| ({readonly verb: 'start'; readonly services: readonly string[]} & StackContext)
	| ({readonly verb: 'stop'; readonly services: readonly string[]; readonly mode: StopMode} & StackContext)
	/** Stop everything and end. */
	| ({readonly verb: 'down'} & StackContext)
	/** End, and leave the services running for a successor. Must stay the same in all versions. */
	| {readonly verb: 'leave'}
);

export type Answer =
	| {readonly kind: 'notice'; readonly text: string}
	| {readonly kind: 'done'; readonly supervisor: ProcessIdentity}
	| {readonly kind: 'other-version'}
	| {readonly kind: 'error'; readonly error: WireError};

export type WireError = {
	readonly code: ErrorCode;
	readonly message: string;
	readonly hint?: string;
	readonly context: ErrorContext;
};

const verbs: ReadonlySet<unknown> = new Set(['start', 'stop', 'down', 'leave']);

/**
A request from its line. What follows the verb comes from the same program in the same version, over a socket that only its user may
open; so only what tells versions apart is checked.
*/
export const parseRequest = (line: string): Request | undefined => {
	try {
		const value: unknown = JSON.parse(line);
		return typeof value === 'object' && value !== null && 'verb' in value && verbs.has(value.verb) ? value as Request : undefined;
	} catch {
		return undefined;
	}
};

export const toWire = (error: unknown): WireError => error instanceof CoppiceError
	? {
		code: error.code, message: error.message, hint: error.hint, context: error.context,
	}
	: {code: 'failed', message: `The supervisor failed: ${error instanceof Error ? error.message : String(error)}`, context: {}};

export const fromWire = ({code, message, hint, context}: WireError): CoppiceError =>
	new CoppiceError(Object.hasOwn(exitCodes, code) ? code : 'failed', message, {...context, ...(hint !== undefined && {hint})});
