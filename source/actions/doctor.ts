/**
`coppice doctor`: what is missing or wrong on this host, and how to get it.
*/
import type {Home} from '../host/home.ts';

export type Check = {
	readonly name: string;
	readonly result: 'ok' | 'warning' | 'failed';
	readonly message: string;
	readonly hint?: string;
};

/** Works outside a stack too; `directory` adds the checks of the stack found there. */
export const doctor = async (_options: {home: Home; directory: string}): Promise<readonly Check[]> => {
	throw new Error('Not built yet');
};
