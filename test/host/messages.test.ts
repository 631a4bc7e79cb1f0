import {Buffer} from 'node:buffer';
import test from 'ava';
import fc from 'fast-check';
import {fromRpcError, plainText, toRpcError} from '../../source/host/agent-errors.ts';
import {joinHeads} from '../../source/host/join-heads.ts';
import {MessageBounds} from '../../source/host/message-bounds.ts';
import {CoppiceError} from '../../source/system/errors.ts';

const message = (body: string): Buffer => Buffer.from(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);

test('messages within bounds pass, wherever they are cut', t => {
	t.notThrows(() => {
		fc.assert(fc.property(fc.array(fc.string({unit: 'grapheme', maxLength: 200}), {maxLength: 8}), fc.array(fc.integer({min: 1, max: 40})), (bodies, cuts) => {
			const bytes = Buffer.concat(bodies.map(body => message(body)));
			const bounds = new MessageBounds(1000);
			let at = 0;
			for (const cut of [...cuts, bytes.length]) {
				bounds.push(bytes.subarray(at, at + cut));
				at += cut;
			}
		}));
	});
});

test('what is no message is refused at once, and what is too large before it comes', t => {
	const bad = [
		'Welcome to staging!\n',
		'Content-Length: 1001\r\n\r\n',
		'Content-Length: -1\r\n\r\n',
		'Content-Length: 1e3\r\n\r\n',
		'Content-Length: 1\r\nContent-Length: 2\r\n\r\n',
		'Content-Type: x\r\n\r\n',
		'Content-Length: 1\r\nX-Other: 2\r\n\r\n',
		`Content-Type: ${'x'.repeat(2000)}`,
	];
	for (const text of bad) {
		t.throws(() => {
			new MessageBounds(1000).push(Buffer.from(text));
		}, {instanceOf: CoppiceError, code: 'host'}, text.slice(0, 40));
		t.throws(() => {
			const bounds = new MessageBounds(1000);
			for (const byte of Buffer.from(text)) {
				bounds.push(Buffer.from([byte]));
			}
		}, {code: 'host'}, text.slice(0, 40));
	}

	const after = new MessageBounds(1000);
	after.push(message('{}'));
	t.throws(() => {
		after.push(Buffer.from('\nlast login'));
	}, {code: 'host'});
});

test('a head goes out together with its body, and all else as it is', async t => {
	const joined = joinHeads();
	const chunks: string[] = [];
	joined.on('data', (chunk: Uint8Array) => {
		chunks.push(Buffer.from(chunk).toString());
	});
	for (const text of ['Content-Length: 2\r\n\r\n', '{}', 'more', 'Content-Length: 20\r\n\r\n', 'Content-Length: 2\r\n\r\n', 'Content-Length: 3\r\n\r\n']) {
		joined.write(text);
	}

	joined.end();
	await joined.toArray().catch(() => []);
	t.deepEqual(chunks, ['Content-Length: 2\r\n\r\n{}', 'more', 'Content-Length: 20\r\n\r\nContent-Length: 2\r\n\r\n', 'Content-Length: 3\r\n\r\n']);
});

test('errors come across as they are, with the host that they are from', t => {
	const error = new CoppiceError('conflict', 'The branch main has moved.', {
		stack: 'shop', volume: 'db', command: ['git', 'push'], stderr: 'no', hint: 'Fetch first.',
	});
	const {message: text, data} = toRpcError(error);
	const line = JSON.stringify(data);
	const sent: unknown = JSON.parse(line);
	const read = fromRpcError({message: text, data: sent}, 'staging');
	t.is(read.code, 'conflict');
	t.is(read.message, error.message);
	t.is(read.hint, 'Fetch first.');
	t.deepEqual(read.context, {...error.context, host: 'staging'});

	const bug = toRpcError(new TypeError('x is not a function'));
	t.is(bug.data.code, 'failed');
	t.regex(bug.message, /x is not a function/v);
});

test('errors of a hostile host are bounded and plain', t => {
	const read = fromRpcError({
		message: `\u{1B}[2J\u{9B}31mgone\u{202E}${'x'.repeat(100_000)}`, data: {code: 'no such code', hint: 5, context: {host: 'other', file: '\u{1B}]0;x\u{7}', nonsense: {}}},
	}, 'staging');
	t.is(read.code, 'failed');
	t.true(read.message.length < 3000);
	t.regex(read.message, /^\[2J31mgone/v);
	t.is(read.context.host, 'staging');
	t.is(fromRpcError({message: 'x', data: {code: 'nonsense', context: {host: 'other', file: 'a\u{1B}b'}}}, 'staging').context.file, 'ab');
	t.is(plainText('a\tb\nc'), 'a\tb\nc');
});
