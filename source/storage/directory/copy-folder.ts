/**
Copies of whole folders by `cp` (coreutils): with everything (owners, times, links, extended attributes, holes), sharing blocks
where the file system can.
*/
import {rm, statfs, writeFile} from 'node:fs/promises';
import path from 'node:path';
import {randomBytes} from 'node:crypto';
import {runCommand, tryCommand} from '../../system/run-command.ts';
import {endsWithParent} from '../ends-with-parent.ts';

/** Statfs(2): ext2 to ext4, tmpfs, ramfs. Others are tried. */
const neverShare: ReadonlySet<number> = new Set([0xEF_53, 0x01_02_19_94, 0x85_84_58_F6]);

/**
Whether files in a folder can be copied by sharing their blocks (btrfs, XFS, bcachefs, OCFS2).
*/
export const canReflink = async (folder: string): Promise<boolean> => {
	const {type} = await statfs(folder);
	if (neverShare.has(type)) {
		return false;
	}

	const probe = path.join(folder, `.reflink-${randomBytes(6).toString('hex')}`);
	const copy = `${probe}-copy`;
	try {
		// More than what a file system keeps in the inode.
		await writeFile(probe, 'a'.repeat(16_384));
		const {exitCode} = await tryCommand(['cp', '--reflink=always', probe, copy]);
		return exitCode === 0;
	} finally {
		await rm(probe, {force: true});
		await rm(copy, {force: true});
	}
};

/**
Makes `to` a copy of the folder `from`, on disk when it returns. A failure leaves a part of it there.

@param to - Must not be there.
*/
export const copyFolder = async (from: string, to: string): Promise<void> => {
	// `--no-target-directory`: never into `to`, should something be there after all. A copy must not go on when its command was killed.
	await runCommand([...await endsWithParent(), 'cp', '--archive', '--reflink=auto', '--sparse=auto', '--no-target-directory', from, to]);
	await runCommand(['sync', '--file-system', to]);
};
