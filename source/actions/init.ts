/**
`coppice init`: takes a compose project up as a stack: finds or makes the pool, makes the volumes of the first branch.
*/
import type {DriverName} from '../storage/driver.ts';
import type {DatabaseName, RuntimeName} from '../stack/stack.ts';
import type {Report} from './progress.ts';

export type InitOptions = {
	readonly directory: string;
	readonly composeFiles?: readonly string[];
	readonly pool?: string;
	readonly driver?: DriverName;
	readonly dataset?: string;
	readonly runtime?: RuntimeName;
	readonly report?: Report;
};

export type InitResult = {
	readonly stack: string;
	readonly branch: string;
	readonly runtime: RuntimeName;

	/** False when the stack had been taken up before. */
	readonly made: boolean;
	readonly pool: {readonly driver: DriverName; readonly path: string; readonly why: string; readonly cloneMethod: string; readonly made: boolean};
	readonly services: ReadonlyArray<{readonly name: string; readonly image?: string; readonly database?: DatabaseName}>;
	readonly volumes: ReadonlyArray<{readonly name: string; readonly managed: boolean; readonly why?: string}>;
	readonly notices: readonly string[];
};

export const init = async (_options: InitOptions): Promise<InitResult> => {
	throw new Error('Not built yet');
};
