/**
Folders for spools, removed when the test is over.
*/
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';

export const spoolFolder = async (t: ExecutionContext): Promise<string> => {
	const parent = await fs.mkdtemp(path.join(os.tmpdir(), 'coppice-spool-'));
	t.teardown(async () => fs.rm(parent, {recursive: true, force: true}));
	return path.join(parent, 'incoming', 'one');
};
