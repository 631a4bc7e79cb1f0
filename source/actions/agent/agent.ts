/**
What every method of the agent works with: one for each connection.
*/
import type {Access} from './access.ts';
import type {HostStacksOptions} from './host-stacks.ts';

export type Agent = {
	readonly access: Access;
	readonly options: HostStacksOptions;
};
