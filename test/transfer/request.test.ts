/**
The first line of a channel: hostile until it is read.
*/
import {Buffer} from 'node:buffer';
import {PassThrough} from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import {transferProtocol, type Channel, type TransferRequest} from '../../source/transfer/channel.ts';
import {isLostConnection} from '../../source/transfer/failure.ts';
import {readRequest, writeRequest} from '../../source/transfer/request.ts';

const request: TransferRequest = {
	protocol: transferProtocol,
	stack: 'shop',
	volume: 'pg-data',
	snapshot: '11111111-1111-4111-8111-111111111111',
	base: '22222222-2222-4222-8222-222222222222',
	branch: 'feature/login',
	limit: 5_000_000,
};

const channelOf = (...chunks: readonly Uint8Array[]): Channel => {
	const input = new PassThrough();
	for (const chunk of chunks) {
		input.write(chunk);
	}

	input.end();
	return {input, output: new PassThrough()};
};

test('it is read as it was written, wherever it is cut, and what follows stays', async t => {
	const written = new PassThrough();
	await writeRequest({input: new PassThrough(), output: written}, request);
	const bytes = Buffer.concat([written.read() as Buffer, Buffer.from('what follows\n')]);
	await fc.assert(fc.asyncProperty(fc.nat({max: bytes.length}), fc.nat({max: bytes.length}), async (one, other) => {
		const [first, second] = [Math.min(one, other), Math.max(one, other)];
		const channel = channelOf(bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second));
		t.deepEqual(await readRequest(channel), request);
		const rest = await channel.input.toArray() as Buffer[];
		t.is(Buffer.concat(rest).toString(), 'what follows\n');
	}));
});

test('what is no request is refused', async t => {
	const {base: _, limit: _1, ...full} = request;
	t.deepEqual(await readRequest(channelOf(Buffer.from(`${JSON.stringify(full)}\n`))), full);
	for (const [change, message] of [
		[{stack: '../etc'}, /"stack": is not the name/v],
		[{volume: 'a/b'}, /"volume"/v],
		[{snapshot: '../../x'}, /"snapshot"/v],
		[{base: 'not-an-id'}, /"base"/v],
		[{branch: '-x'}, /"branch"/v],
		[{limit: 0}, /"limit"/v],
		[{limit: 1e300}, /"limit"/v],
		[{command: 'rm'}, /refused/v],
	] as const) {
		await t.throwsAsync(readRequest(channelOf(Buffer.from(`${JSON.stringify({...request, ...change})}\n`))), {name: 'CoppiceError', message});
	}

	await t.throwsAsync(readRequest(channelOf(Buffer.from('hello\n'))), {message: /no JSON/v});
	await t.throwsAsync(readRequest(channelOf(Buffer.from('null\n'))), {message: /refused/v});
	await t.throwsAsync(readRequest(channelOf(Buffer.from(`{"protocol":${transferProtocol + 1},"of":"later"}\n`))), {message: new RegExp(`version ${transferProtocol + 1}`, 'v')});
	await t.throwsAsync(readRequest(channelOf(Buffer.alloc(200_000, 'x'))), {message: /longer than/v});
	const lost = await t.throwsAsync(readRequest(channelOf(Buffer.from('{"protocol":1'))));
	t.true(isLostConnection(lost));
});
