/**
Writes as differences from a base: what comes out is what went in, byte for byte, whatever the base has; and what an attacker tells reads nothing but the base.
*/
import {Buffer} from 'node:buffer';
import {randomBytes, randomUUID} from 'node:crypto';
import {
	mkdir,
	mkdtemp,
	rm,
	symlink,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {env} from 'node:process';
import test from 'ava';
import {execa} from 'execa';
import fc from 'fast-check';
import {BaseDiffers, fromBaseDifferences, toBaseDifferences} from '../../source/stream/base-differences.ts';
import type {StreamCommand} from '../../source/stream/commands.ts';
import {decodeStream} from '../../source/stream/decode-stream.ts';
import {encodeCommand, encodeHeader} from './encode-commands.ts';

const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-differences-'));
const base = path.join(folder, 'base');
const page = 4096;
const table = randomBytes(20 * page);
const secret = Buffer.alloc(page, 's');

test.before(async () => {
	await mkdir(path.join(base, 'data/more'), {recursive: true});
	await writeFile(path.join(base, 'data/table'), table);
	await writeFile(path.join(base, 'data/short'), table.subarray(0, page + 100));
	await writeFile(path.join(base, 'data/empty'), '');
	await writeFile(path.join(folder, 'secret'), secret);
	await symlink(path.join(folder, 'secret'), path.join(base, 'data/link'));
	await symlink(folder, path.join(base, 'data/way'));
	await execa('mkfifo', [path.join(base, 'data/fifo')]);
});

test.after.always(async () => {
	await rm(folder, {recursive: true, force: true});
});

const end: StreamCommand = {type: 'end'};
const snapshot: StreamCommand = {
	type: 'snapshot', path: 'snapshot', uuid: randomUUID(), ctransid: 1, cloneUuid: randomUUID(), cloneCtransid: 1,
};

const whole = (...commands: readonly StreamCommand[]): Buffer => Buffer.concat([
	encodeHeader(), ...[snapshot, ...commands, end].map(each => encodeCommand(each)),
]);

const inPieces = async function * (bytes: Uint8Array, size: number) {
	for (let at = 0; at < bytes.length; at += size) {
		yield Uint8Array.from(bytes.subarray(at, at + size));
	}
};

const gather = async (pieces: AsyncIterable<Buffer>): Promise<Buffer> => Buffer.concat(await Array.fromAsync(pieces, piece => Buffer.from(piece)));
const encode = async (stream: Uint8Array, size = 100_000): Promise<Buffer> => gather(toBaseDifferences(inPieces(stream, size), base));
const decode = async (stream: Uint8Array, size = 100_000): Promise<Buffer> => gather(fromBaseDifferences(inPieces(stream, size), base));

/** What a page of a database is after a row of it was changed: the old one with some bytes anew. */
const changed = (start: number, length: number, seed: number): Buffer => {
	const data = Buffer.alloc(length);
	table.copy(data, 0, Math.min(start, table.length), Math.min(start + length, table.length));
	for (let at = seed % page; at < length; at += page) {
		data.fill(seed % 251, at, Math.min(at + 50, length));
	}

	return data;
};

/** What a log has of pages: some of them, one after the other with a few bytes between, at any offset. */
const moved = (length: number, seed: number): Buffer => {
	const data = Buffer.alloc(length, seed % 253);
	for (let at = seed % 400; at < length;) {
		const from = (seed + at) % 19;
		at += table.copy(data, at, from * page, (from * page) + ((seed % 3) * 700) + 300) + (seed % 77);
	}

	return data;
};

const kinds = {
	changed,
	same: (start: number, length: number) => changed(start, length, 0),
	moved: (_start: number, length: number, seed: number) => moved(length, seed),
	other: (_start: number, length: number, seed: number) => Buffer.alloc(length, seed % 256),
};

const place = fc.record({
	path: fc.oneof(fc.constantFrom('data/table', 'data/short'), fc.constantFrom(
		'data/empty', 'data/none', 'data/link', 'data/fifo', 'data/more', 'data/table/x', 'data/way/secret', 'data/none/x', 'o257-10-0', '',
	)),
	fileOffset: fc.oneof(fc.nat(22 * page), fc.nat(22).map(count => count * page), fc.constant(2 ** 43)),
});
const write: fc.Arbitrary<StreamCommand> = fc.record({
	place,
	length: fc.oneof(fc.nat(100), fc.constantFrom(page, 2 * page, 12 * page, (3 * page) + 7)),
	seed: fc.nat(),
	kind: fc.constantFrom('changed', 'same', 'moved', 'other'),
}).map(({place: {path: name, fileOffset}, length, seed, kind}) => ({
	type: 'write',
	path: name,
	fileOffset,
	data: kinds[kind](fileOffset, length, seed),
}));
const command: fc.Arbitrary<StreamCommand> = fc.oneof(
	{weight: 5, arbitrary: write},
	{weight: 1, arbitrary: fc.record({type: fc.constant('rename' as const), path: fc.constant('data/none'), pathTo: fc.constant('data/table')})},
	{weight: 1, arbitrary: fc.record({type: fc.constant('truncate' as const), path: fc.constant('data/table'), size: fc.nat()})},
);

test('what was told as differences is what it was, however it comes', async t => {
	let told = 0;
	const size = fc.integer({min: 1, max: 200_000});
	await fc.assert(fc.asyncProperty(fc.array(command, {maxLength: 40}), size, size, async (commands, one, other) => {
		const stream = whole(...commands);
		const encoded = await encode(stream, one);
		t.true((await encode(stream, other)).equals(encoded), 'made again it is the same');
		told += encoded.length - stream.length;
		t.true((await decode(encoded, other)).equals(stream));
	}), {numRuns: Number(env.STREAM_RUNS ?? 80)});
	t.true(told > 100, `${told} bytes by which differences are told`);
});

test('of a page in which little changed little is left; what is not alike stays as it is', async t => {
	const offset = 5 * page;
	const stream = whole({
		type: 'write', path: 'data/table', fileOffset: offset, data: Buffer.concat([changed(offset, page, 7), randomBytes(page)]),
	});
	const encoded = await encode(stream);
	t.is(encoded.length, stream.length + 4);
	const start = encoded.indexOf(table.subarray(offset + 100, offset + 200));
	t.is(start, -1);
	t.true(encoded.filter(byte => byte === 0).length > page - 200);

	const other = whole({
		type: 'write', path: 'data/table', fileOffset: 0, data: randomBytes(3 * page),
	});
	t.true((await encode(other)).equals(other));
});

test('what a log has of a page that changed comes from the base, whatever is around it and in it', async t => {
	const tableWrite: StreamCommand = {
		type: 'write', path: 'data/table', fileOffset: 4 * page, data: Buffer.concat([changed(4 * page, page, 7), randomBytes(page)]),
	};
	const image = Buffer.from(table.subarray((4 * page) + 5, 6 * page));
	image[3000]! ^= 255;
	image.fill('new', 5000, 5100);
	const log = Buffer.concat([randomBytes(1001), image.subarray(0, 2000), Buffer.alloc(24, 'h'), image.subarray(2000), randomBytes(501)]);
	const stream = whole(tableWrite, {
		type: 'write', path: 'data/log', fileOffset: 123, data: log,
	});
	const encoded = await encode(stream);
	t.true((await decode(encoded)).equals(stream));
	const tail = encoded.subarray(-(log.length + 300));
	t.true(tail.filter(byte => byte === 0).length > image.length - 300);
	t.true(tail.includes(log.subarray(0, 900)), 'what is new is there');
	t.true((await decode(await encode(whole({...tableWrite, path: 'data/none'}, {
		type: 'write', path: 'data/log', fileOffset: 123, data: log,
	})))).includes(log), 'also where nothing is known of the page');
});

test('a stream without differences passes as it is', async t => {
	const stream = whole({
		type: 'write', path: 'data/table', fileOffset: 0, data: table.subarray(0, 5000),
	});
	t.true((await decode(stream)).equals(stream));
});

type ToldCopy = {readonly start?: number; readonly length?: number; readonly file?: string; readonly from?: number | bigint; readonly pathLength?: number};

const tellCopy = ({start = 0, length = 100, file = 'data/table', from = 0, pathLength = Buffer.byteLength(file)}: ToldCopy): Buffer => {
	const head = Buffer.alloc(14);
	head.writeUInt16LE(start, 0);
	head.writeUInt16LE(length, 2);
	head.writeBigUInt64LE(BigInt(from), 4);
	head.writeUInt16LE(pathLength, 12);
	return Buffer.concat([head, Buffer.from(file)]);
};

type Told = {
	readonly fileOffset?: number;
	readonly data?: Buffer;
	readonly marks?: number;
	readonly sum?: boolean;
	readonly copies?: readonly ToldCopy[];
	readonly size?: number;
};

/** A command of differences, of which anything may be wrong. */
const tell = (name: string, {fileOffset = 0, data = Buffer.alloc(page), marks = 1, sum = true, copies = [], size}: Told = {}): Buffer => {
	const raw = Buffer.from(encodeCommand({
		type: 'write', path: name, fileOffset, data,
	}));
	const added = Buffer.concat([...copies.map(copy => tellCopy(copy)), Buffer.alloc(4)]);
	added.writeUInt16LE(size ?? (added.length - 4), added.length - 4);
	added.writeUInt16LE(marks, added.length - 2);
	raw.writeUInt32LE(raw.readUInt32LE(0) + added.length, 0);
	raw.writeUInt16LE(0x80_0F, 4);
	if (!sum) {
		raw.writeUInt32LE(0, 6);
	}

	return Buffer.concat([raw, added]);
};

/** A command that tells nothing but copies, to a file that the base has not. */
const copied = (...copies: readonly ToldCopy[]): Buffer => tell('data/log', {marks: 0, copies});

const around = (...commands: readonly Buffer[]): Buffer => Buffer.concat([encodeHeader(), encodeCommand(snapshot), ...commands, encodeCommand(end)]);

for (const [what, bytes, message] of [
	['a path that leaves the base', tell('../secret'), /has nothing/v],
	['a path that leaves it from below', tell('data/../../secret'), /has nothing/v],
	['an absolute path', tell(path.join(folder, 'secret')), /has nothing/v],
	['a path with a zero byte', tell('data/table\0'), /has nothing/v],
	['a symbolic link', tell('data/link'), /has nothing/v],
	['a folder behind a symbolic link', tell('data/way/secret'), /has nothing/v],
	['a fifo, which nobody writes to', tell('data/fifo'), /has nothing/v],
	['a folder', tell('data/more'), /has nothing/v],
	['the root', tell(''), /has nothing/v],
	['a file that is not there', tell('data/none'), /has nothing/v],
	['what is past the end', tell('data/short', {fileOffset: 3 * page}), /has nothing/v],
	['a page past the end', tell('data/short', {data: Buffer.alloc(4 * page), marks: 4}), /has nothing/v],
	['a page that the data have not', tell('data/table', {marks: 2}), /has nothing/v],
	['no page', tell('data/table', {marks: 0}), /has nothing/v],
	['no data', tell('data/table', {data: Buffer.alloc(0)}), /has nothing/v],
	['a place that no number can hold', tell('data/table', {fileOffset: Number.MAX_SAFE_INTEGER}), /has nothing|EINVAL|EFBIG/v],
	['a copy from a path that leaves the base', copied({file: '../secret'}), /has nothing/v],
	['a copy by an absolute path', copied({file: path.join(folder, 'secret')}), /has nothing/v],
	['a copy from a symbolic link', copied({file: 'data/link'}), /has nothing/v],
	['a copy from a folder behind one', copied({file: 'data/way/secret'}), /has nothing/v],
	['a copy from a fifo', copied({file: 'data/fifo'}), /has nothing/v],
	['a copy from the root', copied({file: ''}), /has nothing/v],
	['a copy from a file that is not there', copied({}, {start: 200, file: 'data/none'}), /has nothing/v],
	['a copy from past the end', copied({from: (20 * page) - 99}), /has nothing/v],
	['a copy from where no number gets', copied({from: 2n ** 63n}), /not well-formed/v],
	['a copy to past the data', copied({start: page - 50}), /not well-formed/v],
	['a copy of nothing', copied({length: 0}), /not well-formed/v],
	['copies that overlap, which would read more than there is', copied({}, {start: 99}), /not well-formed/v],
	['copies in no order', copied({start: 200}, {}), /not well-formed/v],
	['a copy whose path is cut off', copied({pathLength: 4000}), /not well-formed/v],
	['half a copy', tell('data/log', {marks: 0, copies: [{}], size: 10}), /attribute 0 does not belong to write/v],
	['more copies than the command has', tell('data/table', {size: 60_000}), /not well-formed/v],
	['a copy of another base than theirs', tell('data/log', {marks: 0, copies: [{}], sum: false}), /checksum does not match/v],
	['another base than theirs', tell('data/table', {sum: false}), /checksum does not match/v],
] as const) {
	test(`refused: ${what}`, async t => {
		const stream = around(bytes);
		const error = await t.throwsAsync(decode(stream, 1000), {name: 'CoppiceError', message});
		t.false(error.message.includes('sss'));
	});
}

test('refused: a command that claims 4 GiB, or less than it must have', async t => {
	const huge = tell('data/table');
	huge.writeUInt32LE(0xFF_FF_FF_FF, 0);
	await t.throwsAsync(decode(around(huge)), {name: 'CoppiceError', message: /98308 are allowed/v});
	const small = Buffer.alloc(11);
	small.writeUInt32LE(1, 0);
	small.writeUInt16LE(0x80_0F, 4);
	await t.throwsAsync(decode(around(small)), {name: 'CoppiceError', message: /not well-formed/v});
	await t.throwsAsync(decode(around(tell('data/table')).subarray(0, -20)), {name: 'CoppiceError', message: /cut off/v});
});

test('refused without a base: whether differences fit would tell what it has', async t => {
	const passed = whole({type: 'truncate', path: 'data/table', size: 0});
	t.true((await gather(fromBaseDifferences(inPieces(passed, 1000), undefined))).equals(passed));
	await t.throwsAsync(gather(fromBaseDifferences(inPieces(around(tell('data/table')), 1000), undefined)), {instanceOf: BaseDiffers, message: /nothing may be asked/v});
});

test('a file that its owner may not read, and one too deep, are not asked', async t => {
	const deep = `data/${'d/'.repeat(70)}`;
	await mkdir(path.join(base, deep), {recursive: true});
	await writeFile(path.join(base, deep, 'table'), table);
	await writeFile(path.join(base, 'data/closed'), table, {mode: 0o200});
	for (const name of [`${deep}table`, 'data/closed']) {
		const stream = whole({
			type: 'write', path: name, fileOffset: 0, data: changed(0, page, 3),
		});
		t.true((await encode(stream)).equals(stream), `${name} stays as it is`);
		await t.throwsAsync(decode(around(tell(name))), {instanceOf: BaseDiffers, message: /has nothing/v});
	}
});

test('a file of the base that can\'t be read is told of, and what changed in it goes as it is', async t => {
	// No disk has to fail for it: nothing is mapped at the beginning of a process.
	const [process, name] = ['/proc/self', 'mem'];
	const stream = whole({
		type: 'write', path: name, fileOffset: 0, data: changed(0, page, 3),
	}, {
		type: 'write', path: name, fileOffset: page, data: changed(0, page, 3),
	});
	const told: string[] = [];
	const passed = await gather(toBaseDifferences(inPieces(stream, 1000), process, {
		onUnreadable(file, cause) {
			told.push(`${file}: ${cause}`);
		},
	}));
	t.true(passed.equals(stream));
	t.is(told.length, 1, 'once');
	t.regex(told[0]!, /^mem: EIO/v);
	await t.throwsAsync(gather(fromBaseDifferences(inPieces(around(tell(name)), 1000), process)), {instanceOf: BaseDiffers, message: /"mem" .* can't be read here/v});
});

test('a decoder of streams knows nothing of differences: they never leave a transfer', async t => {
	await t.throwsAsync(Array.fromAsync(decodeStream(inPieces(around(tell('data/table')), 1000))), {message: /command 32783 is not part|checksum/v});
});
