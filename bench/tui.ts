/**
The terminal UI at 200×50 with 300 services on 6 hosts, 2,000 commits and 5,000 lines of logs a second: milliseconds from a key to the painted frame, processor
time while nothing happens, memory, and the time to the first frame of the real program from a cold start. Beside it, in the same run, a list made with
ink alone.

`node bench/tui.ts [--seconds 60]`: how long the flood of logs goes on before memory is looked at.
*/
import {
	mkdir,
	mkdtemp,
	readFile,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {spawn} from '@lydell/node-pty';
import headless from '@xterm/headless';
import {bundleTui} from '../scripts/tui-bundle.ts';
import {nodeFlags} from '../source/system/node-flags.ts';
import {buildCli, cliPath} from '../test/fixtures/built-cli.ts';

const root = path.resolve(import.meta.dirname, '..');
const {values: {seconds}} = parseArgs({options: {seconds: {type: 'string', default: '60'}}});
const columns = 200;
const rows = 50;
const keyCount = 300;
const ticksPerSecond = 100;

/** Continuous integration makes ink draw nothing but the end. */
const environment = (more: Readonly<Record<string, string>>): NodeJS.ProcessEnv =>
	Object.fromEntries(Object.entries({...process.env, ...more}).filter(([name]) => !/^(?:CI|CI_.*|CONTINUOUS_INTEGRATION)$/v.test(name)));

const percentile = (values: readonly number[], part: number): number =>
	values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? NaN;

type Program = {
	readonly processId: number;
	readonly write: (text: string) => void;

	/** When the screen is first as wanted. */
	readonly seen: (isThere: (screen: string) => boolean) => Promise<number>;
	readonly end: () => Promise<void>;
};

const start = (words: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Program => {
	const terminal = new headless.Terminal({cols: columns, rows, allowProposedApi: true});
	const child = spawn(process.execPath, [...words], {
		name: 'xterm-256color', cols: columns, rows, cwd, env: environment(env),
	});
	const ended = new Promise<void>(resolve => {
		child.onExit(() => {
			resolve();
		});
	});
	const screen = (): string => Array.from({length: rows}, (_, index) => terminal.buffer.active.getLine(index)?.translateToString(true) ?? '').join('\n');
	let waiting: {readonly isThere: (text: string) => boolean; readonly resolve: (at: number) => void} | undefined;
	child.onData(data => {
		const at = performance.now();
		terminal.write(data, () => {
			if (waiting?.isThere(screen()) !== true) {
				return;
			}

			waiting.resolve(at);
			waiting = undefined;
		});
	});
	return {
		processId: child.pid,
		write(text) {
			child.write(text);
		},
		seen: async isThere => new Promise(resolve => {
			if (isThere(screen())) {
				resolve(performance.now());
				return;
			}

			waiting = {isThere, resolve};
		}),
		async end() {
			child.write('q');
			await ended;
		},
	};
};

/** Milliseconds of processor time that a process has used. */
const processorTime = async (processId: number): Promise<number> => {
	const stat = await readFile(`/proc/${processId}/stat`, 'utf8');
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond * 1000;
};

const residentBytes = async (processId: number): Promise<number> => {
	const status = await readFile(`/proc/${processId}/status`, 'utf8');
	return Number(/VmRSS:\s+(?<kibibytes>\d+)/v.exec(status)?.groups?.kibibytes ?? 0) * 1024;
};

/** Bundles a program as the terminal UI is bundled. Gives the file to run. */
const bundle = async (entry: string, name: string, folder: string): Promise<string> => {
	const files = await bundleTui({
		entry,
		name,
		version: 'bench',
		plugins: [],
		common: {
			absWorkingDir: root, outdir: folder, bundle: true, platform: 'node', target: 'node24', mainFields: ['module', 'main'], minifySyntax: true, write: false,
		},
	});
	for (const {file, content} of files) {
		await writeFile(path.join(folder, file), content);
	}

	return path.join(folder, files[0]!.file);
};

/** A list of 2,000 commits that `j` goes down in, with logs beside it. */
const measure = async (entry: string, folder: string) => {
	// Idle: nothing is logged, no key is typed.
	const idle = start([entry], folder, {});
	await idle.seen(screen => screen.includes('1 of 2000'));
	await delay(3000);
	const before = await processorTime(idle.processId);
	const idleSeconds = 20;
	await delay(idleSeconds * 1000);
	const idlePercent = (await processorTime(idle.processId) - before) / idleSeconds / 10;
	await idle.end();

	const busy = start([entry], folder, {COPPICE_BENCH_LINES: '5000'});
	await busy.seen(screen => screen.includes('1 of 2000'));
	await delay(2000);
	const times: number[] = [];
	for (let key = 0; key < keyCount; key++) {
		// Not in step with the frames of the logs.
		await delay(23 + (key * 7 % 31));
		const wanted = `${key + 2} of 2000`;
		const begun = performance.now();
		busy.write('j');
		times.push(await busy.seen(screen => screen.includes(wanted)) - begun);
	}

	const busyBefore = await processorTime(busy.processId);
	await delay(Number(seconds) * 1000);
	const busyPercent = (await processorTime(busy.processId) - busyBefore) / Number(seconds) / 10;
	const bytes = await residentBytes(busy.processId);
	await busy.end();
	return {
		keyToFrameMilliseconds: {p50: percentile(times, 0.5), p95: percentile(times, 0.95), max: Math.max(...times)},
		idleProcessorPercent: idlePercent,
		floodProcessorPercent: busyPercent,
		residentMebibytes: bytes / 1024 / 1024,
	};
};

const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-bench-tui-'));
try {
	const own = await measure(await bundle('bench/tui-fixture.ts', 'bench', folder), folder);
	const plainList = await measure(await bundle('bench/tui-plain-list.ts', 'plain', folder), folder);

	await buildCli();
	const home = path.join(folder, 'home');
	await mkdir(path.join(folder, 'work'));
	const starts: number[] = [];
	for (let run = 0; run < 11; run++) {
		const begun = performance.now();
		const program = start([...nodeFlags, cliPath], path.join(folder, 'work'), {COPPICE_HOME: home});
		starts.push(await program.seen(screen => screen.includes('Stacks')) - begun);
		await delay(500);
		await program.end();
	}

	console.log(JSON.stringify({
		terminal: `${columns}x${rows}`,
		own,
		plainList,
		residentAfterSeconds: Number(seconds),
		firstFrameMilliseconds: {withoutCompiledCode: starts[0], median: percentile(starts.slice(1), 0.5)},
		loadAverage: os.loadavg()[0],
	}, (_, value: unknown) => typeof value === 'number' ? Math.round(value * 10) / 10 : value, '\t'));
} finally {
	await rm(folder, {recursive: true, force: true});
}

// The terminals keep the process alive.
// eslint-disable-next-line unicorn/no-process-exit -- It is a program of its own.
process.exit();
