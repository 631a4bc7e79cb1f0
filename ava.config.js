import process from 'node:process';

const config = {
	files: ['test/**/*.test.ts'],
	extensions: ['ts'],
	workerThreads: false,
	timeout: '4m',
	// Results that a program can count, for `.ci/run`.
	tap: process.env.CI === 'true',
};

export default config;
