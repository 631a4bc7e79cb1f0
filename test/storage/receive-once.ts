/**
Receives one stream in a process of its own, which a failpoint may kill: `receive-once.ts btrfs|directory|zfs POOL DATASET STREAM SNAPSHOT [BASE]`.
*/
import {createReadStream} from 'node:fs';
import process from 'node:process';
import {createBtrfsDriver} from '../../source/storage/btrfs/btrfs-driver.ts';
import {createDirectoryDriver} from '../../source/storage/directory/directory-driver.ts';
import {receiveSnapshot} from '../../source/storage/snapshot-stream.ts';
import {createZfsDriver} from '../../source/storage/zfs/zfs-driver.ts';

const [kind, pool = '', dataset = '', stream = '', snapshot = '', base] = process.argv.slice(2);
const makers = {
	btrfs: async () => createBtrfsDriver({pool}),
	zfs: async () => createZfsDriver({pool, dataset}),
	directory: async () => createDirectoryDriver({pool}),
};
await receiveSnapshot({driver: await makers[kind as keyof typeof makers]()}, {
	address: {stack: 'shop', volume: 'db'},
	snapshot,
	base,
	open: () => createReadStream(stream),
});
