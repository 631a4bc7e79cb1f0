/**
Which volumes of a stack a pool holds.
*/
import {listIfThere} from '../system/durable-file.ts';
import {isName} from '../system/names.ts';
import {volumesFolder} from './layout.ts';

/**
@param pool - The pool's folder.
@returns Names of volumes whose data are in the pool, in order, also of those that the compose file has no more.
*/
export const listVolumes = async (pool: string, stack: string): Promise<string[]> => {
	const names = await listIfThere(volumesFolder(pool, stack));
	return names.filter(name => isName('volume', name)).toSorted();
};
