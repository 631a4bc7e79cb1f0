/**
Streams made to do harm: each is refused, with the reason, before anything is written.
*/
import {Buffer} from 'node:buffer';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {applyFile} from '../../source/actions/stream/apply.ts';
import {checkParts, type CheckOptions, StreamChecker} from '../../source/stream/check-stream.ts';
import type {StreamCommand} from '../../source/stream/commands.ts';
import {decodeParts} from '../../source/stream/decode-stream.ts';
import {CoppiceError} from '../../source/system/errors.ts';
import {
	fullStream,
	hostileStreams,
	mkdir,
	mkfile,
} from './hostile-corpus.ts';
import {treeFacts} from './tree-facts.ts';

const [own, base, foreign] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222', '33333333-3333-4333-8333-333333333333'];
const corpus = hostileStreams({own, base, foreign});

const source = async function * (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
	yield bytes;
};

test('the corpus is large enough to mean something', t => {
	t.true(corpus.length >= 48);
	t.is(new Set(corpus.map(({what}) => what)).size, corpus.length);
});

for (const {what, stream, says, options, isIncrement = false} of corpus) {
	test(`refused: ${what}`, async t => {
		const root = await fs.mkdtemp(path.join(os.tmpdir(), 'coppice-hostile-'));
		try {
			const [outside, pool] = [path.join(root, 'outside'), path.join(root, 'pool')];
			await fs.mkdir(outside);
			await fs.mkdir(path.join(pool, 'base/folder'), {recursive: true});
			await fs.writeFile(path.join(outside, 'secret'), 'secret');
			await fs.writeFile(path.join(pool, 'base/file'), 'file');
			await fs.writeFile(path.join(pool, 'base/folder/inside'), 'inside');
			await fs.symlink(outside, path.join(pool, 'base/link'));
			await fs.writeFile(path.join(root, 'stream'), stream);
			const before = treeFacts(root);
			if (options === undefined || options.expects !== undefined) {
				const error = await t.throwsAsync(applyFile({
					input: path.join(root, 'stream'), destination: path.join(pool, 'made'), onto: isIncrement ? path.join(pool, 'base') : undefined, report() {},
				}), {instanceOf: CoppiceError, code: 'failed'});
				t.regex(error.message, says);
			} else {
				const checker = new StreamChecker(options);
				const passed: string[] = [];
				const error = await t.throwsAsync(async () => {
					for await (const {command} of checkParts(decodeParts(source(stream)), checker)) {
						passed.push(command.type);
					}
				}, {instanceOf: CoppiceError, code: 'failed'});
				t.regex(error.message, says);
				t.false(passed.includes('end'));
			}

			// The folder in which the staging folder came and went has another time.
			const withoutTimes = (lines: readonly string[]) => lines.map(line => line.startsWith('"pool" ') ? '"pool"' : line);
			t.deepEqual(withoutTimes(treeFacts(root)), withoutTimes(before));
		} finally {
			await fs.rm(root, {recursive: true});
		}
	});
}

test('what gives rights is left out and counted, unless it is to be kept', async t => {
	const stream = fullStream(
		own,
		mkfile('a'),
		{type: 'chmod', path: 'a', mode: 0o6755},
		mkdir('d'),
		{type: 'chmod', path: 'd', mode: 0o2770},
		{
			type: 'set_xattr', path: 'a', xattrName: 'security.capability', xattrData: Buffer.alloc(20),
		},
		{
			type: 'set_xattr', path: 'a', xattrName: 'user.fine', xattrData: Buffer.from('1'),
		},
	);
	const judge = async (options: CheckOptions) => {
		const checker = new StreamChecker(options);
		const passed: StreamCommand[] = [];
		for await (const {command} of checkParts(decodeParts(source(stream)), checker)) {
			if (command.type !== 'header') {
				passed.push(command);
			}
		}

		return {passed, leftOut: checker.leftOut};
	};

	const usual = await judge({});
	t.deepEqual(usual.passed.filter(({type}) => type === 'chmod').map(command => 'mode' in command && command.mode), [0o755, 0o2770]);
	t.is(usual.passed.filter(({type}) => type === 'set_xattr').length, 1);
	t.deepEqual(usual.leftOut.map(({path: where, count}) => [where, count]), [['a', 1], ['a', 1]]);
	const kept = await judge({privileges: 'keep'});
	t.is(kept.passed.length, usual.passed.length + 1);
	t.deepEqual(kept.leftOut, []);
});
