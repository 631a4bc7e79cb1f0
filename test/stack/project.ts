/**
Compose projects for tests: folders with files, removed afterwards.
*/
import {
	mkdir,
	mkdtemp,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {CoppiceError} from '../../source/system/errors.ts';
import {readStack} from '../../source/stack/read-stack.ts';
import type {Stack} from '../../source/stack/stack.ts';

export const fixture = (name: string): string => path.join(import.meta.dirname, '../../fixtures/compose', name);

/** Writes files into a new folder called `project`. */
export const makeProject = async (t: ExecutionContext, files: Readonly<Record<string, string>>): Promise<string> => {
	const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-stack-'));
	t.teardown(async () => rm(root, {recursive: true, force: true}));
	const folder = path.join(root, 'project');
	await mkdir(folder);
	for (const [name, content] of Object.entries(files)) {
		await mkdir(path.dirname(path.join(folder, name)), {recursive: true});
		await writeFile(path.join(folder, name), content);
	}

	return folder;
};

/** Reads a project of one file, with nothing in the environment. */
export const readText = async (t: ExecutionContext, text: string, environment: Readonly<Record<string, string>> = {}): Promise<Stack> =>
	readStack({directory: await makeProject(t, {'compose.yaml': text}), environment});

/** The error that reading must give. */
export const readError = async (t: ExecutionContext, text: string, environment: Readonly<Record<string, string>> = {}): Promise<CoppiceError> => {
	const error = await t.throwsAsync(readText(t, text, environment), {instanceOf: CoppiceError});
	t.is(error.code, 'usage');
	return error;
};
