/**
Measures: what changed between a commit and its first parent, kept in `measures/<id>.json`. A cache: one that can't be read is worked out again.
*/
import path from 'node:path';
import * as z from 'zod/mini';
import {isCommitId} from './commit.ts';
import {readText, writeText} from './file-access.ts';
import type {Measure} from './history.ts';

const counts = {changedBytes: z.number(), changedFiles: z.number()};
const schema = z.looseObject({...counts, volumes: z.record(z.string(), z.looseObject(counts))});

export type MeasureStore = {
	readMeasure(id: string): Promise<Measure | undefined>;
	writeMeasure(id: string, measure: Measure): Promise<void>;
};

/**
@param folder - The folder of the history.
*/
export const openMeasureStore = (folder: string): MeasureStore => {
	const fileOf = (id: string) => path.join(folder, 'measures', `${id}.json`);
	return {
		async readMeasure(id) {
			if (!isCommitId(id)) {
				return undefined;
			}

			const text = await readText(fileOf(id));
			if (text === undefined) {
				return undefined;
			}

			try {
				const result = z.safeParse(schema, JSON.parse(text));
				return result.success ? result.data : undefined;
			} catch {
				return undefined;
			}
		},

		async writeMeasure(id, measure) {
			if (!isCommitId(id)) {
				throw new TypeError(`${id} is not the id of a commit`);
			}

			await writeText(fileOf(id), `${JSON.stringify(measure)}\n`);
		},
	};
};
