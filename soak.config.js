/**
Long tests, run by `npm run soak` and not by `npm test`: the ZFS driver killed after every command that changes something. Its
commands are cut in the middle, which the daemon of zfs-fuse does not always survive when other tests use it at the same time.
*/
const config = {
	files: ['test/storage/zfs-crash.test.ts'],
	extensions: ['ts'],
	workerThreads: false,
	timeout: '10m',
};

export default config;
