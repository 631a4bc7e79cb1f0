import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

/** Files that take long and wait much: begun first, so that nothing is left to wait for at the end. */
const first = [
	'storage/zfs-driver', 'storage/zfs-behaviour', 'house/install', 'tui/actions/sync', 'tui/sources/stack-source', 'runtime/process/supervisor',
];
const turn = file => first.some(name => file.endsWith(`/test/${name}.test.ts`)) ? 0 : 1;

const config = {
	// What takes long is in soak.config.js.
	files: ['test/**/*.test.ts', '!test/storage/zfs-crash.test.ts'],
	extensions: ['ts'],
	sortTestFiles: (one, other) => turn(one) - turn(other) || (one < other ? -1 : 1),
	workerThreads: false,
	// Each file of tests is a process of its own: what one has compiled, the next one loads (half a second of each).
	environmentVariables: {NODE_COMPILE_CACHE: path.join(os.tmpdir(), `coppice-tests-${process.getuid?.() ?? 0}-test-cache`)},
	timeout: '6m',
	// One more than there are processors, for what waits for disks, databases and lines. With two more they take longer: they stand in each other's way.
	concurrency: 3,
	// Results that a program can count, for `.ci/run`.
	tap: process.env.CI === 'true',
};

export default config;
