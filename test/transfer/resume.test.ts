/**
A line that is cut, wherever: the next try goes on, sends at most 8 MiB again, and what arrives is the same to the byte.
*/
import {Buffer} from 'node:buffer';
import fs from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {TransferProgress} from '../../source/transfer/channel.ts';
import {frameSize} from '../../source/transfer/codec.ts';
import {isBaseDifferent, isLostConnection} from '../../source/transfer/failure.ts';
import type {TransferNotice} from '../../source/transfer/notice.ts';
import {type ReceivedStream, type ReceiveOptions, receiveStream} from '../../source/transfer/receive-stream.ts';
import {type SendOptions, sendStream} from '../../source/transfer/send-stream.ts';
import {makeLine} from './lines.ts';
import {digest, makeStream} from './made-stream.ts';
import {spoolFolder} from './spool-folder.ts';

const window = 8 * 1024 * 1024;
const expects = {snapshot: 'a', base: 'b'};

type Try = {
	readonly sent: PromiseSettledResult<TransferProgress>;
	readonly received: PromiseSettledResult<ReceivedStream>;
	readonly wireBytes: number;
	readonly messages: readonly number[];
};

const transfer = async (send: SendOptions, receive: ReceiveOptions, cutAfter?: number): Promise<Try> => {
	const line = makeLine(cutAfter);
	const [sent, received] = await Promise.allSettled([sendStream(line.sender, send), receiveStream(line.receiver, receive)]);
	return {
		sent, received, wireBytes: line.wireBytes(), messages: line.messages(),
	};
};

const take = async (attempt: Try): Promise<{readonly content: string; readonly received: ReceivedStream}> => {
	if (attempt.received.status === 'rejected') {
		throw attempt.received.reason;
	}

	const content = await digest(attempt.received.value.open());
	await attempt.received.value.remove();
	return {content, received: attempt.received.value};
};

const assertLost = (t: ExecutionContext, attempt: Try): void => {
	for (const side of [attempt.sent, attempt.received]) {
		t.true(side.status === 'rejected' && isLostConnection(side.reason), side.status === 'rejected' ? String(side.reason) : side.status);
	}
};

test('a stream arrives as it is, in one go', async t => {
	for (const size of [0, 1, frameSize - 1, frameSize, frameSize + 1, 5_000_000]) {
		const folder = await spoolFolder(t);
		const attempt = await transfer({open: () => makeStream({size, noise: 0.3})}, {folder, expects});
		const {content, received} = await take(attempt);
		t.is(content, await digest(makeStream({size, noise: 0.3})));
		t.is(received.streamBytes, size);
		t.is(received.resumedBytes, 0);
		t.like(attempt.sent, {status: 'fulfilled', value: {streamBytes: size, resumedBytes: 0, wireBytes: attempt.wireBytes}});
		t.is(received.wireBytes, attempt.wireBytes);
		await t.throwsAsync(fs.stat(folder), {code: 'ENOENT'});
	}
});

test('cut at every frame and in the middle of each, the next try goes on', async t => {
	const stream = {size: (6 * frameSize) + 200_001};
	const open = () => makeStream(stream);
	const whole = await transfer({open}, {folder: await spoolFolder(t), expects});
	const expected = await digest(open());
	t.is((await take(whole)).content, expected);
	t.is(whole.messages.length, 9, 'start, seven frames, end');
	const middles = whole.messages.map((start, index) => Math.floor((start + (whole.messages[index + 1] ?? whole.wireBytes)) / 2));
	const places = [1, ...whole.messages.slice(1), ...middles, whole.wireBytes - 1];
	for (const cutAfter of places) {
		const folder = await spoolFolder(t);
		const first = await transfer({open}, {folder, expects}, cutAfter);
		assertLost(t, first);
		t.is(first.wireBytes, cutAfter);
		const second = await transfer({open}, {folder, expects});
		const {content, received} = await take(second);
		t.is(content, expected, `cut after ${cutAfter} bytes`);
		const wholeFrames = whole.messages.filter(start => start <= cutAfter).length - 2;
		t.is(received.resumedBytes, Math.min(stream.size, Math.max(0, wholeFrames) * frameSize), `cut after ${cutAfter} bytes`);
		t.true(first.wireBytes + second.wireBytes <= whole.wireBytes + window, `${first.wireBytes} and ${second.wireBytes} for ${whole.wireBytes}`);
	}
});

test('what came without differences from the base is kept until it is asked for like that', async t => {
	const stream = {size: 3 * frameSize, seed: 8};
	const open = () => makeStream(stream);
	const folder = await spoolFolder(t);
	const plain = {...expects, plain: true};
	assertLost(t, await transfer({open}, {folder, expects: plain}, 2 * frameSize));
	const refused = await transfer({open}, {folder, expects});
	t.true(refused.sent.status === 'rejected' && isBaseDifferent(refused.sent.reason));
	t.true(refused.received.status === 'rejected' && isBaseDifferent(refused.received.reason));
	const {content, received} = await take(await transfer({open}, {folder, expects: plain}));
	t.is(content, await digest(open()));
	t.true(received.resumedBytes > 0);

	// The other way round it is of no use.
	assertLost(t, await transfer({open}, {folder, expects}, 2 * frameSize));
	const again = await take(await transfer({open}, {folder, expects: plain}));
	t.is(again.received.resumedBytes, 0);
});

test('a line that is cut again and again brings it nevertheless', async t => {
	const stream = {size: 5 * frameSize, seed: 3};
	const folder = await spoolFolder(t);
	let attempt: Try;
	let tries = 0;
	do {
		attempt = await transfer({open: () => makeStream(stream)}, {folder, expects}, frameSize + 5000);
		tries++;
	} while (attempt.received.status === 'rejected' && tries < 20);

	t.is((await take(attempt)).content, await digest(makeStream(stream)));
	t.is(tries, 5);
});

test('what came before a cut is judged again, from the first byte', async t => {
	const stream = {size: 3 * frameSize, seed: 4};
	const folder = await spoolFolder(t);
	const judged: string[] = [];
	const receive = {
		folder,
		expects,
		async check(bytes: AsyncIterable<Uint8Array>) {
			judged.push(await digest(bytes));
		},
	};
	assertLost(t, await transfer({open: () => makeStream(stream)}, receive, 2 * frameSize));
	t.deepEqual(judged, []);
	const expected = await digest(makeStream(stream));
	t.is((await take(await transfer({open: () => makeStream(stream)}, receive))).content, expected);
	t.deepEqual(judged, [expected]);
});

test('a stream that is no longer the one that was begun is sent from its beginning, and both sides say so', async t => {
	const stream = {size: 4 * frameSize, seed: 5};
	const others = [[{...stream, differsFrom: 100}, true], [{...stream, differsFrom: 3.5 * frameSize}, false], [{...stream, size: frameSize}, true]] as const;
	for (const [other, differs] of others) {
		const folder = await spoolFolder(t);
		const judged: string[] = [];
		const check = async (bytes: AsyncIterable<Uint8Array>) => {
			judged.push(await digest(bytes));
		};

		assertLost(t, await transfer({open: () => makeStream(stream)}, {folder, expects, check}, 3 * frameSize));
		const notices: TransferNotice[] = [];
		const onNotice = (notice: TransferNotice) => {
			notices.push(notice);
		};

		const attempt = await transfer({open: () => makeStream(other), onNotice}, {
			folder, expects, check, onNotice,
		});
		const {content, received} = await take(attempt);
		t.is(content, await digest(makeStream(other)));
		t.deepEqual(judged, [content], 'what was judged before it started over does not count');
		t.is(received.resumedBytes, differs ? 0 : 2 * frameSize);
		t.deepEqual(notices.map(({kind, bytes}) => ({kind, bytes})), Array.from({length: 2}, () => ({kind: differs ? 'started-over' : 'resumed', bytes: 2 * frameSize})));
	}
});

test('all that has come is not sent again', async t => {
	const stream = {size: 2 * frameSize, seed: 6};
	const folder = await spoolFolder(t);
	const first = await transfer({open: () => makeStream(stream)}, {folder, expects});
	t.is(first.received.status, 'fulfilled');
	await (first.received as PromiseFulfilledResult<ReceivedStream>).value.close();
	const second = await transfer({open: () => makeStream(stream)}, {folder, expects});
	t.true(second.wireBytes < 1000);
	const {content, received} = await take(second);
	t.is(content, await digest(makeStream(stream)));
	t.is(received.resumedBytes, stream.size);
});

test('all of another stream that was kept is used only where what is sent begins with it', async t => {
	const longer = {size: 3 * frameSize, seed: 60};
	for (const other of [{size: 2 * frameSize, seed: 61}, longer, {size: frameSize, seed: 60}]) {
		const folder = await spoolFolder(t);
		const kept = await transfer({open: () => makeStream({size: 2 * frameSize, seed: 60})}, {folder, expects});
		await (kept.received as PromiseFulfilledResult<ReceivedStream>).value.close();
		const {content, received} = await take(await transfer({open: () => makeStream(other)}, {folder, expects}));
		t.is(content, await digest(makeStream(other)));
		t.is(received.resumedBytes, other === longer ? 2 * frameSize : 0);
	}
});

test('what belongs to another base is not used', async t => {
	const stream = {size: 3 * frameSize, seed: 7};
	const folder = await spoolFolder(t);
	assertLost(t, await transfer({open: () => makeStream(stream)}, {folder, expects}, 2 * frameSize));
	const notices: TransferNotice[] = [];
	const attempt = await transfer({open: () => makeStream(stream)}, {
		folder, expects: {snapshot: 'a'}, onNotice(notice) {
			notices.push(notice);
		},
	});
	t.is((await take(attempt)).received.resumedBytes, 0);
	t.is(notices.length, 1);
	t.is(notices[0]?.kind, 'discarded');
	t.true(notices[0]!.bytes > frameSize);
});

test('damage on the disk is noticed, and sent again from there', async t => {
	const stream = {size: 5 * frameSize, seed: 8};
	const expected = await digest(makeStream(stream));
	// In the first frame, in a later one, in a head, and what a cut write leaves at the end.
	const places = [
		{at: 50_000, frames: 0, isTold: true},
		{at: (2 * frameSize) + 300_000, frames: 2, isTold: true},
		{at: 3, frames: 0, isTold: true},
		{at: 'end', frames: 3, isTold: false},
		{at: 'zeros', frames: 3, isTold: true},
	] as const;
	for (const {at, frames, isTold} of places) {
		const folder = await spoolFolder(t);
		assertLost(t, await transfer({open: () => makeStream(stream)}, {folder, expects}, 3.5 * frameSize));
		const file = await fs.open(path.join(folder, 'frames'), 'r+');
		const {size} = await file.stat();
		await (at === 'end'
			? file.write(Buffer.from('c3000000501020', 'hex'), 0, 7, size)
			: (at === 'zeros' ? file.truncate(size + 5000) : file.write(Buffer.from('damage'), 0, 6, at)));
		await file.close();
		const notices: TransferNotice[] = [];
		const attempt = await transfer({open: () => makeStream(stream)}, {
			folder, expects, onNotice(notice) {
				notices.push(notice);
			},
		});
		const {content, received} = await take(attempt);
		t.is(content, expected);
		t.is(received.resumedBytes, frames * frameSize, String(at));
		t.is(notices.some(({kind}) => kind === 'discarded'), isTold, String(at));
	}
});

test('damage between the receiving and the applying is noticed while it is read', async t => {
	const stream = {size: 3 * frameSize, seed: 9};
	for (const harm of [async (file: fs.FileHandle) => file.write(Buffer.from('damage'), 0, 6, frameSize + 5000), async (file: fs.FileHandle) => file.truncate(2 * frameSize)]) {
		const folder = await spoolFolder(t);
		const {received} = await transfer({open: () => makeStream(stream)}, {folder, expects});
		const {value} = received as PromiseFulfilledResult<ReceivedStream>;
		const file = await fs.open(path.join(folder, 'frames'), 'r+');
		await harm(file);
		await file.close();
		await t.throwsAsync(digest(value.open()), {name: 'CoppiceError', message: /damaged on the disk/v});
		await value.close();
		t.is((await take(await transfer({open: () => makeStream(stream)}, {folder, expects}))).content, await digest(makeStream(stream)));
	}
});
