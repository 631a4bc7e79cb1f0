/**
The pure parts of the ZFS driver: the records of `zfs send`, the table of mounts, names and roles, what `zfs` says when it fails.
*/
import {Buffer} from 'node:buffer';
import {endianness} from 'node:os';
import test from 'ava';
import fc from 'fast-check';
import {
	addRange,
	cutRange,
	SendIndexReader,
	type ByteRange,
} from '../../source/storage/zfs/send-index.ts';
import {
	parseRole,
	parseSnapshot,
	parseVolume,
	volumeDataset,
} from '../../source/storage/zfs/volume-datasets.ts';
import {commonAncestor, lineage} from '../../source/storage/zfs/volume-usage.ts';
import {classifyFailure, zfsError} from '../../source/storage/zfs/zfs-command.ts';

/** A record of `zfs send`, with numbers at their offsets. */
const record = (type: number, u32: Record<number, number>, u64: Record<number, bigint>): Buffer => {
	const bytes = Buffer.alloc(312);
	const isBig = endianness() === 'BE';
	for (const [offset, value] of Object.entries({0: type, ...u32})) {
		bytes[isBig ? 'writeUInt32BE' : 'writeUInt32LE'](value, Number(offset));
	}

	for (const [offset, value] of Object.entries(u64)) {
		bytes[isBig ? 'writeBigUInt64BE' : 'writeBigUInt64LE'](value, Number(offset));
	}

	return bytes;
};

const begin = record(0, {}, {8: 0x2_F5_BA_CB_ACn});
const end = record(5, {}, {});
const write = (object: number, offset: number, length: number, type = 19) =>
	Buffer.concat([record(3, {16: type}, {8: BigInt(object), 24: BigInt(offset), 32: BigInt(length)}), Buffer.alloc(length, 0x2F)]);
const free = (object: number, offset: number, length: bigint) => record(4, {}, {8: BigInt(object), 16: BigInt(offset), 24: length});
const object = Buffer.concat([record(1, {28: 13}, {8: 7n}), Buffer.alloc(16)]);

const stream = Buffer.concat([
	begin,
	object,
	write(7, 0, 512),
	write(7, 512, 512),
	write(7, 4096, 1024),
	write(8, 0, 512, 20),
	free(7, 4608, 0xFF_FF_FF_FF_FF_FF_FF_FFn),
	record(2, {}, {}),
	write(9, 16_384, 16_384),
	free(9, 20_480, 4096n),
	end,
]);

test('the records of a stream tell which ranges of which files were written', t => {
	const reader = new SendIndexReader();
	reader.add(stream);
	const {written, bytes, touched} = reader.finish();
	t.deepEqual([...written], [
		[7, [{start: 0, end: 1024}, {start: 4096, end: 4608}]],
		[9, [{start: 16_384, end: 20_480}, {start: 24_576, end: 32_768}]],
	]);
	t.is(bytes, 1024 + 512 + 4096 + 8192);
	t.deepEqual(touched(7), [{start: 0, end: 1024}, {start: 4096, end: Number.MAX_SAFE_INTEGER}]);
	t.deepEqual(touched(9), [{start: 16_384, end: 32_768}]);
	t.deepEqual(touched(10), []);
});

test('where a file may differ is not known once its number was freed, or where records tell something else', t => {
	const read = (...records: readonly Buffer[]) => {
		const reader = new SendIndexReader();
		reader.add(Buffer.concat([begin, write(7, 512, 512), ...records, end, begin, write(9, 0, 512), write(7, 0, 512), end]));
		return reader.finish().touched;
	};

	t.deepEqual(read()(7), [{start: 0, end: 1024}]);
	const freed = read(record(2, {}, {8: 6n, 16: 2n}));
	t.deepEqual([6, 7, 8, 9].map(inode => freed(inode)), [undefined, undefined, [], [{start: 0, end: 512}]]);
	const freedToEnd = read(record(2, {}, {8: 8n, 16: 0xFF_FF_FF_FF_FF_FF_FF_FFn}));
	t.deepEqual([7, 9].map(inode => freedToEnd(inode)), [[{start: 0, end: 1024}], undefined]);
	t.is(read(record(10, {}, {8: 7n, 16: 0n, 24: 512n}))(9), undefined);
});

test('records of another snapshot than the stream began with are refused', t => {
	const reader = new SendIndexReader();
	t.throws(() => {
		reader.add(Buffer.concat([begin, record(4, {}, {8: 7n, 32: 5n})]));
	}, {message: /another snapshot/v});
});

const factsOf = (reader: SendIndexReader) => {
	const {written, bytes, touched} = reader.finish();
	return {written, bytes, touched: [7, 8, 9].map(inode => touched(inode))};
};

test('it does not matter how a stream is cut into pieces', t => {
	const whole = new SendIndexReader();
	whole.add(stream);
	const expected = factsOf(whole);
	const pieces = fc.array(fc.integer({min: 1, max: 700}), {minLength: 1});
	fc.assert(fc.property(pieces, sizes => {
		const reader = new SendIndexReader();
		for (let at = 0, index = 0; at < stream.length; index++) {
			const size = sizes[index % sizes.length]!;
			reader.add(stream.subarray(at, at + size));
			at += size;
		}

		t.deepEqual(factsOf(reader), expected);
	}), {numRuns: 30});
});

test('a stream that is cut short, is none, or has unknown records is refused', t => {
	const cut = new SendIndexReader();
	cut.add(stream.subarray(0, -100));
	t.throws(() => cut.finish(), {message: /cut short/v});
	const withoutEnd = new SendIndexReader();
	withoutEnd.add(stream.subarray(0, -312));
	t.throws(() => withoutEnd.finish(), {message: /cut short/v});
	t.throws(() => {
		new SendIndexReader().add(record(0, {}, {8: 1n}));
	}, {message: /no stream/v});
	t.throws(() => {
		new SendIndexReader().add(Buffer.concat([begin, record(77, {}, {})]));
	}, {message: /unknown type 77/v});
	t.throws(() => {
		new SendIndexReader().add(write(1, 0, 1));
	}, {message: /out of place/v});
});

test('ranges are kept in order and joined, as a set of bytes would be', t => {
	const range = fc.tuple(fc.nat(60), fc.integer({min: 1, max: 12})).map(([start, length]): ByteRange => ({start, end: start + length}));
	const step = fc.record({cut: fc.boolean(), range});
	fc.assert(fc.property(fc.array(step), steps => {
		let ranges: ByteRange[] = [];
		const bytes = new Set<number>();
		for (const {cut, range: {start, end: stop}} of steps) {
			for (let at = start; at < stop; at++) {
				if (cut) {
					bytes.delete(at);
				} else {
					bytes.add(at);
				}
			}

			if (cut) {
				ranges = cutRange(ranges, {start, end: stop});
			} else {
				addRange(ranges, {start, end: stop});
			}
		}

		const found = ranges.flatMap(({start, end: stop}) => Array.from({length: stop - start}, (_, index) => start + index));
		t.deepEqual(found, [...bytes].toSorted((one, two) => one - two));
		t.true(ranges.every(({start}, index) => index === 0 || ranges[index - 1]!.end <= start));
	}));
});

test('a dataset is what its mountpoint says', t => {
	const address = {stack: 'shop', volume: 'db'};
	const roleOf = (mountpoint: string) => parseRole(mountpoint, address).role;
	t.deepEqual(roleOf('/pool/stacks/shop/volumes/db/branches/feature:login'), {type: 'branch', branch: 'feature/login'});
	t.deepEqual(roleOf('/pool/stacks/shop/volumes/db/branches/.staged-x'), {type: 'staged', staged: 'x'});
	t.deepEqual(roleOf('/other/stacks/shop/volumes/db/incoming/open-1-2-ab'), {type: 'opened', by: '1-2-ab'});
	t.deepEqual(roleOf('legacy'), {type: 'home'});
	for (const mountpoint of ['none', '-', '/data', '/pool/stacks/shop/volumes/other/branches/main', '/pool/stacks/shop/volumes/db/branches/a/b', '/pool/stacks/shop/volumes/db/branches/']) {
		t.deepEqual(roleOf(mountpoint), {type: 'other'}, `mounted at ${mountpoint}`);
	}

	const id = '01234567-89ab-cdef-0123-456789abcdef';
	t.like(parseSnapshot(`a/b@${id}`), {dataset: 'a/b', state: 'whole', id});
	t.like(parseSnapshot(`a/b@trash-${id}`), {state: 'trash', id});
	t.like(parseSnapshot(`a/b@gone-${id}`), {state: 'gone', id});
	t.like(parseSnapshot('a/b@probe-1-2-ab'), {state: 'probe', id: '1-2-ab'});
	t.like(parseSnapshot('a/b@hourly'), {state: 'foreign'});
	t.like(parseSnapshot('a/b@trash-hourly'), {state: 'foreign'});
});

test('the dataset of a volume has a name that fits and that no other volume has', t => {
	t.is(volumeDataset('tank/coppice', {stack: 'shop', volume: 'db'}), 'tank/coppice/stacks/shop/db');
	const long = (end_: string) => volumeDataset('tank/coppice', {stack: 's'.repeat(128), volume: `${'v'.repeat(127)}${end_}`});
	t.true(long('a').length < 110);
	t.not(long('a'), long('b'));
});

test('the line that a dataset came down is followed through its origins', t => {
	const state = parseVolume([
		'v\t-\tnone\tno\t-',
		'v/a\t-\tlegacy\tno\t-',
		'v/a@1\t-\t-\t-\toff',
		'v/a@2\t-\t-\t-\toff',
		'v/a@3\t-\t-\t-\toff',
		'v/b\tv/a@2\tlegacy\tno\t-',
		'v/b@4\t-\t-\t-\toff',
		'v/c\tv/a@3\tlegacy\tno\t-',
		'v/d\t-\tlegacy\tno\t-',
	].join('\n'), 'v', '/pool', {stack: 'shop', volume: 'db'});
	t.deepEqual(lineage(state, 'v/b'), ['v/b@4', 'v/a@2', 'v/a@1']);
	t.deepEqual(lineage(state, 'v/a@2'), ['v/a@2', 'v/a@1']);
	t.deepEqual(lineage(state, 'v/d'), []);
	t.is(commonAncestor(state, 'v/c', 'v/b@4'), 'v/a@2');
	t.is(commonAncestor(state, 'v/b', 'v/b@4'), 'v/b@4');
	t.is(commonAncestor(state, 'v/d', 'v/b@4'), undefined);
});

test('what zfs says is told apart, and said with a next step', t => {
	t.is(classifyFailure('cannot open \'tank/x\': dataset does not exist\n'), 'absent');
	t.is(classifyFailure('cannot create snapshot \'tank/x@a\': dataset already exists\n'), 'exists');
	t.is(classifyFailure('cannot create snapshot \'tank/x@a\': out of space\n'), 'space');
	t.is(classifyFailure('cannot destroy \'tank/x\': dataset is busy\n'), 'busy');
	t.is(classifyFailure('cannot unmount \'/x\': pool or dataset is busy\n'), 'busy');
	t.is(classifyFailure('umount: /x: target is busy.\ncannot unmount \'/x\': umount failed: umount child process failed\n'), 'busy');
	t.is(classifyFailure('cannot destroy \'tank/x@a\': snapshot has dependent clones\nuse \'-R\' to destroy the following datasets:\n'), 'clones');
	t.is(classifyFailure('cannot destroy \'tank/x\': filesystem has children\n'), 'clones');
	t.is(classifyFailure('cannot mount \'/x\': directory is not empty\n'), 'covered');
	t.is(classifyFailure('cannot unmount \'tank/x\': not currently mounted\n'), 'unmounted');
	t.is(classifyFailure('Please make sure that the zfs-fuse daemon is running.\n'), 'down');
	t.is(classifyFailure('The ZFS modules cannot be auto-loaded.\n'), 'down');
	t.is(classifyFailure('cannot create \'tank/x\': permission denied\n'), 'permission');
	t.is(classifyFailure('something new\n'), 'other');
	const error = zfsError(['zfs', 'destroy', 'tank/x'], {stdout: '', stderr: 'cannot destroy \'tank/x\': snapshot has dependent clones\nuse \'-R\' to destroy', exitCode: 1});
	t.false(error.message.includes('-R'), 'no advice to destroy more');
});
