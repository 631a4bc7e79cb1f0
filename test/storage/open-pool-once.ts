
/**
Opens the pool named by its argument, in a process of its own, and prints the pool's id, or the failure.
*/
import process from 'node:process';
import {openPool} from '../../source/storage/pool.ts';
import {CoppiceError} from '../../source/system/errors.ts';

try {
	const {description} = await openPool(process.argv[2]!);
	console.log(description.id);
} catch (error) {
	console.error(error instanceof CoppiceError ? `${error.code}: ${error.message}` : error);
	process.exitCode = 1;
}
