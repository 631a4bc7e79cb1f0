/**
`coppice status` from a cold start against `node -e 0`, on a stack with a running Postgres.
*/
import process from 'node:process';
import {execa} from 'execa';
import {nodeFlags} from '../source/system/node-flags.ts';
import {makeTestStack} from '../test/fixtures/test-stack.ts';
import {printRatios, time} from './measure.ts';

const runs = Number(process.env.BENCH_RUNS ?? 20);
const stack = await makeTestStack();
try {
	await stack.json('up');
	await stack.json('commit', '-m', 'First');
	await stack.run(['status']);
	const bare: number[] = [];
	const status: number[] = [];
	for (let run = 0; run < runs; run++) {
		bare.push(await time(async () => execa(process.execPath, ['-e', '0'])));
		status.push(await time(async () => execa(process.execPath, [...nodeFlags, 'dist/coppice.js', '-C', stack.project, 'status'], {env: {...stack.env}})));
	}

	printRatios('A cold start', [['node -e 0', bare], ['coppice status', status]]);
} finally {
	await stack.dispose();
}
