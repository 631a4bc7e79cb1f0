/**
Logs of services: moved from spools that the service writes itself, turned over, and read as one sequence.
*/
import {
	appendFile,
	chmod,
	mkdtemp,
	readdir,
	readFile,
	rm,
	stat,
} from 'node:fs/promises';
import {Buffer} from 'node:buffer';
import {closeSync, writeSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {
	keptLogs,
	logFile,
	logsFolder,
	maximumLogBytes,
	spoolFile,
} from '../../../source/runtime/process/log-files.ts';
import {readLogs} from '../../../source/runtime/process/read-logs.ts';
import {ServiceLog} from '../../../source/runtime/process/service-log.ts';
import type {LogLine} from '../../../source/runtime/runtime.ts';
import {collect, until} from '../runtime-contract.ts';

const owner = {uid: process.getuid!(), gid: process.getgid!()};

const makeFolder = async (t: ExecutionContext): Promise<string> => {
	const folder = await mkdtemp(path.join(tmpdir(), 'coppice-logs-'));
	await chmod(folder, 0o700);
	t.teardown(async () => rm(folder, {recursive: true, force: true}));
	return folder;
};

const texts = async (folder: string): Promise<string[]> => {
	const lines = await collect(readLogs(folder, ['one'], {}));
	return lines.map(line => line.text);
};

test('a line is moved once it is whole, or when the service has ended; carriage returns and torn characters do no harm', async t => {
	const folder = await makeFolder(t);
	const log = new ServiceLog(folder, 'one');
	const [stdout, stderr] = log.openSpools(owner);
	log.follow();
	const euro = Buffer.from('€');
	writeSync(stdout, 'whole\r\npart ');
	writeSync(stdout, euro.subarray(0, 1));
	await until('the whole line came', async () => {
		const {length} = await texts(folder);
		return length === 1;
	});
	writeSync(stdout, euro.subarray(1));
	writeSync(stderr, 'no end');
	log.drain();
	t.deepEqual(await texts(folder), ['whole', 'part €', 'no end']);
	closeSync(stdout);
	closeSync(stderr);
});

test('a successor goes on where the last supervisor was killed', async t => {
	const folder = await makeFolder(t);
	const first = new ServiceLog(folder, 'one');
	const [stdout] = first.openSpools(owner);
	writeSync(stdout, 'a\nb\n');
	first.follow();
	writeSync(stdout, 'c\n');
	const second = new ServiceLog(folder, 'one');
	second.follow();
	writeSync(stdout, 'd\n');
	second.drain();
	t.deepEqual(await texts(folder), ['a', 'b', 'c', 'd']);
	first.drain();
});

test('logs are turned over, and spools cut', async t => {
	const folder = await makeFolder(t);
	const log = new ServiceLog(folder, 'one');
	const [stdout] = log.openSpools(owner);
	const line = 'x'.repeat(999);
	const count = Math.ceil(maximumLogBytes * (keptLogs + 0.5) / 1000);
	const chunk = 2000;
	for (let written = 0; written < count; written += chunk) {
		writeSync(stdout, `${line}\n`.repeat(chunk));
		log.follow();
		log.drain();
	}

	const names = await readdir(logsFolder(folder));
	t.is(names.filter(name => name.startsWith('one.log')).length, keptLogs);
	const current = await stat(logFile(folder, 'one'));
	t.true(current.size < maximumLogBytes * 1.5);
	const spool = await stat(spoolFile(folder, 'one', 'stdout'));
	t.is(spool.size, 0);
	t.is(spool.mode % 0o1000, 0o600);
	closeSync(stdout);
});

test('following goes on over a log that is turned over', async t => {
	const folder = await makeFolder(t);
	const log = new ServiceLog(folder, 'one');
	log.add('stdout', 'before');
	const controller = new AbortController();
	const followed: LogLine[] = [];
	const following = (async () => {
		for await (const line of readLogs(folder, ['one'], {follow: true, signal: controller.signal})) {
			followed.push(line);
		}
	})();
	await until('the past came', () => followed.length === 1);
	const big = 'y'.repeat(maximumLogBytes);
	log.add('stdout', 'just before');
	log.add('stdout', big);
	log.add('stdout', 'after');
	await until('what is after came', () => followed.some(line => line.text === 'after'));
	controller.abort();
	await following;
	t.deepEqual(followed.map(line => line.text === big ? 'big' : line.text), ['before', 'just before', 'big', 'after']);
});

test('what is no line of ours is passed over', async t => {
	const folder = await makeFolder(t);
	const log = new ServiceLog(folder, 'one');
	log.add('stdout', 'good');
	await appendFile(logFile(folder, 'one'), 'torn by a full disk\n');
	log.add('stderr', 'good too');
	t.deepEqual(await texts(folder), ['good', 'good too']);
	t.regex(await readFile(logFile(folder, 'one'), 'utf8'), /^\d{4}-\S+Z o good\n/v);
});
