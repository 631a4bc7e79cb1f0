/**
Keeps the memory of a process small through which much passes: the bytes of a transfer, lines of logs, a day of the terminal UI.
*/
import v8 from 'node:v8';

/**
Flags that V8 looks at whenever it is about to grow (`Heap` in V8's heap.cc): the heap may grow by this per cent before it is cleaned, instead of up to some
times of what is alive; and the part for what lives shortly stays as large as it is at the start, instead of doubling (to 48 MB), and with it the time until
memory outside of the heap that it refers to is given back.
*/
const frugality = ['--heap-growing-percent=30', '--semi-space-growth-factor=1'];

/**
Has V8 keep no more than it needs, for a little more work. To be called early.
*/
export const boundMemory = (): void => {
	for (const flag of frugality) {
		v8.setFlagsFromString(flag);
	}
};
