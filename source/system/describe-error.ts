/**
Any thrown value as a failure of the product: foreseen, or a bug.
*/
import {
	CoppiceError,
	exitCodes,
	isSystemError,
	type ErrorCode,
	type ErrorContext,
} from './errors.ts';

export type ErrorReport = {
	readonly code: ErrorCode;
	readonly message: string;
	readonly hint?: string;
	readonly context: ErrorContext;

	/** A failure that nobody has foreseen. */
	readonly isBug: boolean;
	readonly stack?: string;
	readonly exitCode: number;
};

const stackOf = (error: unknown): string | undefined => {
	if (!(error instanceof Error)) {
		return undefined;
	}

	const cause = stackOf(error.cause);
	return `${error.stack ?? error.message}${cause === undefined ? '' : `\nCaused by: ${cause}`}`;
};

/**
What the operating system refuses in a way that users can mend, or `undefined`.
*/
const foreseenSystemError = (error: unknown): CoppiceError | undefined => {
	if (isSystemError(error, 'ENOSPC', 'EDQUOT')) {
		return new CoppiceError('failed', `No space is left${error.path === undefined ? '' : ` for ${error.path}`}.`, {
			hint: 'Free some space (`coppice prune` removes old commits) and run the command again.', cause: error,
		});
	}

	if (isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) {
		return new CoppiceError('permission', `This user may not ${error.syscall ?? 'use'} ${error.path ?? 'a file'}.`, {
			hint: 'Run `coppice doctor`: it says which permissions are missing.', cause: error,
		});
	}

	return undefined;
};

/**
Reads any thrown value as a failure of the product. Once the user has pressed Ctrl-C, an abort is no bug.
*/
export const describeError = (error: unknown, wasInterrupted = false): ErrorReport => {
	if (wasInterrupted && error instanceof Error && !(error instanceof CoppiceError) && ['AbortError', 'TimeoutError'].includes(error.name)) {
		return {
			code: 'interrupted', message: 'Interrupted.', context: {}, isBug: false, exitCode: exitCodes.interrupted,
		};
	}

	const known = error instanceof CoppiceError ? error : foreseenSystemError(error);
	if (known !== undefined) {
		return {
			code: known.code, message: known.message, hint: known.hint, context: known.context, isBug: false, stack: stackOf(known), exitCode: known.exitCode,
		};
	}

	return {
		code: 'failed',
		message: `This is a bug in Coppice: ${error instanceof Error ? error.message : String(error)}`,
		hint: 'Run it again with `--verbose` and report what it prints.',
		context: {},
		isBug: true,
		stack: stackOf(error) ?? String(error),
		exitCode: exitCodes.failed,
	};
};
