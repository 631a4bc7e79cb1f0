/**
`coppice status`: where the stack stands. Quick enough for a prompt.
*/
import type {DriverName} from '../storage/driver.ts';
import type {ServiceReport} from './services.ts';
import type {Workspace} from './workspace.ts';

export type Status = {
	readonly stack: string;
	readonly branch: string;

	/** Id of the commit at the tip of the branch, `null` before the first. */
	readonly head: string | undefined;
	readonly headMessage?: string;
	readonly headTime?: string;

	/** Whether the live data differ from `head`. */
	readonly changed: boolean;
	readonly pool: {readonly driver: DriverName; readonly path: string; readonly totalBytes: number; readonly freeBytes: number};
	readonly runtime: string;
	readonly services: readonly ServiceReport[];
	readonly volumes: ReadonlyArray<{
		readonly name: string;
		readonly path: string;
		readonly changed: boolean;
		readonly sharedBytes: number;
		readonly ownBytes: number;
	}>;

	/** What `undo` would take back, if anything. */
	readonly undo?: string;
	readonly notices: readonly string[];
};

export const status = async (_workspace: Workspace): Promise<Status> => {
	throw new Error('Not built yet');
};
