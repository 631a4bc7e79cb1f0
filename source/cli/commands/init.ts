/**
`coppice init`.
*/
import type {CommandDescription} from '../verb.ts';

export const init: CommandDescription = {
	name: 'init',
	group: 'Start here',
	summary: 'Take up the compose project of this folder as a stack.',
	details: 'Finds the best copy-on-write storage of this host (btrfs or ZFS, else a btrfs image with root, else a plain folder), makes the volumes of '
		+ 'the first branch in it, and says what it chose and why. Running it again changes nothing.',
	examples: [
		{line: 'coppice init', meaning: 'let it find or make the storage'},
		{line: 'coppice init --driver zfs --dataset tank/coppice', meaning: 'keep the data in a ZFS dataset'},
		{line: 'coppice -f compose.yaml -f compose.dev.yaml init', meaning: 'a project of two compose files'},
	],
	options: [
		{flags: '--pool <folder>', description: 'where the pool is or should be', completes: 'folders'},
		{flags: '--driver <name>', description: 'only this kind of storage', choices: ['btrfs', 'zfs', 'directory']},
		{flags: '--dataset <name>', description: 'an existing ZFS dataset to make the pool in'},
		{flags: '--runtime <name>', description: 'what runs the services', choices: ['process', 'docker']},
	],
	load: async () => import('../handlers/init.ts'),
};
