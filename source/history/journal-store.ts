/**
The journal: what a verb is about to do, in `journal/<id>.json`, written before its first step and removed after its last. An entry that is there
when a verb starts is of a process that died.
*/
import path from 'node:path';
import * as z from 'zod/mini';
import {listIfThere} from '../system/durable-file.ts';
import {CoppiceError} from '../system/errors.ts';
import {
	access,
	readText,
	removeFile,
	writeText,
} from './file-access.ts';
import type {JournalEntry} from './history.ts';

const schema = z.looseObject({
	id: z.string(),
	verb: z.string(),
	time: z.string(),
	payload: z.optional(z.unknown()),
});

export type JournalStore = {
	writeJournal(entry: JournalEntry): Promise<void>;
	closeJournal(id: string): Promise<void>;
	openJournal(): Promise<readonly JournalEntry[]>;
};

const readEntry = (text: string, name: string, file: string): JournalEntry => {
	let cause: unknown;
	try {
		const result = z.safeParse(schema, JSON.parse(text));
		if (result.success && result.data.id === name) {
			return {...result.data, payload: result.data.payload};
		}
	} catch (error) {
		cause = error;
	}

	throw new CoppiceError('failed', `The journal entry ${file} was altered and can't be read, so it is not known what an interrupted command was doing.`, {
		file,
		hint: 'No data are lost: snapshots and commits are untouched. Move that file elsewhere, then look with `coppice status` and `coppice log --all`.',
		cause,
	});
};

/**
@param folder - The folder of the history.
*/
export const openJournalStore = (folder: string): JournalStore => {
	const journalFolder = path.join(folder, 'journal');
	const fileOf = (id: string) => {
		if (!/^\w[\w\-]{0,127}$/v.test(id)) {
			throw new TypeError(`${JSON.stringify(id)} can't be the id of a journal entry`);
		}

		return path.join(journalFolder, `${id}.json`);
	};

	return {
		async writeJournal(entry) {
			await writeText(fileOf(entry.id), `${JSON.stringify(entry)}\n`);
		},

		async closeJournal(id) {
			await removeFile(fileOf(id));
		},

		async openJournal() {
			const names = await access(journalFolder, 'read', async () => listIfThere(journalFolder));
			const entries: JournalEntry[] = [];
			for (const name of names) {
				if (!name.endsWith('.json')) {
					continue;
				}

				const file = path.join(journalFolder, name);
				const text = await readText(file);
				if (text !== undefined) {
					entries.push(readEntry(text, name.slice(0, -'.json'.length), file));
				}
			}

			return entries.toSorted((a, b) => a.time === b.time ? 0 : (a.time < b.time ? -1 : 1));
		},
	};
};
