import {spawn} from 'node:child_process';
import process from 'node:process';
import test from 'ava';
import {readUsage, usageBetween, type UsageCounters} from '../../source/runtime/service-usage.ts';

const counters = (change: Partial<UsageCounters>): UsageCounters => ({
	at: 1000, cpuMilliseconds: 500, memoryBytes: 4096, networkBytes: 100, diskBytes: 200, ...change,
});

test('rates of two readings', t => {
	t.deepEqual(usageBetween(counters({}), counters({
		at: 3000, cpuMilliseconds: 1500, memoryBytes: 8192, networkBytes: 2100, diskBytes: 200,
	})), {
		cpu: 50, memoryBytes: 8192, networkBytes: 1000, diskBytes: 0,
	});
});

test('counters that went down are of another process', t => {
	t.is(usageBetween(counters({}), counters({at: 3000, cpuMilliseconds: 10})), undefined);
	t.is(usageBetween(counters({}), counters({})), undefined);
});

test('a process that works, with what is below it, and one that is gone', async t => {
	const child = spawn(process.execPath, ['-e', 'const end = Date.now() + 60000; const held = Buffer.alloc(50e6, 1); console.log(held.length); while (Date.now() < end);'], {stdio: ['ignore', 'pipe', 'ignore']});
	try {
		await new Promise(resolve => {
			child.stdout.once('data', resolve);
		});
		const first = await readUsage(child.pid!);
		let second = await readUsage(child.pid!);
		while (second !== undefined && second.cpuMilliseconds <= first!.cpuMilliseconds) {
			second = await readUsage(child.pid!);
		}

		t.true(second!.memoryBytes > 50_000_000);
		t.true(usageBetween(first!, second!)!.cpu > 0);
	} finally {
		child.kill('SIGKILL');
	}

	await new Promise(resolve => {
		child.once('close', resolve);
	});
	t.is(await readUsage(child.pid!), undefined);
});
