/**
A systemd mount unit for a pool in an image, so that it is back after a reboot before anything asks for it (systemd.mount(5)).
Elsewhere the next command that runs as root mounts it.
*/
import {existsSync} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {removeDurably, writeDurably} from '../system/durable-file.ts';
import {runCommand, tryCommand} from '../system/run-command.ts';

const unitFile = async (pool: string): Promise<string> => {
	const {stdout} = await runCommand(['systemd-escape', '--path', '--suffix=mount', pool]);
	return path.join('/etc/systemd/system', stdout.trim());
};

/** Nothing in the system's temporary folder is to come back after a reboot. */
const isWanted = (pool: string): boolean => existsSync('/run/systemd/system') && !pool.startsWith(`${os.tmpdir()}/`);

/** The text of the unit. */
export const mountUnit = (pool: string, image: string, options: string): string => [
	'[Unit]',
	`Description=Coppice pool ${pool}`,
	`RequiresMountsFor=${path.dirname(image)}`,
	'',
	'[Mount]',
	`What=${image}`,
	`Where=${pool}`,
	'Type=btrfs',
	`Options=${options}`,
	'',
	'[Install]',
	'WantedBy=local-fs.target',
	'',
].join('\n').replaceAll('%', '%%');

/** Writes and enables the unit. Best effort: without it the pool is mounted by the next command. */
export const enableMountUnit = async (pool: string, image: string, options: string): Promise<void> => {
	if (!isWanted(pool)) {
		return;
	}

	const file = await unitFile(pool);
	await writeDurably(file, mountUnit(pool, image, options));
	await tryCommand(['systemctl', 'enable', path.basename(file)]);
};

/** Disables and removes the unit. */
export const removeMountUnit = async (pool: string): Promise<void> => {
	if (!isWanted(pool)) {
		return;
	}

	const file = await unitFile(pool);
	await tryCommand(['systemctl', 'disable', path.basename(file)]);
	await removeDurably(file);
};
