import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

const config = {
	// What takes long is in soak.config.js.
	files: ['test/**/*.test.ts', '!test/storage/zfs-crash.test.ts'],
	extensions: ['ts'],
	workerThreads: false,
	// Each file of tests is a process of its own: what one has compiled, the next one loads (half a second of each).
	environmentVariables: {NODE_COMPILE_CACHE: path.join(os.tmpdir(), `coppice-tests-${process.getuid?.() ?? 0}-test-cache`)},
	timeout: '6m',
	// More than there are processors: most of a test is waiting, for disks, databases and lines.
	concurrency: 4,
	// Results that a program can count, for `.ci/run`.
	tap: process.env.CI === 'true',
};

export default config;
