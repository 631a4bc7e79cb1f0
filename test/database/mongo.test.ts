/**
MongoDB without a server: there is none in Debian's packages. A server that speaks the documented protocol stands in for it.
*/
import {Buffer} from 'node:buffer';
import {once} from 'node:events';
import {createServer} from 'node:net';
import {
	mkdir,
	mkdtemp,
	readdir,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {CoppiceError} from '../../source/system/errors.ts';
import type {DatabaseTarget} from '../../source/database/database.ts';
import {mongo} from '../../source/database/mongo.ts';
import {decodeDocument, encodeDocument} from '../../source/database/mongo-hello.ts';
import {makeService} from './service.ts';

type Values = Readonly<Record<string, number | string | boolean>>;

type Command = ReadonlyMap<string, unknown>;

/** Answers each command in two pieces, and notes it. */
const serve = async (t: ExecutionContext, answer: (command: Command) => Values): Promise<{target: DatabaseTarget; commands: Command[]}> => {
	const commands: Command[] = [];
	const server = createServer(socket => {
		socket.on('error', () => undefined);
		socket.on('data', (data: Buffer) => {
			const command = decodeDocument(data.subarray(21));
			commands.push(command);
			const document = encodeDocument(answer(command));
			const header = Buffer.alloc(21);
			header.writeInt32LE(21 + document.length, 0);
			header.writeInt32LE(2013, 12);
			const message = Buffer.concat([header, document]);
			socket.write(message.subarray(0, 10));
			setImmediate(() => {
				socket.write(message.subarray(10));
			});
		});
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => server.close());
	const address = server.address();
	const port = typeof address === 'object' && address !== null ? address.port : 0;
	return {target: {service: makeService({image: 'mongo:7'}), endpoint: {host: '127.0.0.1', port}}, commands};
};

test('mongo: ready once it takes reads', async t => {
	const primary = await serve(t, () => ({isWritablePrimary: true, ok: 1}));
	t.deepEqual(await mongo.probe(primary.target, {timeoutMilliseconds: 30_000}), {ready: true});
	t.is(primary.commands[0]?.get('hello'), 1);
	t.is(primary.commands[0]?.get('$db'), 'admin');

	const secondary = await serve(t, () => ({isWritablePrimary: false, secondary: true, ok: 1}));
	t.deepEqual(await mongo.probe(secondary.target, {timeoutMilliseconds: 30_000}), {ready: true});

	const electing = await serve(t, () => ({isWritablePrimary: false, secondary: false, ok: 1}));
	t.like(await mongo.probe(electing.target), {ready: false, kind: 'starting'});

	const failing = await serve(t, () => ({ok: 0, errmsg: 'not yet'}));
	t.like(await mongo.probe(failing.target), {ready: false, reason: 'not yet'});
});

test('mongo: a stranger, or nobody, is not ready', async t => {
	const server = createServer(socket => {
		socket.on('error', () => undefined);
		socket.resume();
		socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	const port = typeof address === 'object' && address !== null ? address.port : 0;
	const target = {service: makeService(), endpoint: {host: '127.0.0.1', port}};
	t.like(await mongo.probe(target), {ready: false, kind: 'failed'});
	server.close();
	await once(server, 'close');
	t.like(await mongo.probe(target), {ready: false, kind: 'absent'});
});

test('mongo: a checkpoint is asked of a server without a password only', async t => {
	const {target, commands} = await serve(t, () => ({ok: 1}));
	await mongo.checkpoint(target);
	t.is(commands[0]?.get('fsync'), 1);
	const secured = {...target, service: makeService({environment: {MONGO_INITDB_ROOT_USERNAME: 'root', MONGO_INITDB_ROOT_PASSWORD: 'pw'}})};
	await t.throwsAsync(mongo.checkpoint(secured), {instanceOf: CoppiceError, message: /needs a driver/v});
	const refused = await serve(t, () => ({ok: 0, errmsg: 'command fsync requires authentication'}));
	await t.throwsAsync(mongo.checkpoint(refused.target), {instanceOf: CoppiceError, message: /requires authentication/v});
});

test('mongo: the lock is removed from a clone, the journal kept', async t => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-mongo-'));
	t.teardown(async () => rm(folder, {recursive: true}));
	await mkdir(path.join(folder, 'journal'));
	await Promise.all(['WiredTiger', 'WiredTiger.wt', 'WiredTiger.lock', 'storage.bson', 'mongod.lock'].map(async name => writeFile(path.join(folder, name), 'x')));
	t.true(await mongo.matchesData(folder));
	await mongo.prepareClone(folder);
	t.deepEqual((await readdir(folder)).toSorted(), ['WiredTiger', 'WiredTiger.lock', 'WiredTiger.wt', 'journal', 'storage.bson']);
});

test('property: a document of plain values is read as it was written', t => {
	const values = fc.dictionary(
		fc.string({unit: fc.constantFrom('a', 'b', '$', '_'), minLength: 1}),
		fc.oneof(fc.integer(), fc.boolean(), fc.string({unit: 'grapheme'}).filter(text => !text.includes('\0'))),
	);
	fc.assert(fc.property(values, document => {
		t.deepEqual(Object.fromEntries(decodeDocument(encodeDocument(document))), {...document});
	}));
});

test('values that are not asked for are passed over', t => {
	const part = (type: number, name: string, ...bytes: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`), ...bytes]);
	const double = Buffer.alloc(8);
	double.writeDoubleLE(1);
	const body = Buffer.concat([
		part(0x03, 'document', encodeDocument({ok: 7})),
		part(0x04, 'list', encodeDocument({0: 1})),
		part(0x05, 'binary', Buffer.from([2, 0, 0, 0, 0, 1, 2])),
		part(0x07, 'id', Buffer.alloc(12)),
		part(0x09, 'date', Buffer.alloc(8)),
		part(0x11, 'timestamp', Buffer.alloc(8)),
		part(0x12, 'long', Buffer.alloc(8)),
		part(0x0A, 'null'),
		part(0x01, 'ok', double),
	]);
	const length = Buffer.alloc(4);
	length.writeInt32LE(body.length + 5);
	t.deepEqual(Object.fromEntries(decodeDocument(Buffer.concat([length, body, Buffer.from([0])]))), {ok: 1});
});
