/**
Timing and printing for the benchmarks: medians of several runs, peers interleaved in the same run, ratios beside them.
*/
import {performance} from 'node:perf_hooks';
import process from 'node:process';

/**
Milliseconds that a piece of work takes.
*/
export const time = async (work: () => Promise<unknown>): Promise<number> => {
	const begun = performance.now();
	await work();
	return performance.now() - begun;
};

/**
The value below which a share of the samples lies.

@param share - 0.5 for the median, 0.99 for the 99th percentile.
*/
export const percentile = (samples: readonly number[], share: number): number => {
	const sorted = samples.toSorted((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
};

export const median = (samples: readonly number[]): number => percentile(samples, 0.5);

/**
Prints rows with the ratio of each to the first.
*/
export const printRatios = (title: string, rows: ReadonlyArray<readonly [name: string, samples: readonly number[]]>): void => {
	const base = median(rows[0]?.[1] ?? []);
	process.stdout.write(`\n${title}\n`);
	for (const [name, samples] of rows) {
		const middle = median(samples);
		const range = `${Math.round(Math.min(...samples))}–${Math.round(Math.max(...samples))}`;
		process.stdout.write(`  ${name.padEnd(52)} ${middle.toFixed(0).padStart(7)} ms  (${range}, ${samples.length} runs)  ${(middle / base).toFixed(2)}×\n`);
	}
};
