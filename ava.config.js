import process from 'node:process';

const config = {
	// What takes long is in soak.config.js.
	files: ['test/**/*.test.ts', '!test/storage/zfs-crash.test.ts'],
	extensions: ['ts'],
	workerThreads: false,
	timeout: '6m',
	// More than there are processors: most of a test is waiting, for disks, databases and lines.
	concurrency: 4,
	// Results that a program can count, for `.ci/run`.
	tap: process.env.CI === 'true',
};

export default config;
