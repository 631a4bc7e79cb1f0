/**
What answers as it should not: another version, another program, or nobody any more.
*/
import {mkdtemp, rm} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {transferProtocol} from '../../source/transfer/channel.ts';
import {findHome} from '../../source/host/home.ts';
import {openHost} from '../../source/host/open-host.ts';
import {CoppiceError} from '../../source/system/errors.ts';

const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-tiny-'));
process.env.COPPICE_ENTRY = path.join(import.meta.dirname, 'fixtures/tiny-agent.mjs');
process.env.COPPICE_HOME = folder;

test.after.always(async () => {
	await rm(folder, {recursive: true, force: true});
});

type Ways = {readonly hello?: object; readonly chatter?: string};

/** What a host that behaves so makes of one question. Files of tests have an environment of their own, and these tests take turns. */
const ask = async (ways: Ways, stack: string, signal?: AbortSignal): Promise<CoppiceError> => {
	process.env.TINY_AGENT = JSON.stringify(ways);
	const host = openHost({name: 'tiny', kind: 'pool', address: '/pool'}, {home: findHome(), version: '0.1.0'});
	try {
		await host.call('stack', {stack}, {signal});
	} catch (error) {
		if (error instanceof CoppiceError) {
			return error;
		}

		throw error;
	} finally {
		await host.close();
	}

	throw new Error('it was answered');
};

test.serial('an error of the other side, without what could drive a terminal', async t => {
	const error = await ask({}, 'shop');
	t.is(error.code, 'not-found');
	t.is(error.message, 'There is no stack [31mshop.');
	t.is(error.hint, 'Look at the list.');
	t.deepEqual(error.context, {stack: 'shop', host: 'tiny'});
});

test.serial('nor is it driven by what is no answer at all', async t => {
	const answers = [
		await ask({}, 'no-json'), await ask({}, 'keys'), await ask({chatter: 'Content-\u{9B}2J\u{1B}[31m\n'}, 'shop'), await ask({hello: {protocol: 99, version: '9\u{9B}2J'}}, 'shop'),
	];
	for (const {code, message} of answers) {
		t.is(code, 'host');
		t.notRegex(message, /\p{Control}/v);
		t.true(message.length < 600, message);
	}
});

test.serial('peers of another protocol are told apart, and which side is to be updated', async t => {
	const newer = await ask({hello: {protocol: 99, version: '9.0.0', more: true}}, 'shop');
	t.is(newer.code, 'host');
	t.regex(newer.message, /This Coppice \(0\.1\.0\) is older than that on tiny \(9\.0\.0\)/v);
	const older = await ask({hello: {protocol: 0, version: '0.0.1'}}, 'shop');
	t.regex(older.message, /The Coppice on tiny \(0\.0\.1\) is older than this one/v);
	const strange = await ask({hello: {protocol: 'one'}}, 'shop');
	t.regex(strange.message, /no engine of Coppice/v);
});

test.serial('text at login, too much, and what is not in the protocol', async t => {
	t.regex((await ask({chatter: 'Welcome!\n'}, 'shop')).message, /no message of Coppice: .*"Welcome!/v);
	t.regex((await ask({}, 'huge')).message, /999999999 bytes/v);
	t.regex((await ask({hello: {hostName: 5}}, 'shop')).message, /answered hello with something that this engine can't read/v);
});

test.serial('an engine that ends in the middle of it, and one that says nothing', async t => {
	const died = await ask({}, 'dies');
	t.is(died.code, 'host');
	t.is(died.message, 'The engine on tiny ended with exit code 3 in the middle of its work.');
	t.is((await ask({}, 'silent', AbortSignal.timeout(500))).code, 'interrupted');
});

test.serial('a channel carries the request first, and then bytes both ways', async t => {
	process.env.TINY_AGENT = '{}';
	const host = openHost({name: 'tiny', kind: 'pool', address: '/pool'}, {home: findHome(), version: '0.1.0'});
	const request = {
		protocol: transferProtocol, stack: 'shop', volume: 'db', snapshot: 'x', branch: 'main',
	} as const;
	const channel = await host.openChannel('send', request);
	const bytes = new Uint8Array(300_000).fill(7);
	channel.output.end(bytes);
	const back = await channel.input.toArray() as Uint8Array[];
	const line = `${JSON.stringify(request)}\n`;
	t.is(back.reduce((sum, chunk) => sum + chunk.length, 0), line.length + bytes.length);
	t.true(new TextDecoder().decode(back[0]).startsWith(line));
	await channel.close();
	await host.close();
});
