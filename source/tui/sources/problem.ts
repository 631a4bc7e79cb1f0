/**
A failure as it is shown.
*/
import {describeError} from '../../system/describe-error.ts';
import type {Problem} from '../state/state.ts';

export const problemOf = (error: unknown): Problem => {
	const {message, hint} = describeError(error);
	return {message, ...(hint !== undefined && {hint})};
};
