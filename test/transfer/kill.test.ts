/**
Either side killed with SIGKILL, at every place that has a name: the next try goes on, and what arrives is the same to the byte.
*/
import {Buffer} from 'node:buffer';
import {spawn} from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {text} from 'node:stream/consumers';
import test from 'ava';
import {build} from 'esbuild';
import {nodeFlags} from '../../source/system/node-flags.ts';
import {frameSize} from '../../source/transfer/codec.ts';
import {isLostConnection} from '../../source/transfer/failure.ts';
import {receiveStream} from '../../source/transfer/receive-stream.ts';
import {sendStream} from '../../source/transfer/send-stream.ts';
import {isSoak} from '../fixtures/soak.ts';
import {digest, makeStream} from './made-stream.ts';
import type {PeerOptions} from './peer.ts';
import {spoolFolder} from './spool-folder.ts';

const stream = {size: (4 * frameSize) + 1000, seed: 11};
const expects = {snapshot: 'a'};

let bundle = '';
let folder = '';

// As it is shipped, in one file: it starts sooner, and needs less memory than the sources with what makes JavaScript of them.
test.before(async () => {
	folder = await fs.mkdtemp(path.join(os.tmpdir(), 'coppice-peer-'));
	bundle = path.join(folder, 'peer.mjs');
	await build({
		entryPoints: [path.join(import.meta.dirname, 'peer.ts')],
		bundle: true,
		platform: 'node',
		format: 'esm',
		outfile: bundle,
		logLevel: 'error',
		banner: {js: 'import {createRequire} from \'node:module\'; const require = createRequire(import.meta.url);'},
	});
});

test.after.always(async () => {
	await fs.rm(folder, {recursive: true, force: true});
});

const start = (role: 'send' | 'receive', options: PeerOptions, failpoint?: string) => {
	const child = spawn(process.execPath, [...nodeFlags, bundle, role, JSON.stringify(options)], {
		stdio: 'pipe', env: {...process.env, ...(failpoint !== undefined && {COPPICE_FAILPOINT: failpoint})},
	});
	const ended = new Promise<NodeJS.Signals | number | null>(resolve => {
		child.on('exit', (code, signal) => {
			resolve(signal ?? code);
		});
	});
	return {
		child, channel: {input: child.stdout, output: child.stdin}, ended, said: text(child.stderr),
	};
};

const receivingPlaces = ['transfer.spool.request', 'transfer.receive.state', 'transfer.spool.appended', 'transfer.spool.synced', 'transfer.receive.end'];

for (const place of [...receivingPlaces, 'transfer.spool.frames-removed']) {
	test(`a receiver killed at ${place}`, async t => {
		const options = {folder: await spoolFolder(t), applies: true};
		const killed = start('receive', options, place);
		const sending = sendStream(killed.channel, {open: () => makeStream(stream)});
		const [sent] = await Promise.allSettled([sending]);
		t.is(sent.status === 'rejected' && isLostConnection(sent.reason), place !== 'transfer.spool.frames-removed');
		t.is(await killed.ended, 'SIGKILL');
		const next = start('receive', {...options, applies: false});
		await sendStream(next.channel, {open: () => makeStream(stream)});
		t.is(await next.ended, 0);

		// What is there is all of it: a third has nothing to send.
		const last = start('send', {stream});
		const received = await receiveStream(last.channel, {folder: options.folder, expects});
		t.is(await digest(received.open()), await digest(makeStream(stream)));
		t.is(received.resumedBytes, stream.size);
		await received.remove();
		t.is(await last.ended, 0);
	});
}

for (const place of ['transfer.spool.discarded', 'transfer.spool.emptied']) {
	test(`a receiver killed at ${place}, where what was there is of no use`, async t => {
		const options = {folder: await spoolFolder(t)};
		const former = start('receive', {...options, ...(place === 'transfer.spool.discarded' && {base: 'other'})});
		await sendStream(former.channel, {
			open: () => (async function * () {
			// Far more than can be on its way, so some of it has arrived.
				yield * makeStream({size: 12 * frameSize, seed: 12});
				former.child.kill('SIGKILL');
				await former.ended;
				yield Buffer.alloc(1);
			})(),
		}).catch(() => {});
		const killed = start('receive', options, place);
		await t.throwsAsync(sendStream(killed.channel, {open: () => makeStream(stream)}));
		t.is(await killed.ended, 'SIGKILL');
		const next = start('send', {stream});
		const received = await receiveStream(next.channel, {folder: options.folder, expects});
		t.is(await digest(received.open()), await digest(makeStream(stream)));
		t.is(received.resumedBytes, 0);
		await received.remove();
	});
}

for (const [place, resumedBytes] of [['transfer.send.start', 0], ['transfer.send.frame', frameSize], ['transfer.send.end', stream.size]] as const) {
	test(`a sender killed at ${place}`, async t => {
		const spool = await spoolFolder(t);
		const killed = start('send', {stream}, place);
		const error = await receiveStream(killed.channel, {folder: spool, expects}).then(async received => received.close()).catch((error_: unknown) => error_);
		t.true(place === 'transfer.send.end' || isLostConnection(error));
		t.is(await killed.ended, 'SIGKILL');
		const next = start('send', {stream});
		const received = await receiveStream(next.channel, {folder: spool, expects});
		t.is(await digest(received.open()), await digest(makeStream(stream)));
		t.is(received.resumedBytes, resumedBytes);
		await received.remove();
	});
}

test(`neither side needs more than 150 MB for a stream of ${isSoak ? '2 GiB' : 'half a GiB'}`, async t => {
	const large = {size: (2 ** (isSoak ? 31 : 29)) + 1, seed: 13, noise: 0.1};
	const sender = start('send', {stream: large});
	const receiver = start('receive', {folder: await spoolFolder(t)});
	sender.child.stdout.pipe(receiver.child.stdin);
	receiver.child.stdout.pipe(sender.child.stdin);
	t.deepEqual(await Promise.all([sender.ended, receiver.ended]), [0, 0]);
	const [sent, received] = await Promise.all([sender, receiver].map(async ({said}) => (JSON.parse(await said) as {peak: number}).peak));
	t.log(`sender ${Math.round(sent! / 1e6)} MB, receiver ${Math.round(received! / 1e6)} MB`);
	t.true(sent! < 150e6, `the sender needed ${sent}`);
	t.true(received! < 150e6, `the receiver needed ${received}`);
});
