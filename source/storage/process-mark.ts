/**
Marks that a process leaves on what it is busy with, so that another can tell whether it still is.
*/
import {readFileSync} from 'node:fs';
import process from 'node:process';

/** The time at which a process started, in ticks since boot (field 22 of `/proc/<pid>/stat`); nothing where there is no such process. */
const startOf = (pid: number): string | undefined => {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
		return text.slice(text.lastIndexOf(')') + 2).split(' ', 20)[19];
	} catch {
		return undefined;
	}
};

/** A mark of this process, which no later process with the same number has. */
export const processMark = (): string => `${process.pid}-${startOf(process.pid) ?? '0'}`;

/** Whether the process that left a mark still runs. */
export const isAlive = (mark: string): boolean => {
	const [pid = '', start] = mark.split('-', 2);
	return start !== undefined && startOf(Number(pid)) === start;
};
