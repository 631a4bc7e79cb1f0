/**
`coppice clone`.
*/
import {parseBytes} from '../parse-value.ts';
import type {CommandDescription} from '../verb.ts';

export const clone: CommandDescription = {
	name: 'clone',
	group: 'Hosts',
	summary: 'Bring a stack of another host here: its definition and the data of a branch.',
	details: 'Makes a folder with the compose file, and `.env` with the variables that it needs, and takes it up as `coppice init` does; `coppice up` starts it. '
		+ 'Images that are not here are named with how to get them. Cut off, the same command goes on where it was.',
	examples: [
		{line: 'coppice clone staging shop', meaning: 'into the folder shop'},
		{line: 'coppice clone staging shop shop-copy --branch fix', meaning: 'another folder, another branch'},
	],
	arguments: [
		{syntax: '<host>', description: 'where it is', completes: 'hosts'},
		{syntax: '<stack>', description: 'its name there', completes: 'stacks'},
		{syntax: '[folder]', description: 'the folder to make; named like the stack unless told', completes: 'folders'},
	],
	options: [
		{flags: '-b, --branch <branch>', description: 'the branch; the current one there unless told'},
		{flags: '--pool <folder>', description: 'the pool that its data go to', completes: 'folders'},
		{flags: '--driver <name>', description: 'the storage of a pool that has to be made', choices: ['btrfs', 'zfs', 'directory']},
		{flags: '--runtime <name>', description: 'what runs its services', choices: ['process', 'docker']},
		{flags: '--history', description: 'the data of every commit, not only of the last'},
		{flags: '--limit <bytes>', description: 'at most so many bytes a second: 500K, 5M', parse: parseBytes},
	],
	needs: 'this machine',
	load: async () => import('../handlers/clone.ts'),
};
