/**
The operations of a stack in `operations.jsonl`, oldest first: what `undo` and `redo` go by.
*/
import path from 'node:path';
import * as z from 'zod/mini';
import {CoppiceError} from '../system/errors.ts';
import {appendToLog, readLog} from './log-file.ts';
import type {Operation} from './operation.ts';

export type OperationStore = {
	operations(): Promise<readonly Operation[]>;
	appendOperation(operation: Operation): Promise<void>;
};

const text = z.string();
const optionalText = z.optional(text);
const tip = z.optional(z.nullable(text));
const commits = z.array(text);
const kind = <Name extends string>(name: Name) => ({type: z.literal(name)});

const change = z.discriminatedUnion('type', [
	z.looseObject({...kind('head'), from: text, to: text}),
	z.looseObject({
		...kind('branch'), name: text, from: tip, to: tip, kept: optionalText, made: optionalText,
	}),
	z.looseObject({...kind('branch-renamed'), from: text, to: text}),
	z.looseObject({
		...kind('tag'), name: text, from: optionalText, to: optionalText,
	}),
	z.looseObject({...kind('pruned'), commits}),
	z.looseObject({...kind('restored'), commits}),
]);

const schema = z.looseObject({
	id: text, time: text, verb: text, summary: text, undoes: optionalText, redoes: optionalText, changes: z.array(change),
});

/**
@param folder - The folder of the history.
*/
export const openOperationStore = (folder: string): OperationStore => {
	const file = path.join(folder, 'operations.jsonl');
	return {
		async operations() {
			const {values, damagedLines} = await readLog(file);
			const operations = values.map(value => z.safeParse(schema, value).data);
			if (damagedLines.length > 0 || operations.includes(undefined)) {
				const line = damagedLines[0] ?? (operations.indexOf(undefined) + 1);
				throw new CoppiceError('failed', `Line ${line} of ${file} can't be read: the file was altered, or a newer version of Coppice wrote it.`, {
					file, hint: 'Branches and commits are untouched. Remove that line from the file: `undo` then passes over that operation.',
				});
			}

			return operations.filter(operation => operation !== undefined);
		},

		async appendOperation(operation) {
			// What reading would refuse is not written.
			schema.parse(operation);
			const {values} = await readLog(file);
			const isThere = values.some(value => typeof value === 'object' && value !== null && 'id' in value && value.id === operation.id);
			if (!isThere) {
				await appendToLog(file, operation);
			}
		},
	};
};
