/**
What was received in part is listed with its age, survives `clean`, and is removed when that is asked.
*/
import {Buffer} from 'node:buffer';
import {randomUUID} from 'node:crypto';
import {
	mkdir,
	mkdtemp,
	rm,
	utimes,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {createDirectoryDriver} from '../../source/storage/directory/directory-driver.ts';
import {incomingFolder} from '../../source/storage/layout.ts';
import {listSpools, removeSpool, spoolFolder} from '../../source/storage/spools.ts';

const address = {stack: 'shop', volume: 'db'};

test('spools are listed with their age, the oldest first, until they are removed', async t => {
	const pool = await mkdtemp(path.join(os.tmpdir(), 'coppice-spools-'));
	try {
		const driver = await createDirectoryDriver({pool});
		t.deepEqual(await listSpools(pool, address), []);
		await driver.createBranch(address, 'main');
		const [young, old] = [randomUUID(), randomUUID()];
		const ages = new Map([[young, 1000], [old, 100_000_000]]);
		for (const [snapshot, age] of ages) {
			const folder = spoolFolder(pool, address, snapshot);
			await mkdir(folder, {recursive: true, mode: 0o700});
			await writeFile(path.join(folder, 'frames'), Buffer.alloc(10_000, 1));
			const time = (Date.now() - age) / 1000;
			await utimes(path.join(folder, 'frames'), time, time);
			await utimes(folder, time, time);
		}

		await mkdir(path.join(incomingFolder(pool, address), 'open-1-2-3'));
		await driver.clean(address);
		const spools = await listSpools(pool, address);
		t.deepEqual(spools.map(({snapshot}) => snapshot), [old, young]);
		t.true(spools[0]!.changedAt < Date.now() - 99_000_000);
		t.true(spools.every(({diskBytes}) => diskBytes >= 10_000));
		await removeSpool(pool, address, old);
		await removeSpool(pool, address, old);
		const left = await listSpools(pool, address);
		t.deepEqual(left.map(({folder}) => folder), [spoolFolder(pool, address, young)]);
		await removeSpool(pool, {stack: 'shop', volume: 'other'}, young);
	} finally {
		await rm(pool, {recursive: true});
	}
});
