/**
`coppice host`.
*/
import type {CommandDescription} from '../verb.ts';

export const host: CommandDescription = {
	name: 'host',
	group: 'Hosts',
	summary: 'Add, list, check and remove hosts: other machines, and other pools of this one.',
	details: 'A machine is reached by the system\'s `ssh`, with your own configuration, keys and agent. `add` puts the engine into your folder there, with '
		+ 'Node where the host has none that serves, and says so; nothing else is changed there. `rm` only forgets the host; its pool and data always stay. '
		+ '`-H NAME` then runs any command on the stack of the same name over there.',
	examples: [
		{line: 'coppice host add staging deploy@staging.example.com', meaning: 'a machine; a name of ~/.ssh/config will do, too'},
		{line: 'coppice host add live ops@10.0.0.7:2222 --production', meaning: 'read-only for all until its policy says otherwise'},
		{line: 'coppice host add backup --pool /mnt/usb/coppice', meaning: 'a second pool of this machine'},
		{line: 'coppice host check', meaning: 'who can be reached, how far away, with which version'},
		{line: 'coppice status -H staging', meaning: 'any command, on the same stack over there'},
		{line: 'coppice host rm staging --purge', meaning: 'forget it, and remove the engine there'},
	],
	arguments: [
		{syntax: '<action>', description: 'what to do', choices: ['add', 'ls', 'check', 'rm']},
		{syntax: '[name]', description: 'the host; for check, all of them unless told', completes: 'hosts'},
		{syntax: '[address]', description: 'add: USER@HOST or USER@HOST:PORT'},
	],
	options: [
		{flags: '--pool <folder>', description: 'add: a pool of this machine, made where there is none', completes: 'folders'},
		{flags: '--driver <name>', description: 'add --pool: only this kind of storage', choices: ['btrfs', 'zfs', 'directory']},
		{flags: '--dataset <name>', description: 'add --pool: an existing ZFS dataset to make the pool in'},
		{flags: '--production', description: 'add: mark it as production'},
		{flags: '--engine <command>', description: 'add: the engine that is there already; nothing is put there'},
		{flags: '--sudo', description: 'add: run the engine as root there (`sudo -n`); where its pool needs that, unless told'},
		{flags: '--no-sudo', description: 'add: never run it as root'},
		{flags: '--purge', description: 'rm: remove the engine that `add` has put there; not while it runs anything'},
	],
	needs: 'this machine',
	load: async () => import('../handlers/host.ts'),
};
