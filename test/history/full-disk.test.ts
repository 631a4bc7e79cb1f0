/**
A file system that is full in the middle of a write: nothing is lost, and all goes on when there is room again.
*/
import {readdir, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {openHistory} from '../../source/history/open-history.ts';
import {isSystemError} from '../../source/system/errors.ts';
import {isRoot, tryCommand} from '../../source/system/run-command.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {
	failsNaming,
	makeCommit,
	makeFolder,
	tipOf,
} from './fixture.ts';

/** A file system of a MiB in memory, unmounted after the test. */
const mountSmall = async (t: ExecutionContext): Promise<string> => {
	const folder = await makeFolder(t);
	const mounted = await tryCommand(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'coppice-test', folder]);
	t.is(mounted.exitCode, 0, mounted.stderr);
	t.teardown(async () => tryCommand(['umount', folder]));
	return folder;
};

/** Fills a file system to the last page. */
const fill = async (file: string): Promise<void> => {
	for (let length = 2 ** 20; length > 0; length = Math.floor(length / 2)) {
		try {
			await writeFile(file, new Uint8Array(length), {flag: 'a'});
		} catch (error) {
			if (!isSystemError(error, 'ENOSPC')) {
				throw error;
			}
		}
	}
};

const canMount = async (): Promise<boolean> => {
	const probe = await tryCommand(['unshare', '--mount', 'mount', '-t', 'tmpfs', 'coppice-test', '/mnt']);
	return probe.exitCode === 0;
};

const title = 'a full pool: each write fails with a clear sentence, nothing half written counts, and all goes on with room';
if (isRoot() && await canMount()) {
	test.serial(title, async t => {
		const pool = await mountSmall(t);
		const history = openHistory(path.join(pool, 'history'));
		await history.create('main');
		const commit = makeCommit();
		const id = await history.writeCommit(commit);
		await history.setBranch('main', id, 'commit');
		const operation = (name: string) => ({
			id: name, time: '', verb: 'commit', summary: 'x'.repeat(9000), changes: [],
		});
		await history.appendOperation(operation('1'));
		const entry = {
			id: 'j', verb: 'commit', time: '', payload: 'x'.repeat(9000),
		};
		const filler = path.join(pool, 'filler');
		await fill(filler);

		await failsNaming(t, 'failed', 'The pool is full', async () => history.writeCommit(makeCommit({message: 'another'})));
		await failsNaming(t, 'failed', 'The pool is full', async () => history.setTag('v1', id));
		await failsNaming(t, 'failed', 'The pool is full', async () => history.appendOperation(operation('2')));
		await failsNaming(t, 'failed', 'The pool is full', async () => history.writeJournal(entry));
		t.deepEqual(await history.commitIds(), [id]);
		t.is(await tipOf(history, 'main'), id);
		t.deepEqual(await history.operations(), [operation('1')]);
		t.deepEqual(await history.openJournal(), []);
		t.deepEqual(await history.tags(), new Map());

		await rm(filler);
		await history.appendOperation(operation('2'));
		await history.writeJournal(entry);
		t.deepEqual(await history.operations(), [operation('1'), operation('2')]);
		t.deepEqual(await history.openJournal(), [entry]);
		t.deepEqual(await history.readCommit(id), {...commit, id});
		const files = await readdir(history.folder, {recursive: true});
		t.deepEqual(files.filter(file => file.endsWith('.tmp')), []);
	});
} else {
	skipAloud(title, 'mounting a small file system needs root');
}
