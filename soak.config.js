/**
Long tests, run by `npm run soak` and not by `npm test`.

- The ZFS driver killed after every command that changes something. Its commands are cut in the middle, which the daemon of zfs-fuse does not always
  survive when other tests use it at the same time.
- Commit, reset, switch and switch --definition on Docker killed at every step; `npm test` kills them at a few.
- Every verb on the process runtime, and taking over and giving back Docker volumes, killed at every step; `npm test` kills them at a few.
- 50 commits of three databases under load on btrfs, and 10 in a plain folder, each reset to and checked. `npm test` runs a short form of it.
- A new Postgres killed at every step of being made; `npm test` kills it at two.
- A stream of 2 GiB in 150 MB of memory on each side. `npm test` sends half a GiB.
- Transfers between hosts cut at 1, 50 and 99 percent, to btrfs, ZFS and a plain folder, by killing either side, power, the line and a full disk; and a
  Postgres of 1 GiB under load with ten increments each way. `npm test` cuts a few, and syncs a small one.
*/
const config = {
	files: [
		'test/storage/zfs-crash.test.ts', 'test/transfer/kill.test.ts', 'test/runtime/process/databases.test.ts', 'test/end-to-end/docker-consistency.ts', 'test/end-to-end/{adopt-crash,crash,docker-crash}-everywhere.ts', 'test/end-to-end/sync-soak.ts',
	],
	extensions: ['ts'],
	environmentVariables: {COPPICE_SOAK: 'yes'},
	workerThreads: false,
	timeout: '30m',
};

export default config;
