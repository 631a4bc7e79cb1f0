/**
A process that holds a lock until its standard input ends, or until it is killed. Says `held` when it has it.

Usage: node hold-lock.ts NAME VERB
*/
import process from 'node:process';
import {once} from 'node:events';
import {withLock} from '../../source/history/lock.ts';

const [name = '', verb = ''] = process.argv.slice(2);
await withLock({name, verb}, async () => {
	console.log('held');
	process.stdin.resume();
	await once(process.stdin, 'end');
});
console.log('released');
