/**
A disk whose syncs come through late, on a line that is slower still. The sync is the real one, held up by the test, since no disk here is that slow.
*/
import fs from 'node:fs/promises';
import {Writable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {frameSize} from '../../source/transfer/codec.ts';
import {receiveStream} from '../../source/transfer/receive-stream.ts';
import {sendStream} from '../../source/transfer/send-stream.ts';
import {makeLine} from './lines.ts';
import {digest, makeStream} from './made-stream.ts';
import {spoolFolder} from './spool-folder.ts';

const holdUpSyncs = async (milliseconds: number): Promise<() => void> => {
	const handle = await fs.open('/dev/null');
	const shared = Object.getPrototypeOf(handle) as fs.FileHandle;
	await handle.close();
	const {datasync} = shared;
	shared.datasync = async function (this: fs.FileHandle) {
		await delay(milliseconds);
		return datasync.call(this);
	};

	return () => {
		shared.datasync = datasync;
	};
};

test('a sync that ends after the stream does not take back that all of it is there', async t => {
	t.teardown(await holdUpSyncs(100));
	const line = makeLine();
	const stream = {size: 3 * frameSize};
	const slowly = new Writable({
		async write(chunk: Uint8Array, _encoding, callback) {
			await delay(200);
			line.receiver.output.write(chunk, callback);
		},
	});
	const [, received] = await Promise.all([
		sendStream(line.sender, {open: () => makeStream(stream)}),
		receiveStream({input: line.receiver.input, output: slowly}, {folder: await spoolFolder(t), expects: {snapshot: 'a'}}),
	]);
	t.is(received.streamBytes, stream.size);
	t.is(await digest(received.open()), await digest(makeStream(stream)));
	await received.remove();
});
