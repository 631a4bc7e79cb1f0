/**
Two sides that talk, and one that does not play by the rules: failures cross the line, and nothing that is hostile is believed.
*/
import {Buffer} from 'node:buffer';
import fs from 'node:fs/promises';
import path from 'node:path';
import zlib from 'node:zlib';
import test from 'ava';
import {CoppiceError} from '../../source/system/errors.ts';
import {awaitApplied, confirmApplied, reportApplying} from '../../source/transfer/applied.ts';
import {Chain, sha256} from '../../source/transfer/chain.ts';
import type {Channel} from '../../source/transfer/channel.ts';
import {
	type ControlMessage,
	encodeControl,
	encodeDataHead,
	frameSize,
} from '../../source/transfer/codec.ts';
import {isLostConnection, sendFailure} from '../../source/transfer/failure.ts';
import {
	readMessage,
	takeChannel,
	writeBytes,
	writeControl,
} from '../../source/transfer/line.ts';
import {type ReceiveOptions, receiveStream} from '../../source/transfer/receive-stream.ts';
import type {TransferNotice} from '../../source/transfer/notice.ts';
import {type SendOptions, sendStream} from '../../source/transfer/send-stream.ts';
import {windowBytes} from '../../source/transfer/window.ts';
import {type Line, makeLine} from './lines.ts';
import {checkSendStream, digest, makeStream} from './made-stream.ts';
import {spoolFolder} from './spool-folder.ts';

const expects = {snapshot: 'a'};
const noChain = '0'.repeat(64);
const emptyState: ControlMessage<'state'> = {
	kind: 'state', frames: 0, streamBytes: 0, chain: noChain,
};

const transfer = async (line: Line, send: SendOptions, receive: ReceiveOptions) => settle(sendStream(line.sender, send), receiveStream(line.receiver, receive));

const settle = async (...sides: ReadonlyArray<Promise<unknown>>) => {
	const settled = await Promise.allSettled(sides);
	return settled.map(side => side.status === 'rejected' ? side.reason as CoppiceError : undefined);
};

test('what goes wrong while the stream is made is told to the receiver, who keeps what has come', async t => {
	const folder = await spoolFolder(t);
	const line = makeLine();
	async function * open() {
		yield * makeStream({size: frameSize + 5});
		throw new CoppiceError('not-found', 'There is no\u{1B}[31m such\u{202E} snapshot.', {volume: 'pg', stderr: 'ERROR: cannot open', hint: 'Look.'});
	}

	const [sent, received] = await transfer(line, {open}, {folder, expects});
	t.is(sent?.code, 'not-found');
	t.like(received, {
		name: 'CoppiceError', code: 'not-found', message: 'There is no[31m such snapshot.', hint: 'Look.', context: {volume: 'pg', stderr: 'ERROR: cannot open'},
	});
	const {size} = await fs.stat(path.join(folder, 'frames'));
	t.true(size > frameSize);
});

test('a stream that the receiver refuses is refused while it arrives, and nothing of it stays', async t => {
	const folder = await spoolFolder(t);
	const line = makeLine();
	const [sent, received] = await transfer(line, {open: () => makeStream({size: 40 * frameSize})}, {folder, expects, check: checkSendStream});
	t.regex(received!.message, /no stream begins here/v);
	t.regex(sent!.message, /no stream begins here/v);
	t.false(isLostConnection(sent));
	t.true(line.wireBytes() < 20 * frameSize);
	await t.throwsAsync(fs.stat(folder), {code: 'ENOENT'});
});

test('more than was agreed is refused', async t => {
	const folder = await spoolFolder(t);
	const line = makeLine();
	const [sent, received] = await transfer(line, {open: () => makeStream({size: 3 * frameSize})}, {folder, expects, maximumBytes: 2 * frameSize});
	t.regex(received!.message, /more than the 1 MiB that are allowed/v);
	t.is(sent!.message, received!.message);
	await t.throwsAsync(fs.stat(folder), {code: 'ENOENT'});
});

test('stopped on either side, the other is told, and the next try goes on', async t => {
	const stream = {size: 30 * frameSize, noise: 0.1};
	for (const side of ['sender', 'receiver'] as const) {
		const folder = await spoolFolder(t);
		const line = makeLine();
		const stopping = new AbortController();
		const stop = {
			signal: stopping.signal,
			onProgress({streamBytes}: {streamBytes: number}) {
				if (streamBytes >= frameSize) {
					stopping.abort();
				}
			},
		};
		const errors = await settle(
			sendStream(line.sender, {open: () => makeStream(stream), ...(side === 'sender' && stop), limit: 2_000_000}),
			receiveStream(line.receiver, {folder, expects, ...(side === 'receiver' && stop)}),
		);
		t.deepEqual(errors.map(error => [error?.code, error?.message]), [['interrupted', 'The transfer was stopped.'], ['interrupted', 'The transfer was stopped.']]);

		const again = makeLine();
		const [, received] = await Promise.all([sendStream(again.sender, {open: () => makeStream(stream)}), receiveStream(again.receiver, {folder, expects})]);
		t.true(received.resumedBytes >= frameSize);
		t.is(await digest(received.open()), await digest(makeStream(stream)));
		await received.remove();
	}
});

test('the receiver learns what the sender could not put into the stream', async t => {
	const line = makeLine();
	const leftOut = [{what: 'device nodes', path: 'data/\u{1B}[2Jx', count: 2}];
	const stream = {size: 1000, seed: 5};
	const [, received] = await Promise.all([
		sendStream(line.sender, {open: () => makeStream(stream), leftOut: () => leftOut}),
		receiveStream(line.receiver, {folder: await spoolFolder(t), expects}),
	]);
	t.deepEqual(received.leftOut, [{...leftOut[0], path: 'data/[2Jx'}]);
	t.is(await digest(received.open()), await digest(makeStream(stream)));
	await received.remove();
});

test('a file of its base that the sender can\'t read is told to who receives, once and without what harms a terminal', async t => {
	const line = makeLine();
	const told: TransferNotice[] = [];
	const [, received] = await Promise.all([
		sendStream(line.sender, {open: () => makeStream({size: 1000, seed: 5}), unreadable: () => ({path: `data/\u{1B}[2J${'x'.repeat(9999)}`, cause: 'EIO: i/o error, read'})}),
		receiveStream(line.receiver, {
			folder: await spoolFolder(t), expects, onNotice(notice) {
				told.push(notice);
			},
		}),
	]);
	t.deepEqual(told.map(({kind}) => kind), ['damaged']);
	t.regex(told[0]!.message, /^data\/\[2Jx+ can't be read there in .* is sent in full \(EIO: i\/o error, read\)\.$/v);
	t.true(told[0]!.message.length < 400);
	await received.remove();
});

test('the sender learns what was applied, how far it is, and why not', async t => {
	const line = makeLine();
	const seen: unknown[] = [];
	const report = {leftOut: [{what: 'set-user-id bits', path: 'data/\u{1B}[2Jx', count: 3}]};
	const awaited = awaitApplied(line.sender, {
		onProgress(progress) {
			seen.push(progress);
		},
	});
	reportApplying(line.receiver)({done: 5, total: 10});
	await confirmApplied(line.receiver, report);
	t.deepEqual(await awaited, {leftOut: [{...report.leftOut[0], path: 'data/[2Jx'}]});
	t.deepEqual(seen, [{done: 5, total: 10}]);

	const failing = awaitApplied(line.sender);
	await sendFailure(line.receiver, new CoppiceError('conflict', 'It is there already.', {hint: 'Fetch.', stderr: 'x'.repeat(1e6), command: Array.from({length: 500}, () => '\0'.repeat(1000))}));
	const failure = await t.throwsAsync(failing);
	t.like(failure, {code: 'conflict', message: 'It is there already.', hint: 'Fetch.'});

	const large = awaitApplied(line.sender);
	await confirmApplied(line.receiver, {leftOut: Array.from({length: 1000}, () => ({what: '\0'.repeat(9999), path: '\u{D800}'.repeat(9999), count: 1}))});
	t.true((await large).leftOut.length > 5);

	const losing = awaitApplied(line.sender);
	line.cut();
	const lost = await t.throwsAsync(losing);
	t.true(isLostConnection(lost));
	await sendFailure(line.receiver, new Error('Nobody is there'));
});

test('no more than the window is ever on its way', async t => {
	const line = makeLine();
	const sending = sendStream(line.sender, {open: () => makeStream({size: 48 * frameSize})});
	await writeControl(line.receiver.output, emptyState);
	const begin = await readMessage(line.receiver.input);
	t.is(begin.message.kind, 'start');
	let held = 0;
	const mostHeld: number[] = [];
	const tooMany: number[] = [];
	for (let number = 0; number < 48; number++) {
		const {bytes} = await readMessage(line.receiver.input);
		held += bytes.length;
		mostHeld.push(held);
		if (number === 47 || held < windowBytes - frameSize - 1000) {
			continue;
		}

		// Nothing more can be on its way.
		await new Promise(resolve => {
			setTimeout(resolve, 30);
		});
		tooMany.push(line.receiver.input.readableLength);
		held = 0;
		await writeControl(line.receiver.output, {kind: 'ack', frames: number + 1});
	}

	const end = await readMessage(line.receiver.input);
	t.is(end.message.kind, 'end');
	await writeControl(line.receiver.output, {kind: 'spooled', frames: 48});
	t.true(Math.max(...mostHeld) <= windowBytes);
	t.deepEqual(tooMany, [0, 0, 0]);
	t.is((await sending).wireBytes, line.wireBytes());
});

test('what is opened before the receiver has said what it has is closed, whoever goes', async t => {
	for (const goes of ['receiver', 'line'] as const) {
		const line = makeLine();
		takeChannel(line.receiver);
		const opened = Promise.withResolvers<void>();
		const closed = Promise.withResolvers<void>();
		const sending = sendStream(line.sender, {
			async * open() {
				opened.resolve();
				try {
					yield * makeStream({size: 4 * frameSize});
				} finally {
					closed.resolve();
				}
			},
		});
		sending.catch(() => {});
		await opened.promise;
		if (goes === 'receiver') {
			line.receiver.output.end();
		} else {
			// The state still comes, and nothing can be answered.
			line.sender.output.destroy();
			await writeControl(line.receiver.output, emptyState);
		}

		await t.throwsAsync(sending);
		await t.notThrowsAsync(closed.promise);
	}
});

test('a receiver that is slow holds the sender back', async t => {
	const line = makeLine();
	const folder = await spoolFolder(t);
	const gate = Promise.withResolvers<void>();
	const most = Promise.withResolvers<void>();
	const sending = sendStream(line.sender, {
		async * open() {
			let made = 0;
			for await (const piece of makeStream({size: 40 * frameSize})) {
				made += piece.length;
				if (made > 20 * frameSize) {
					most.reject(new Error('It was not held back'));
				}

				yield piece;
			}
		},
	});
	const receiving = receiveStream(line.receiver, {
		folder, expects, async check(stream) {
			for await (const _ of stream) {
				await gate.promise;
			}
		},
	});
	setTimeout(() => {
		most.resolve();
	}, 700);
	await t.notThrowsAsync(most.promise);
	most.promise.catch(() => {});
	gate.resolve();
	const [received] = await Promise.all([receiving, sending]);
	t.is(received.streamBytes, 40 * frameSize);
	await received.remove();
});

test('a limit holds', async t => {
	const line = makeLine();
	const folder = await spoolFolder(t);
	const before = performance.now();
	const sending = sendStream(line.sender, {open: () => makeStream({size: 300_000}), limit: 1_000_000});
	const [, received] = await Promise.all([sending, receiveStream(line.receiver, {folder, expects})]);
	t.true(performance.now() - before >= 190, 'no faster, however fast the machine is');
	await received.remove();
});

const raw = Buffer.from('frame');
const frame = (change: Partial<Parameters<typeof encodeDataHead>[0]> = {}) => {
	const chain = new Chain();
	const hash = sha256(raw);
	chain.add(hash, raw.length);
	const payload = change.payload ?? zlib.zstdCompressSync(raw);
	return Buffer.concat([
		encodeDataHead({
			number: 0, rawLength: raw.length, begins: true, hash, chain: chain.value, payload, ...change,
		}),
		payload,
	]);
};

const start = encodeControl({kind: 'start', frames: 0});
const hostileSenders: ReadonlyArray<readonly [string, readonly Buffer[], RegExp]> = [
	['text', [Buffer.from('Last login: Monday\n')], /text that begins with "Last log"/v],
	['no start', [frame()], /"data" where the start belongs/v],
	['a start from where nothing is', [encodeControl({kind: 'start', frames: 5})], /goes on from frame 5, where 0 are there/v],
	['another number', [start, frame({number: 1})], /frame 1 where frame 0 belongs/v],
	['another hash', [start, frame({hash: Buffer.alloc(32)})], /not what its hash says/v],
	['another chain', [start, frame({chain: Buffer.alloc(32)})], /does not go on/v],
	['what can\'t be decompressed', [start, frame({payload: raw})], /can't be decompressed/v],
	['what goes on from nothing', [start, frame({begins: false})], /goes on from one that is not there/v],
	['one after the last', [start, frame(), frame({number: 1})], /follows the last one/v],
	['an end too soon', [start, encodeControl({
		kind: 'end', frames: 1, streamBytes: 5, chain: noChain,
	})], /end of the stream does not agree/v],
	['the receiver\'s own words', [start, encodeControl({kind: 'ack', frames: 1})], /"ack" where a frame belongs/v],
	['an unknown message', [start, Buffer.from('ff00000002000000', 'hex')], /no message begins/v],
	['what is too long', [start, Buffer.from('c3000000ffffffff', 'hex')], /where 81 to/v],
];

for (const [what, bytes, message] of hostileSenders) {
	test(`a sender that sends ${what} is refused, and told so`, async t => {
		const line = makeLine();
		const folder = await spoolFolder(t);
		const receiving = receiveStream(line.receiver, {folder, expects});
		receiving.catch(() => {});
		await readMessage(line.sender.input);
		takeChannel(line.sender);
		line.sender.output.destroy();
		(line.receiver.input as unknown as NodeJS.WritableStream).write(Buffer.concat(bytes));
		const error = await t.throwsAsync(receiving, {name: 'CoppiceError', message});
		t.false(isLostConnection(error));
		let told = await readMessage(line.sender.input);
		while (told.message.kind === 'ack') {
			told = await readMessage(line.sender.input);
		}

		t.like(told.message, {kind: 'failure', message: error.message});
	});
}

const hostileReceivers: ReadonlyArray<readonly [string, readonly Buffer[], RegExp]> = [
	['text', [Buffer.from('Permission denied\n')], /text that begins with/v],
	['no state', [encodeControl({kind: 'ack', frames: 1})], /begins with a message "ack"/v],
	['more than was sent', [encodeControl(emptyState), encodeControl({kind: 'spooled', frames: 1000})], /has 1000 frames/v],
	['an acknowledgement of nothing', [encodeControl(emptyState), encodeControl({kind: 'ack', frames: 1000})], /acknowledges 1000 frames/v],
	['a frame', [encodeControl(emptyState), frame()], /"data" where none belongs/v],
];

for (const [what, bytes, message] of hostileReceivers) {
	test(`a receiver that sends ${what} gets nowhere`, async t => {
		const line = makeLine();
		const sending = sendStream(line.sender, {open: () => makeStream({size: frameSize})});
		sending.catch(() => {});
		await writeBytes(line.receiver.output, [Buffer.concat(bytes)]);
		await t.throwsAsync(sending, {name: 'CoppiceError', message});
	});
}

test('a receiver that says it has more than there is gets all of it', async t => {
	const line = makeLine();
	takeChannel(line.receiver);
	const sending = sendStream(line.sender, {open: () => makeStream({size: frameSize})});
	await writeControl(line.receiver.output, {...emptyState, frames: Number.MAX_SAFE_INTEGER});
	const {message} = await readMessage(line.receiver.input);
	t.like(message, {kind: 'start', frames: 0});
	line.cut();
	const lost = await t.throwsAsync(sending);
	t.true(isLostConnection(lost));
});

test('one at a time: a receiver that is alive stays, one whose line is silent gives way', async t => {
	const folder = await spoolFolder(t);
	const stream = {size: 3 * frameSize};
	const begin = (options: Partial<ReceiveOptions> = {}): {channel: Channel; cut: () => void; receiving: Promise<unknown>} => {
		const line = makeLine();
		const receiving = receiveStream(line.receiver, {folder, expects, ...options});
		receiving.catch(() => {});
		takeChannel(line.sender);
		return {channel: line.sender, cut: line.cut, receiving};
	};

	const silent = begin();
	await readMessage(silent.channel.input);
	const next = begin();
	await Promise.all([t.throwsAsync(silent.receiving, {message: /taken this transfer over/v}), readMessage(next.channel.input)]);
	const alive = setInterval(() => {
		next.channel.output.write(start.subarray(0, 1));
	}, 100);
	const third = begin();
	const error = await t.throwsAsync(third.receiving, {message: /received by another process right now/v});
	t.is((error as CoppiceError).code, 'conflict');
	clearInterval(alive);
	next.cut();
	await t.throwsAsync(next.receiving);
	const line = makeLine();
	const [, received] = await Promise.all([sendStream(line.sender, {open: () => makeStream(stream)}), receiveStream(line.receiver, {folder, expects})]);
	await received.remove();
});
