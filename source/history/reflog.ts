/**
A reflog: where a branch (or the pointer to the current branch) pointed when, as JSON lines, oldest first.
*/
import * as z from 'zod/mini';
import {CoppiceError} from '../system/errors.ts';
import {appendToLog, readLastValue, readLog} from './log-file.ts';
import type {ReflogEntry} from './history.ts';

const schema = z.looseObject({
	time: z.string(),
	from: z.nullable(z.string()),
	to: z.nullable(z.string()),
	reason: z.string(),
});

/**
All entries of a reflog, oldest first; none where there is no file.

@throws CoppiceError `failed` that names file and line where it was altered.
*/
export const readReflog = async (file: string): Promise<readonly ReflogEntry[]> => {
	const {values, damagedLines} = await readLog(file);
	const entries = values.map(value => z.safeParse(schema, value).data);
	if (damagedLines.length > 0 || entries.includes(undefined)) {
		const line = damagedLines[0] ?? (entries.indexOf(undefined) + 1);
		throw new CoppiceError('failed', `Line ${line} of the reflog ${file} can't be read: the file was altered.`, {
			file, hint: 'Branches and commits are untouched. Remove that line from the file; only that entry is lost.',
		});
	}

	return entries.filter(entry => entry !== undefined).map(({time, from, to, reason}) => ({
		time, from, to, reason,
	}));
};

/**
The last entry of a reflog, without reading all of it; `undefined` where there is none or it can't be read.
*/
export const readLastMove = async (file: string): Promise<ReflogEntry | undefined> => {
	const {data} = z.safeParse(schema, await readLastValue(file));
	return data && {
		time: data.time, from: data.from, to: data.to, reason: data.reason,
	};
};

/**
Records that something moved from its value to another. What a crash has cut between this and the change itself is not recorded
twice when it is done again: an entry equal to the last one is left out.
*/
export const recordMove = async (file: string, move: ReflogEntry): Promise<void> => {
	const last = await readLastMove(file);
	const isDone = move.from === move.to;
	// Nothing moved: a branch that was made without a commit.
	const isIdle = isDone && move.to === null && (last?.to ?? null) === null;
	const isRecorded = last?.to === move.to && last.reason === move.reason && (isDone || last.from === move.from);
	if (isIdle || isRecorded) {
		return;
	}

	// The value is there already but its entry is not: a crash came between. The log knows where it was before.
	const from = isDone && last !== undefined && last.to !== move.to ? last.to : move.from;
	await appendToLog(file, {...move, from});
};
