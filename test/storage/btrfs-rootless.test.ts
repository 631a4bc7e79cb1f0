/**
The btrfs driver without root, in a folder of the user's own: with and without the mount option that lets users delete subvolumes.

Run as root, this process first makes the file systems, and then becomes an unprivileged user for good; the guard of the fixture
unmounts them once it is gone.
*/
import {chown, mkdtemp} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {createBtrfsDriver} from '../../source/storage/btrfs/btrfs-driver.ts';
import {isRoot, tryCommand} from '../../source/system/run-command.ts';
import {loopBtrfs, loopBtrfsMissing} from '../fixtures/loop-btrfs.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {driverContract} from './driver-contract.ts';

/** `nobody` and `nogroup` of Debian; any number serves. */
const user = 65_534;

const modules = fileURLToPath(new URL('../../node_modules/ava/package.json', import.meta.url));

const findObstacle = async (): Promise<string | undefined> => {
	const missing = await loopBtrfsMissing();
	if (missing !== undefined) {
		return missing;
	}

	const {exitCode} = await tryCommand(['cat', modules], {uid: user, gid: user});
	return exitCode === 0 ? undefined : 'an unprivileged user can\'t read the folder of the project';
};

const obstacle = await findObstacle();

if (obstacle === undefined) {
	const disks = {
		'default mount': await loopBtrfs({mountOptions: ['defaults']}),
		user_subvol_rm_allowed: await loopBtrfs(),
	};
	for (const disk of Object.values(disks)) {
		await chown(disk.path, user, user);
	}

	process.setgroups!([]);
	process.setgid!(user);
	process.setuid!(user);

	for (const [title, disk] of Object.entries(disks)) {
		const makeDriver = async () => createBtrfsDriver({pool: await mkdtemp(path.join(disk.path, 'pool-'))});

		test.serial(`${title}: what a user can't do is said`, async t => {
			t.false(isRoot());
			const {traits} = await makeDriver();
			t.true(traits.sharesBlocks);
			t.is(traits.limits.some(limit => limit.includes('user_subvol_rm_allowed')), title === 'default mount');
		});

		driverContract(`btrfs without root, ${title}`, async () => ({
			driver: await makeDriver(),
			async dispose() {
				// It all goes with the file system.
			},
		}), {propertyRuns: 4});
	}
} else {
	skipAloud('the contract on btrfs without root', obstacle);
}
