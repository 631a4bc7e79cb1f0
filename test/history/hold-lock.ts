/**
A process that holds a lock until its standard input ends, or until it is killed. Says `held` when it has it, and notes in FILE, where one is
given, when it has it and when it is about to give it up.

Usage: node hold-lock.ts NAME VERB [FILE]
*/
import {appendFileSync} from 'node:fs';
import process from 'node:process';
import {once} from 'node:events';
import {withLock} from '../../source/history/lock.ts';

const [name = '', verb = '', file] = process.argv.slice(2);
const note = (word: string): void => {
	if (file !== undefined) {
		appendFileSync(file, `${process.pid} ${word}\n`);
	}
};

await withLock({name, verb}, async () => {
	note('held');
	console.log('held');
	process.stdin.resume();
	await once(process.stdin, 'end');
	note('released');
});
console.log('released');
