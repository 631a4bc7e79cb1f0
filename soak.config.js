/**
Long tests, run by `npm run soak` and not by `npm test`.

- The ZFS driver killed after every command that changes something. Its commands are cut in the middle, which the daemon of zfs-fuse does not always
  survive when other tests use it at the same time.
- Every verb on the process runtime, and fetches, clones and pushes, killed at every step; `npm test` kills them at a few. Those that touch containers on
  Docker, and taking over and giving back Docker volumes, killed at every step.
- 50 commits of three databases under load on btrfs, and 10 in a plain folder, each reset to and checked. `npm test` runs a short form of it.
- Each recipe of the process runtime in each way, and a new Postgres killed at every step of being made; `npm test` runs the stacks of the templates.
- A Docker volume of one database taken over and given back, in every way; `npm test` does it with a whole project.
- Snapshots killed while ZFS receives them; `npm test` receives on btrfs and in a folder.
- Snapshots sent between every two file systems, either being the first; `npm test` sends there and back again, which is both.
- Every template in containers, and read by every version of Compose; `npm test` runs them as processes, and reads some.
- Ctrl-C in every verb at three moments; `npm test` does it at one each.
- The program installed, over itself, and killed while it is.
- Compose 1, and a rootless engine.
- Pools that are full in every way; `npm test` fills one.
- The images and the hosts that other tests run on.
- A stream of 2 GiB in 150 MB of memory on each side. `npm test` sends half a GiB.
- Transfers between hosts cut at 1, 50 and 99 percent, to btrfs, ZFS and a plain folder, by killing either side, power, the line and a full disk; and a
  Postgres of 1 GiB under load with ten increments each way. `npm test` cuts a few, and syncs a small one.

`COPPICE_SOAK` tells files that `npm test` runs too that there is time for all of it.
*/
const config = {
	files: [
		'test/actions/agent/push.test.ts',
		'test/actions/new-stack.test.ts',
		'test/actions/sync/{clone,cuts}.test.ts',
		'test/end-to-end/{adopt,adopt-crash,docker-consistency,docker-crash,docker-definition-1,sync-soak}.ts',
		'test/end-to-end/{bad-input,crash,templates}.test.ts',
		'test/house/{docker-fixtures,host-fixtures}.ts',
		'test/house/install.test.ts',
		'test/runtime/docker/{compose-one,rootless}.ts',
		'test/runtime/process/databases.ts',
		'test/stack/resolve-compose-1.ts',
		'test/storage/full-pool.ts',
		'test/storage/{snapshot-stream,zfs-crash}.test.ts',
		'test/transfer/kill.test.ts',
	],
	extensions: ['ts'],
	environmentVariables: {COPPICE_SOAK: 'yes'},
	workerThreads: false,
	timeout: '30m',
};

export default config;
