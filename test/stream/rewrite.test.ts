/**
Streams in terms of other ids: only what names a snapshot changes, and what passes by undecoded comes out as if everything had been decoded.
*/
import {Buffer} from 'node:buffer';
import {randomUUID} from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import type {CommandName, StreamCommand} from '../../source/stream/commands.ts';
import {decodeStream} from '../../source/stream/decode-stream.ts';
import {editStream} from '../../source/stream/edit-stream.ts';
import {encodeCommand as encodeOne, encodePart} from '../../source/stream/encode-stream.ts';
import {identityRewriter} from '../../source/stream/rewrite-identity.ts';
import {settle, settledCommands} from '../../source/stream/settle-stream.ts';
import {CoppiceError} from '../../source/system/errors.ts';
import {encodeCommand, encodeHeader} from './encode-commands.ts';

const [own, base, id, baseId] = [randomUUID() as string, randomUUID() as string, randomUUID() as string, randomUUID() as string] as const;
const edited: ReadonlySet<CommandName> = new Set<CommandName>(['subvol', 'snapshot', 'clone', ...settledCommands]);

const name = fc.constantFrom('', 'data', 'data/a', `data/${'x'.repeat(255)}`, 'data/caf\u{C3}\u{A9}');
const time = fc.record({seconds: fc.integer({min: -2_000_000_000, max: 4_000_000_000}), nanoseconds: fc.nat(999_999_999)});
const command: fc.Arbitrary<StreamCommand> = fc.oneof(
	fc.record({type: fc.constant('mkfile' as const), path: name, ino: fc.nat()}),
	fc.record({
		type: fc.constant('write' as const), path: name, fileOffset: fc.nat(), data: fc.oneof(fc.constant(Buffer.alloc(49_152, 7)), fc.uint8Array({maxLength: 5000})),
	}),
	fc.record({
		type: fc.constant('clone' as const), path: name, fileOffset: fc.nat(), cloneLength: fc.nat(), cloneUuid: fc.constantFrom(own, base), cloneCtransid: fc.nat(), clonePath: name, cloneOffset: fc.nat(),
	}),
	fc.record({
		type: fc.constant('utimes' as const), path: name, atime: time, mtime: time, ctime: time,
	}),
	fc.record({type: fc.constant('chmod' as const), path: name, mode: fc.nat(0o7777)}),
	fc.record({
		type: fc.constant('chown' as const), path: name, uid: fc.nat(), gid: fc.nat(),
	}),
);

const whole = (commands: readonly StreamCommand[]): Uint8Array => Buffer.concat([
	encodeHeader(),
	...commands.map(each => encodeCommand(each)),
]);

const inPieces = async function * (bytes: Uint8Array, size: number) {
	for (let at = 0; at < bytes.length; at += size) {
		yield bytes.subarray(at, at + size);
	}
};

const snapshot: StreamCommand = {
	type: 'snapshot', path: 'of-btrfs', uuid: own, ctransid: 77, cloneUuid: base, cloneCtransid: 66,
};

const change = () => {
	const rewrite = identityRewriter({name: 'snapshot', uuid: id, baseUuid: baseId});
	return (each: StreamCommand) => settle(rewrite(each) as StreamCommand, 1_500_000_000_123);
};

test('a stream that is edited on its way is the one that its edited commands make, however it comes', async t => {
	await fc.assert(fc.asyncProperty(fc.array(command, {maxLength: 30}), fc.integer({min: 1, max: 200_000}), async (commands, size) => {
		const stream = [snapshot, ...commands, {type: 'end'} as const];
		const bytes = whole(stream);
		const pieceSize = Math.max(size, Math.ceil(bytes.length / 2000));
		const pieces = await Array.fromAsync(editStream(inPieces(bytes, pieceSize), edited, change()));
		const expected = Buffer.concat([encodePart({type: 'header', version: 1}), ...stream.flatMap(change()).map(each => encodeOne(each))]);
		t.true(Buffer.concat(pieces).equals(expected));
		const decoded = await Array.fromAsync(decodeStream(inPieces(expected, 10_000)));
		const [, first] = decoded;
		t.deepEqual(first, {
			type: 'snapshot', path: 'snapshot', uuid: id, ctransid: 1, cloneUuid: baseId, cloneCtransid: 1,
		});
		for (const each of decoded) {
			t.false(each.type === 'clone' && ![id, baseId].includes(each.cloneUuid));
			t.false(each.type === 'chmod' && each.path === '');
		}

		const times = decoded.filter(each => each.type === 'utimes' && each.path === '');
		t.deepEqual(times.map(each => each.type === 'utimes' && each.mtime), [{seconds: 1_500_000_000, nanoseconds: 123_000_000}]);
	}), {numRuns: 60});
});

test('a stream that is cut off, or speaks of a third snapshot, is not passed on', async t => {
	const bytes = whole([snapshot, {type: 'mkfile', path: 'data', ino: 1}, {type: 'end'}]);
	for (const length of [10, 17, 20, 100, bytes.length - 1]) {
		if (length === 17) {
			continue;
		}

		await t.throwsAsync(Array.fromAsync(editStream(inPieces(bytes.subarray(0, length), 7), edited, change())), {instanceOf: CoppiceError, message: /cut off/v}, String(length));
	}

	const foreign: StreamCommand = {
		type: 'clone', path: 'data', fileOffset: 0, cloneLength: 1, cloneUuid: randomUUID(), cloneCtransid: 1, clonePath: 'data', cloneOffset: 0,
	};
	t.throws(() => [snapshot, foreign].flatMap(change()), {instanceOf: CoppiceError, message: /neither itself nor its base/v});
	t.throws(() => identityRewriter({name: 'a', uuid: id, baseUuid: undefined})(snapshot), {instanceOf: CoppiceError, message: /increment/v});
	t.throws(() => identityRewriter({name: 'a', uuid: id, baseUuid: baseId})({
		type: 'subvol', path: 'a', uuid: own, ctransid: 1,
	}), {instanceOf: CoppiceError, message: /full/v});
	t.throws(() => settle({
		type: 'mknod', path: 'data/node', ino: 1, rdev: 1, mode: 1,
	}, 0), {instanceOf: CoppiceError, message: /device node/v});
});
