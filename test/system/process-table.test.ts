/**
Whether a process is there, by what it left behind: the very one, not a later one of its number.
*/
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import process from 'node:process';
import test from 'ava';
import {
	bootId,
	identify,
	isAlive,
	isMarkAlive,
	processMark,
} from '../../source/system/process-table.ts';

test('a mark is alive as long as the process that left it, whatever follows it', t => {
	const mark = processMark();
	t.regex(mark, /^\d+-\d+-[\da-f]{8}$/v);
	t.is(processMark(), mark);
	t.true(isMarkAlive(mark));
	t.true(isMarkAlive(`${mark}-abc`));
});

test('a mark of another start, of another boot, or of nobody is not alive', t => {
	const [processId, startTime, boot] = processMark().split('-') as [string, string, string];
	t.is(boot, bootId().slice(0, 8));
	t.false(isMarkAlive(`${processId}-${Number(startTime) + 1}-${boot}`));
	t.false(isMarkAlive(`${processId}-${startTime}-00000000`));
	t.false(isMarkAlive(`${processId}-${startTime}`));
	t.false(isMarkAlive(`999999999-${startTime}-${boot}`));
	t.false(isMarkAlive('nonsense'));
	t.false(isMarkAlive(''));
});

test('a process that ended is not alive', async t => {
	const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {stdio: ['pipe', 'ignore', 'ignore']});
	await once(child, 'spawn');
	const identity = identify(child.pid!)!;
	t.true(isAlive(identity));
	t.false(isAlive({...identity, startTime: identity.startTime + 1}));
	child.stdin.end();
	await once(child, 'exit');
	t.false(isAlive(identity));
});
