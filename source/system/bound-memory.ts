/**
Keeps the memory of a process small through which much passes: the bytes of a transfer, lines of logs, a day of the terminal UI.
*/
import process from 'node:process';
import v8 from 'node:v8';

/** A flag that V8 looks at whenever it is about to grow (`Heap` in V8's heap.cc). */
const growth = (percent: number): string => `--heap-growing-percent=${percent}`;

let isBound = false;

/**
Has V8 keep no more than it needs, for a little more work: its heap may grow by 30 % before it is cleaned, instead of up to some times of what is alive.
See `node-flags.ts` for what is kept small everywhere. May be called again.
*/
export const boundMemory = (): void => {
	if (isBound) {
		return;
	}

	isBound = true;
	v8.setFlagsFromString(growth(30));

	// Compiled code is kept at the end (see `launch.ts`), and V8 takes it only where the flags are those that it was made with. 0 is what V8 does by itself.
	process.prependOnceListener('exit', () => {
		v8.setFlagsFromString(growth(0));
	});
};
