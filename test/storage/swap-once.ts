
/**
Runs one operation on a driver in a process of its own, which a failpoint may kill:
`swap-once.ts btrfs|directory POOL swap|retire KEEP_AS`.
*/
import process from 'node:process';
import {createBtrfsDriver} from '../../source/storage/btrfs/btrfs-driver.ts';
import {createDirectoryDriver} from '../../source/storage/directory/directory-driver.ts';

const [name, pool = '', operation, keepAs = ''] = process.argv.slice(2);
const driver = name === 'btrfs' ? await createBtrfsDriver({pool}) : await createDirectoryDriver({pool});
const address = {stack: 'shop', volume: 'db'};
if (operation === 'swap') {
	await driver.swap(address, 'main', 'next', keepAs);
} else {
	await driver.retire(address, 'main', keepAs);
}
