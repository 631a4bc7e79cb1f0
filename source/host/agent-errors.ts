/**
How a failure of one host is told to another: as the error of a JSON-RPC response whose data say what kind it is. What comes in is the other side's
word: lengths are bounded, and nothing of it can drive the terminal that it is printed on.
*/
import {z} from 'zod';
import {CoppiceError, exitCodes, type ErrorCode} from '../system/errors.ts';
import {withoutControls} from '../system/format.ts';

/** The code of every error that a `CoppiceError` became; in the range that JSON-RPC 2.0 leaves to servers. */
export const agentErrorCode = -32_001;

const longest = 2000;

/**
A text of another host as it may be shown: without control characters, and not longer than a screen.
*/
export const plainText = (text: string): string => {
	const plain = withoutControls(text);
	return plain.length > longest ? `${plain.slice(0, longest)}…` : plain;
};

/** A text of the other side that is shown to people. */
export const shownText = z.string().transform(value => plainText(value));
const codes = Object.keys(exitCodes) as [ErrorCode, ...ErrorCode[]];

/** One that this version does not know is a failure like any other. */
export const errorCode = z.enum(codes).catch('failed');

/**
What goes with the message of an error.
*/
export const agentErrorData = z.object({
	code: errorCode,
	hint: shownText.optional(),
	context: z.object({
		host: shownText, stack: shownText, volume: shownText, service: shownText, file: shownText, stderr: shownText, command: z.array(shownText).max(64),
	}).partial().catch({}),
});

export type AgentErrorData = z.infer<typeof agentErrorData>;

export type RpcError = {
	readonly code: number;
	readonly message: string;
	readonly data: AgentErrorData;
};

/**
What a server answers for a failure: to be given to `new ResponseError(code, message, data)` of vscode-jsonrpc. Of a failure that nobody has
foreseen only the message goes over.
*/
export const toRpcError = (error: unknown): RpcError => error instanceof CoppiceError
	? {
		code: agentErrorCode,
		message: error.message,
		data: {
			code: error.code, context: {...error.context, command: error.context.command?.slice(0, 64)}, ...(error.hint !== undefined && {hint: error.hint}),
		},
	}
	: {
		code: agentErrorCode, message: `The engine failed: ${error instanceof Error ? error.message : String(error)}`, data: {code: 'failed', context: {}},
	};

/**
An error of a response as one of ours, which names the host that it comes from.
*/
export const fromRpcError = (error: {readonly message: string; readonly data?: unknown}, host: string): CoppiceError => {
	const read = agentErrorData.safeParse(error.data);
	const {code, hint, context} = read.success ? read.data : {code: 'failed' as const, hint: undefined, context: {}};
	return new CoppiceError(code, plainText(error.message), {...context, host, ...(hint !== undefined && {hint})});
};
