/**
`coppice stream`.
*/
import type {CommandDescription} from '../verb.ts';

export const stream: CommandDescription = {
	name: 'stream',
	group: 'Plumbing',
	summary: 'Make, look at, check and apply send streams: what travels between pools.',
	details: 'Streams are those of `btrfs send`, version 1, whatever file system the data are on. No project is needed. `make` takes two folders or '
		+ 'snapshots, neither of which may change meanwhile, or one with `--full`; `check` ends with 1 and the reason for a stream that must not be applied; '
		+ '`apply` makes a new folder, whole or not at all. A file may be `-`, for a pipe.',
	examples: [
		{line: 'coppice stream make monday tuesday -o tuesday.stream', meaning: 'what changed from one folder to another'},
		{line: 'coppice stream make --full monday | ssh host btrfs receive -C /pool', meaning: 'all of a folder'},
		{line: 'coppice stream dump tuesday.stream', meaning: 'list every command in it'},
		{line: 'btrfs send snapshot | coppice stream check -', meaning: 'whether it would be taken, and if not, why'},
		{line: 'coppice stream apply tuesday.stream copy --onto monday', meaning: 'a new folder from a base, which stays as it is'},
		{line: 'coppice stream stat tuesday.stream', meaning: 'how much of what is in it'},
	],
	arguments: [
		{syntax: '<action>', description: 'what to do', choices: ['make', 'dump', 'check', 'apply', 'stat']},
		{syntax: '[paths...]', description: 'make: OLD NEW, or NEW; apply: FILE DEST; others: FILE', completes: 'files'},
	],
	options: [
		{flags: '--full', description: 'make: all of one folder'},
		{flags: '-o, --output <file>', description: 'make: write it to a file', completes: 'files'},
		{flags: '--name <name>', description: 'make: what the snapshot is called; as the folder unless told'},
		{flags: '--uuid <uuid>', description: 'make: its id; a random one unless told'},
		{flags: '--base-uuid <uuid>', description: 'make: the id of OLD, as `btrfs receive` knows it'},
		{flags: '--clones <what>', description: 'make: whether NEW began as a snapshot of OLD (inode) or as a copy; guessed unless told', choices: ['inode', 'copy']},
		{flags: '--onto <folder>', description: 'apply, check: what an increment is based on', completes: 'folders'},
		{flags: '--keep-privileges', description: 'apply: keep set-user-id bits, capabilities and attributes for root'},
		{flags: '--strict', description: 'check: refuse what apply would leave out'},
	],
	needs: 'nothing',
	load: async () => import('../handlers/stream.ts'),
};
