/**
A receiver whose disk is full: it says so on both sides, keeps what it has, and goes on when there is room.
*/
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {runCommand} from '../../source/system/run-command.ts';
import {frameSize} from '../../source/transfer/codec.ts';
import {receiveStream} from '../../source/transfer/receive-stream.ts';
import {sendStream} from '../../source/transfer/send-stream.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {makeLine} from './lines.ts';
import {digest, makeStream} from './made-stream.ts';

const title = 'a full disk is said, and the next try goes on';

if (process.getuid?.() === 0) {
	test(title, async t => {
		const disk = await fs.mkdtemp(path.join(os.tmpdir(), 'coppice-full-'));
		await runCommand(['mount', '-t', 'tmpfs', '-o', 'size=5m', 'tmpfs', disk]);
		t.teardown(async () => {
			await runCommand(['umount', disk]);
			await fs.rm(disk, {recursive: true});
		});
		const stream = {size: 20 * frameSize};
		const receive = {folder: path.join(disk, 'incoming', 'one'), expects: {snapshot: 'a'}};
		const line = makeLine();
		const [sent, received] = await Promise.allSettled([sendStream(line.sender, {open: () => makeStream(stream)}), receiveStream(line.receiver, receive)]);
		for (const side of [sent, received]) {
			t.like(side, {status: 'rejected'});
			t.regex(String((side as PromiseRejectedResult).reason), /There is no room/v);
		}

		await runCommand(['mount', '-o', 'remount,size=40m', disk]);
		const again = makeLine();
		const [, whole] = await Promise.all([sendStream(again.sender, {open: () => makeStream(stream)}), receiveStream(again.receiver, receive)]);
		t.true(whole.resumedBytes > frameSize && whole.resumedBytes % frameSize === 0);
		t.is(await digest(whole.open()), await digest(makeStream(stream)));
		await whole.remove();
	});

	test('where room can be made, it is, and nothing has to be sent again', async t => {
		const disk = await fs.mkdtemp(path.join(os.tmpdir(), 'coppice-growing-'));
		await runCommand(['mount', '-t', 'tmpfs', '-o', 'size=5m', 'tmpfs', disk]);
		t.teardown(async () => {
			await runCommand(['umount', disk]);
			await fs.rm(disk, {recursive: true});
		});
		const stream = {size: 20 * frameSize};
		const line = makeLine();
		const [, received] = await Promise.all([sendStream(line.sender, {open: () => makeStream(stream)}), receiveStream(line.receiver, {
			folder: path.join(disk, 'incoming', 'one'),
			expects: {snapshot: 'a'},
			async makeRoom() {
				await runCommand(['mount', '-o', 'remount,size=40m', disk]);
			},
		})]);
		t.is(await digest(received.open()), await digest(makeStream(stream)));
		await received.remove();
	});
} else {
	skipAloud(title, 'only root may mount a small disk');
}
