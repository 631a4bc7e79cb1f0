import {
	mkdir,
	mkdtemp,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {watchFiles} from '../../source/system/watch-files.ts';

test('a file is watched before it is there, and before the folders are that it is in', async t => {
	const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-watch-'));
	const controller = new AbortController();
	const told: number[] = [];
	const changed = async (): Promise<void> => {
		const before = told.length;
		const end = performance.now() + 10_000;
		while (told.length === before) {
			if (performance.now() > end) {
				throw new Error('nothing was told');
			}

			await delay(20);
		}
	};

	try {
		const file = path.join(root, 'a/b/file');
		await watchFiles([file], () => {
			told.push(performance.now());
		}, {signal: controller.signal});
		await delay(200);
		await mkdir(path.dirname(file), {recursive: true});
		const made = changed();
		await writeFile(file, '1');
		await made;
		await delay(500);
		for (const content of ['2', '3']) {
			const written = changed();
			await writeFile(file, content);
			await written;
			await delay(200);
		}

		t.true(told.length >= 3);
	} finally {
		controller.abort();
		await rm(root, {recursive: true, force: true});
	}
});
