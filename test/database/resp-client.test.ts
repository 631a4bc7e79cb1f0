import {Buffer} from 'node:buffer';
import fc from 'fast-check';
import test from 'ava';
import {
	decodeReply,
	encodeCommand,
	RedisError,
	UnexpectedReply,
} from '../../source/database/resp-client.ts';

test('property: a command is an array that is read as it was written, once it is whole', t => {
	fc.assert(fc.property(fc.array(fc.string({unit: 'grapheme'}), {minLength: 1}), fc.nat(), (words, cut) => {
		const bytes = encodeCommand(words);
		t.deepEqual(decodeReply(bytes), {reply: words, end: bytes.length});
		t.is(decodeReply(bytes.subarray(0, cut % bytes.length)), undefined);
	}));
});

test('replies of all kinds', t => {
	const read = (text: string) => decodeReply(Buffer.from(text))?.reply;
	t.is(read('+PONG\r\n'), 'PONG');
	t.is(read(':42\r\n'), 42);
	t.is(read('$-1\r\n'), undefined);
	t.deepEqual(read('*2\r\n$4\r\nsave\r\n$0\r\n\r\n'), ['save', '']);
	const error = read('-WRONGPASS invalid username-password pair\r\n');
	t.true(error instanceof RedisError && error.kind === 'WRONGPASS');
});

test('property: bytes of strangers give an answer or an error, and end', t => {
	const read = (bytes: Uint8Array): number | Error => {
		try {
			return decodeReply(Buffer.from(bytes))?.end ?? 0;
		} catch (error) {
			return error as Error;
		}
	};

	fc.assert(fc.property(fc.uint8Array({maxLength: 40}), bytes => {
		const result = read(bytes);
		t.true(result instanceof UnexpectedReply || (typeof result === 'number' && result <= bytes.length));
	}));
	t.throws(() => decodeReply(Buffer.from('HTTP/1.1 400\r\n')), {instanceOf: UnexpectedReply});
	t.throws(() => decodeReply(Buffer.from('$99999999999\r\n')), {instanceOf: UnexpectedReply});
});
