const config = {
	files: ['test/**/*.test.ts'],
	extensions: ['ts'],
	workerThreads: false,
	timeout: '4m',
};

export default config;
