/**
How long writers stand still for a commit of five volumes on btrfs with the disk idle, and how long the whole command takes.
*/
import process from 'node:process';
import {makeTestStack} from '../test/fixtures/test-stack.ts';
import {percentile, time} from './measure.ts';

const runs = Number(process.env.BENCH_RUNS ?? 40);

// Five small writers: each appends to a file on a volume of its own, without fsync, so that the disk is idle.
const compose = (): string => {
	const names = ['one', 'two', 'three', 'four', 'five'];
	const services = names.map(name => `  ${name}:
    image: writer
    volumes: ["${name}:/data"]
    x-coppice:
      process:
        command: ["sh", "-c", "while :; do date >> file; sleep 0.05; done"]
        working_dir: /data`).join('\n');
	return `name: five\nservices:\n${services}\nvolumes:\n${names.map(name => `  ${name}: {}`).join('\n')}\n`;
};

const stack = await makeTestStack({compose});
try {
	await stack.json('up');
	const still: number[] = [];
	const whole: number[] = [];
	for (let run = 0; run < runs; run++) {
		whole.push(await time(async () => {
			const {commit: {stillMilliseconds}} = await stack.json('commit', '-m', `run ${run}`);
			still.push(stillMilliseconds);
		}));
	}

	process.stdout.write(`\nCommit of five volumes on btrfs, idle disk, ${runs} runs\n`);
	process.stdout.write(`  writers stood still   p50 ${percentile(still, 0.5).toFixed(0)} ms   p99 ${percentile(still, 0.99).toFixed(0)} ms   (goal: at most 100 ms)\n`);
	process.stdout.write(`  whole command         p50 ${percentile(whole, 0.5).toFixed(0)} ms   p99 ${percentile(whole, 0.99).toFixed(0)} ms\n`);
} finally {
	await stack.dispose();
}
