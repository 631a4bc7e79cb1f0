/**
Errors are values of the product: each says what is wrong, where, and what to do next.

Everything that a user can meet is a `CoppiceError`; anything else that reaches the top is a bug and is printed as one.
*/

/**
What kind of failure this is. The kind decides the exit code, so scripts can tell them apart.
*/
export type ErrorCode =
	| 'failed'
	| 'usage'
	| 'not-found'
	| 'host'
	| 'permission'
	| 'conflict'
	| 'precondition'
	| 'interrupted';

/**
The exit code of each kind of failure (documented in `docs/cli.md`).
*/
export const exitCodes: Readonly<Record<ErrorCode, number>> = {
	failed: 1,
	usage: 2,
	'not-found': 3,
	host: 4,
	permission: 4,
	conflict: 5,
	precondition: 6,
	interrupted: 130,
};

/**
Where a failure happened and what failed there.
*/
export type ErrorContext = {
	readonly host?: string;
	readonly stack?: string;
	readonly volume?: string;
	readonly service?: string;
	readonly file?: string;

	/** The command that failed, as an argument list. Never holds a secret. */
	readonly command?: readonly string[];
	readonly stderr?: string;
};

export type CoppiceErrorOptions = ErrorContext & {
	/** The next step to take, as one sentence or a command line. */
	readonly hint?: string;
	readonly cause?: unknown;
};

export class CoppiceError extends Error {
	override readonly name = 'CoppiceError';
	readonly code: ErrorCode;
	readonly hint: string | undefined;
	readonly context: ErrorContext;

	/**
	@param code - The kind of failure.
	@param message - One clear sentence: what is wrong, and where.
	*/
	constructor(code: ErrorCode, message: string, options: CoppiceErrorOptions = {}) {
		const {hint, cause, ...context} = options;
		super(message, cause === undefined ? undefined : {cause});
		this.code = code;
		this.hint = hint;
		this.context = context;
	}

	get exitCode(): number {
		return exitCodes[this.code];
	}
}

/** Errors of Linux that libuv has no name for (errno(3)), by what Node calls them. */
const unnamed: Readonly<Record<string, string>> = {'Unknown system error -122': 'EDQUOT'};

/**
Whether an unknown value is a failure of the operating system with one of these codes (`ENOENT`, `ENOSPC`, …); with any, where none is told.
*/
export const isSystemError = (error: unknown, ...codes: string[]): error is NodeJS.ErrnoException =>
	error instanceof Error && 'code' in error && typeof error.code === 'string'
	&& (codes.length === 0 ? 'syscall' in error : codes.includes(unnamed[error.code] ?? error.code));
