/**
`coppice init`.
*/
import type {CommandDescription} from '../verb.ts';

export const init: CommandDescription = {
	name: 'init',
	group: 'Start here',
	summary: 'Take up the compose project of this folder as a stack.',
	details: 'Finds the best copy-on-write storage of this host (btrfs or ZFS, else a btrfs image with root, else a plain folder), makes the volumes of '
		+ 'the first branch in it, and says what it chose and why. Running it again changes nothing. Docker volumes that hold data are left alone unless '
		+ '`--adopt` moves them into the pool: copied, checked file by file, with the original kept until `--drop-originals`.',
	examples: [
		{line: 'coppice init', meaning: 'let it find or make the storage'},
		{line: 'coppice init --driver zfs --dataset tank/coppice', meaning: 'keep the data in a ZFS dataset'},
		{line: 'coppice init --adopt', meaning: 'move the data that the project has in Docker volumes into the pool'},
		{line: 'coppice -f compose.yaml -f compose.dev.yaml init', meaning: 'a project of two compose files, used by every verb from now on'},
	],
	options: [
		{flags: '--pool <folder>', description: 'where the pool is or should be', completes: 'folders'},
		{flags: '--driver <name>', description: 'only this kind of storage', choices: ['btrfs', 'zfs', 'directory']},
		{flags: '--dataset <name>', description: 'an existing ZFS dataset to make the pool in'},
		{flags: '--runtime <name>', description: 'what runs the services; docker where an engine answers, unless told', choices: ['process', 'docker']},
		{flags: '--profile <name>', description: 'a profile of the compose file that is on from now on; may be repeated', repeatable: true},
		{flags: '--adopt', description: 'move existing Docker volumes into the pool, and keep the originals'},
		{flags: '--drop-originals', description: 'delete the originals that `--adopt` has kept'},
	],
	needs: 'nothing',
	load: async () => import('../handlers/init.ts'),
};
