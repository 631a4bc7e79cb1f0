/**
Pins: commits that are kept since another host has them too, in `pins/<hash of the peer>.json`, a file for each peer. The next increment to
or from there starts from one of them.
*/
import path from 'node:path';
import * as z from 'zod/mini';
import {listIfThere} from '../system/durable-file.ts';
import {CoppiceError} from '../system/errors.ts';
import {sha256Hex} from '../system/sha256.ts';
import {isCommitId} from './commit.ts';
import {
	access,
	readText,
	removeFile,
	writeText,
} from './file-access.ts';
import type {Pins} from './history.ts';

const commit = z.string().check(z.refine(id => isCommitId(id)));

const schema = z.looseObject({
	peer: z.string(),
	name: z.optional(z.string()),
	commits: z.array(commit),
});

export type PinStore = {
	setPins(peer: string, commits: readonly string[], name?: string): Promise<void>;
	pins(): Promise<readonly Pins[]>;
};

const parse = (text: string, file: string): Pins => {
	try {
		const {peer, name, commits} = z.parse(schema, JSON.parse(text));
		return {peer, commits, ...(name !== undefined && {name})};
	} catch (error) {
		throw new CoppiceError('failed', `The file ${file} was cut or altered, so it is not known which commits are kept for another host.`, {
			file, hint: 'Remove that file, then fetch from that host or push to it: they are noted again.', cause: error,
		});
	}
};

/**
@param folder - The folder of the history.
*/
export const openPinStore = (folder: string): PinStore => {
	const pinsFolder = path.join(folder, 'pins');
	return {
		async setPins(peer, commits, name) {
			const wrong = commits.find(id => !isCommitId(id));
			if (wrong !== undefined) {
				throw new TypeError(`${wrong} is not the id of a commit`);
			}

			// The peer chose its id: it never becomes a path.
			const file = path.join(pinsFolder, `${sha256Hex(peer).slice(0, 32)}.json`);
			if (commits.length === 0) {
				await removeFile(file);
				return;
			}

			const text = `${JSON.stringify({peer, name, commits: [...new Set(commits)].toSorted()} satisfies {peer: string; name: string | undefined; commits: readonly string[]})}\n`;
			if (await readText(file) !== text) {
				await writeText(file, text);
			}
		},

		async pins() {
			const names = await access(pinsFolder, 'read', async () => listIfThere(pinsFolder));
			const files = names.filter(name => name.endsWith('.json')).map(name => path.join(pinsFolder, name));
			const texts = await Promise.all(files.map(async file => readText(file)));
			return files.flatMap((file, index) => texts[index] === undefined ? [] : [parse(texts[index], file)]);
		},
	};
};
