/**
The decoder of send streams: what was encoded comes back however it is cut into chunks, what is damaged is refused, and a real
`btrfs send` is understood.
*/
import {Buffer} from 'node:buffer';
import {spawn} from 'node:child_process';
import {
	appendFile,
	mkdir,
	rename,
	symlink,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import {isDeepStrictEqual} from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import {
	type AttributeKind,
	type AttributeName,
	attributes,
	type CommandName,
	commandShapes,
	type StreamCommand,
} from '../../source/stream/commands.ts';
import {crc32c} from '../../source/stream/crc32c.ts';
import {type DecodeOptions, decodeStream, type StreamHeader} from '../../source/stream/decode-stream.ts';
import {CoppiceError} from '../../source/system/errors.ts';
import {runCommand} from '../../source/system/run-command.ts';
import {loopBtrfs, loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {noise} from '../fixtures/noise.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {
	encodeAttribute,
	encodeCommand,
	encodeHeader,
	encodePayload,
} from './encode-commands.ts';

const missing = await loopBtrfsMissing();

const chunked = async function * (bytes: Uint8Array, size: number) {
	for (let at = 0; at < bytes.length; at += size) {
		yield bytes.subarray(at, at + size);
	}
};

// What `bytes` values share memory with goes on to be used, so they are copied.
const decodeAll = async (source: AsyncIterable<Uint8Array>, options?: DecodeOptions): Promise<Array<StreamHeader | StreamCommand>> => {
	const decoded: Array<StreamHeader | StreamCommand> = [];
	for await (const command of decodeStream(source, options)) {
		decoded.push(Object.fromEntries(Object.entries(command).map(([key, value]: [string, unknown]) =>
			[key, value instanceof Uint8Array ? Uint8Array.from(value) : value])) as StreamCommand);
	}

	return decoded;
};

const decodeBytes = async (bytes: Uint8Array, chunk = 64 * 1024, options?: DecodeOptions) => decodeAll(chunked(bytes, chunk), options);

const kindOf = new Map(attributes.values());

const arbitraryOf: Readonly<Record<AttributeKind, fc.Arbitrary<unknown>>> = {
	u64: fc.maxSafeNat(),
	u32: fc.nat(),
	uuid: fc.uuid(),
	time: fc.record({seconds: fc.maxSafeInteger(), nanoseconds: fc.nat(999_999_999)}),
	path: fc.uint8Array({maxLength: 64}).map(bytes => Buffer.from(bytes).toString('latin1')),
	bytes: fc.uint8Array({maxLength: 300}),
};

const commandOf = (name: CommandName): fc.Arbitrary<StreamCommand> => {
	const {required, optional}: {required: readonly AttributeName[]; optional: readonly AttributeName[]} = commandShapes[name];
	const fields = Object.fromEntries([...required, ...optional].map(attribute => [attribute, arbitraryOf[kindOf.get(attribute)!]]));
	return fc.record(fields, {requiredKeys: [...required]}).map(values => ({type: name, ...values}) as unknown as StreamCommand);
};

const commandsOf = (version: number) => fc.array(fc.oneof(...(Object.keys(commandShapes) as CommandName[])
	.filter(name => name !== 'end' && commandShapes[name].since <= version)
	.map(name => commandOf(name))), {maxLength: 12});

test('the checksum is CRC-32C with initial value 0 and no inversion', t => {
	const bytes = Buffer.from('123456789');
	t.is(crc32c(0, bytes), 0x58_E3_FA_20);
	t.is(crc32c(crc32c(0, bytes.subarray(0, 4)), bytes.subarray(4)), 0x58_E3_FA_20);
});

for (const version of [1, 2]) {
	test(`what is encoded in version ${version} comes back, however it is cut into chunks`, async t => {
		await fc.assert(fc.asyncProperty(commandsOf(version), fc.integer({min: 1, max: 200}), async (commands, chunk) => {
			const all: StreamCommand[] = [...commands, {type: 'end'}];
			const bytes = Buffer.concat([encodeHeader(version), ...all.map(command => encodeCommand(command, version))]);
			t.deepEqual(await decodeBytes(bytes, chunk), [{type: 'header', version}, ...all]);
		}), {endOnFailure: true});
	});
}

test('streams may follow each other', async t => {
	const one = Buffer.concat([encodeHeader(), encodeCommand({type: 'mkfile', path: 'a', ino: 257}), encodeCommand({type: 'end'})]);
	const decoded = await decodeBytes(Buffer.concat([one, one]), 7);
	t.deepEqual(decoded.map(({type}) => type), ['header', 'mkfile', 'end', 'header', 'mkfile', 'end']);
});

// The stream has no checksum of its version: another one there is another format. The transport's hash covers it.
const versionByte = 13;

test('a stream with any byte changed, but for the version, is refused', async t => {
	const commands: StreamCommand[] = [
		{type: 'mkfile', path: 'data/file', ino: 300},
		{
			type: 'write', path: 'data/file', fileOffset: 4096, data: Uint8Array.from([1, 2, 3, 4]),
		},
		{type: 'end'},
	];
	const bytes = Buffer.concat([encodeHeader(), ...commands.map(command => encodeCommand(command))]);
	await fc.assert(fc.asyncProperty(fc.nat(bytes.length - 1).filter(at => at !== versionByte), fc.integer({min: 1, max: 255}), async (at, change) => {
		const damaged = Uint8Array.from(bytes);
		damaged[at] = (damaged[at]! + change) % 256;
		const decoded = await decodeBytes(damaged).catch((error: unknown) => error);
		t.true(decoded instanceof CoppiceError && decoded.code === 'failed', `byte ${at}`);
	}), {numRuns: 300, endOnFailure: true});
});

test('a stream that is cut anywhere is refused', async t => {
	const bytes = Buffer.concat([encodeHeader(), encodeCommand({type: 'unlink', path: 'x'}), encodeCommand({type: 'end'})]);
	for (let length = 1; length < bytes.length; length++) {
		await t.throwsAsync(decodeBytes(bytes.subarray(0, length)), {instanceOf: CoppiceError, message: /damaged/v}, `cut after ${length} bytes`);
	}

	t.deepEqual(await decodeBytes(new Uint8Array(0)), []);
});

const path255 = encodeAttribute(15, Buffer.from('x'));
const hostile: Readonly<Record<string, readonly [bytes: Uint8Array, message: RegExp]>> = {
	'an unknown command': [encodePayload(99, path255), /command 99/v],
	'a command of a later version': [encodePayload(23, path255), /command 23 is not part of version 1/v],
	'an unknown attribute': [encodePayload(11, Buffer.concat([path255, encodeAttribute(99, new Uint8Array(1))])), /attribute 99/v],
	'an attribute of another command': [encodePayload(11, Buffer.concat([path255, encodeAttribute(5, new Uint8Array(8))])), /does not belong to unlink/v],
	'an attribute given twice': [encodePayload(11, Buffer.concat([path255, path255])), /path twice/v],
	'an attribute of the wrong size': [encodePayload(17, Buffer.concat([path255, encodeAttribute(4, new Uint8Array(4))])), /size of truncate is not a u64/v],
	'a number beyond what can be counted': [encodePayload(17, Buffer.concat([path255, encodeAttribute(4, new Uint8Array(8).fill(0x7F))])), /size of truncate is not a u64/v],
	'a missing attribute': [encodePayload(17, path255), /truncate has no size/v],
	'an attribute longer than its command': [encodePayload(11, Buffer.from([15, 0, 200, 0, 1])), /cut off/v],
	'half an attribute': [encodePayload(11, Buffer.from([15])), /attribute 0/v],
};

for (const [what, [bytes, message]] of Object.entries(hostile)) {
	test(`${what} is refused`, async t => {
		await t.throwsAsync(decodeBytes(Buffer.concat([encodeHeader(), bytes, encodeCommand({type: 'end'})])), {instanceOf: CoppiceError, message});
	});
}

test('a command that claims gigabytes is refused before it is waited for', async t => {
	const header = Buffer.alloc(10);
	header.writeUInt32LE(0xFF_FF_FF_FF);
	await t.throwsAsync(decodeBytes(Buffer.concat([encodeHeader(), header])), {message: /claims 4294967295 bytes/v});
	const write = encodeCommand({
		type: 'write', path: 'x', fileOffset: 0, data: new Uint8Array(2000),
	});
	await t.throwsAsync(decodeBytes(Buffer.concat([encodeHeader(), write]), 100, {maximumPayload: 1000}), {message: /1000 are allowed/v});
});

test('what is no stream, or of an unknown version, is refused', async t => {
	await t.throwsAsync(decodeBytes(Buffer.from('this is no stream at all')), {message: /no stream begins here/v});
	await t.throwsAsync(decodeBytes(encodeHeader(9)), {message: /version 9/v});
});

if (missing === undefined) {
	test('a real stream is understood: full, incremental and without data', async t => {
		const disk = await loopBtrfs({sizeBytes: 256 * (2 ** 20)});
		try {
			const live = path.join(disk.path, 'live');
			await runCommand(['btrfs', 'subvolume', 'create', live]);
			await mkdir(path.join(live, 'sub'));
			const content = noise(300_000, 1);
			await writeFile(path.join(live, 'sub/big'), content);
			await writeFile(path.join(live, 'small'), 'small');
			await symlink('small', path.join(live, 'link'));
			const [one, two] = [path.join(disk.path, 'one'), path.join(disk.path, 'two')];
			await runCommand(['btrfs', 'subvolume', 'snapshot', '-r', live, one]);
			await appendFile(path.join(live, 'small'), ' and more');
			await rename(path.join(live, 'link'), path.join(live, 'moved'));
			await runCommand(['btrfs', 'subvolume', 'snapshot', '-r', live, two]);
			const send = async (...options: readonly string[]) => {
				const child = spawn('btrfs', ['send', '--quiet', ...options], {stdio: ['ignore', 'pipe', 'inherit']});
				return decodeAll(child.stdout);
			};

			const full = await send(one);
			t.like(full[0], {type: 'header', version: 1});
			t.like(full[1], {type: 'subvol', path: 'one'});
			t.like(full.at(-1), {type: 'end'});
			// Files are made under other names, written, and renamed.
			const received = Buffer.alloc(content.length);
			for (const command of full) {
				if (command.type === 'write' && command.data.length > 100) {
					received.set(command.data, command.fileOffset);
				}
			}

			t.deepEqual(Uint8Array.from(received), Uint8Array.from(content));
			t.true(full.some(command => command.type === 'symlink' && command.pathLink === 'small'));

			const increment = await send('-p', one, two);
			t.like(increment[1], {type: 'snapshot', path: 'two'});
			// The kernel moves a symbolic link by making another name and removing the first.
			t.true(increment.some(command => command.type === 'link' && command.path === 'moved' && command.pathLink === 'link'));
			const written = increment.filter(command => command.type === 'write');
			t.deepEqual(written.map(command => [command.path, Buffer.from(command.data).toString()]), [['small', 'small and more']]);

			const index = await send('--no-data', '-p', one, two);
			t.true(index.some(command => command.type === 'update_extent' && command.path === 'small' && command.size === 14));
		} finally {
			await disk.dispose();
		}
	});
} else {
	skipAloud('a real stream is understood', missing);
}
