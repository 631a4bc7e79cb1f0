/**
The send stream, made, checked and applied, against `btrfs send` and `btrfs receive` on the same files in the same run; then an increment of
one percent. On a btrfs of its own: `BENCH_STREAM_MEGABYTES` of data, 512 unless told.
*/
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {execa} from 'execa';
import {applyStream} from '../source/stream/apply-stream.ts';
import {checkParts, StreamChecker} from '../source/stream/check-stream.ts';
import {decodeParts} from '../source/stream/decode-stream.ts';
import {diffTrees, type DiffOptions} from '../source/stream/diff-trees.ts';
import {encodeStream} from '../source/stream/encode-stream.ts';
import type {ByteRange} from '../source/stream/read-content.ts';
import {loopBtrfs, loopBtrfsMissing} from '../test/fixtures/loop-btrfs.ts';
import {noise} from '../test/fixtures/noise.ts';
import {median, printRatios, time} from './measure.ts';

const runs = Number(process.env.BENCH_RUNS ?? 5);
const megabytes = Number(process.env.BENCH_STREAM_MEGABYTES ?? 512);
const mebibyte = 2 ** 20;
const pageSize = 8192;

const consume = async (source: AsyncIterable<unknown>): Promise<void> => {
	for await (const _ of source) {
		// Only the making counts.
	}
};

const bench = async (root: string): Promise<void> => {
	const live = path.join(root, 'live');
	await execa('btrfs', ['subvolume', 'create', live]);
	const fileSize = 32 * mebibyte;
	const files = Array.from({length: Math.ceil(megabytes * mebibyte / fileSize)}, (_, index) => path.join(live, `file${index}`));
	for (const [index, file] of files.entries()) {
		fs.writeFileSync(file, noise(fileSize, index));
	}

	const [a, b] = [path.join(root, 'a'), path.join(root, 'b')];
	await execa('btrfs', ['subvolume', 'snapshot', '-r', live, a]);
	const pages = Math.round(files.length * fileSize / pageSize / 100);
	const changed = new Map<string, ByteRange[]>();
	for (let page = 0; page < pages; page++) {
		// Spread by a stride that is prime to the number of pages.
		const at = page * 7919 * pageSize % (files.length * fileSize);
		const file = files[Math.floor(at / fileSize)]!;
		const offset = at % fileSize;
		const descriptor = fs.openSync(file, 'r+');
		fs.writeSync(descriptor, noise(pageSize, page), 0, pageSize, offset);
		fs.closeSync(descriptor);
		const name = path.basename(file);
		changed.set(name, [...changed.get(name) ?? [], {offset, length: pageSize}]);
	}

	await execa('btrfs', ['subvolume', 'snapshot', '-r', live, b]);
	await execa('sync');

	const kept = path.join(root, 'kept');
	await execa('sh', ['-c', 'btrfs send -q "$1" > "$2"', 'sh', a, kept]);
	let count = 0;
	const target = (): string => {
		const folder = path.join(root, `target${count++}`);
		fs.mkdirSync(folder);
		return folder;
	};

	const remove = async (folder: string): Promise<void> => {
		for (const name of fs.readdirSync(folder)) {
			await execa('btrfs', ['subvolume', 'delete', path.join(folder, name)], {reject: false});
		}

		fs.rmSync(folder, {recursive: true, force: true});
		await execa('btrfs', ['subvolume', 'sync', root]);
		await execa('sync');
	};

	/** The time of something that fills a new folder, until it is on disk. */
	const filling = async (fill: (folder: string) => Promise<unknown>): Promise<number> => {
		const folder = target();
		const milliseconds = await time(async () => {
			await fill(folder);
			await execa('sync', ['--file-system', root]);
		});
		await remove(folder);
		return milliseconds;
	};

	const samples = {
		send: [] as number[],
		make: [] as number[],
		check: [] as number[],
		pipe: [] as number[],
		own: [] as number[],
		receive: [] as number[],
		apply: [] as number[],
		sendIncrement: [] as number[],
		makeIncrement: [] as number[],
		makeHinted: [] as number[],
	};
	const open = (): AsyncIterable<Uint8Array> => fs.createReadStream(kept, {highWaterMark: mebibyte}) as AsyncIterable<Uint8Array>;
	const hints: DiffOptions = {changedRanges: (_, name) => changed.get(name) ?? []};
	let incrementBytes = 0;
	const countIncrement = (total: number): void => {
		incrementBytes = total;
	};

	for (let run = 0; run < runs; run++) {
		samples.send.push(await time(async () => execa('sh', ['-c', 'btrfs send -q "$1" > /dev/null', 'sh', a])));
		samples.make.push(await time(async () => consume(encodeStream(diffTrees(undefined, a)))));
		samples.check.push(await time(async () => consume(checkParts(decodeParts(open()), new StreamChecker()))));
		samples.pipe.push(await filling(async folder => execa('sh', ['-c', 'btrfs send -q "$1" | btrfs receive -q "$2"', 'sh', a, folder])));
		samples.own.push(await filling(async folder => applyStream(encodeStream(diffTrees(undefined, a)), folder)));
		samples.receive.push(await filling(async folder => execa('btrfs', ['receive', '-q', '-f', kept, folder])));
		samples.apply.push(await filling(async folder => applyStream(open(), folder)));
		samples.sendIncrement.push(await time(async () => execa('sh', ['-c', 'btrfs send -q -p "$1" "$2" > /dev/null', 'sh', a, b])));
		samples.makeIncrement.push(await time(async () => consume(encodeStream(diffTrees(a, b), {onBytes: countIncrement}))));
		samples.makeHinted.push(await time(async () => consume(encodeStream(diffTrees(a, b, hints)))));
	}

	const rate = (milliseconds: readonly number[]): string => `${Math.round(files.length * fileSize / 1000 / median(milliseconds))} MB/s`;
	printRatios(`Making ${megabytes} MiB (make ${rate(samples.make)}, check ${rate(samples.check)})`, [
		['btrfs send', samples.send],
		['make', samples.make],
		['decode and check a stream', samples.check],
	]);
	printRatios(`Applying ${megabytes} MiB, until it is on disk (apply ${rate(samples.apply)}, make | apply ${rate(samples.own)})`, [
		['btrfs send | btrfs receive', samples.pipe],
		['make | apply', samples.own],
		['btrfs receive of a file', samples.receive],
		['apply of a file', samples.apply],
	]);
	printRatios(`An increment of 1 % in pages of 8 KiB: ${(incrementBytes / (pages * pageSize)).toFixed(3)} times the changed pages`, [
		['btrfs send -p', samples.sendIncrement],
		['make, all changed files compared', samples.makeIncrement],
		['make, told where files changed', samples.makeHinted],
	]);
	process.stdout.write(`  memory at most ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB\n`);
};

const missing = await loopBtrfsMissing();
if (missing === undefined) {
	const disk = await loopBtrfs({sizeBytes: (megabytes * 6 * mebibyte) + (2 ** 30)});
	try {
		await bench(disk.path);
	} finally {
		await disk.dispose();
	}
} else {
	process.stdout.write(`The stream is not measured: ${missing}\n`);
}
