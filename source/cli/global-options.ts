/**
The options that every verb takes, before or after its name.
*/
import type {GlobalOptions, OptionDescription} from './verb.ts';

/** Tells them from a verb's own options in the help. */
export const globalOptionsHeading = 'Global options';

export const globalOptionDescriptions: readonly OptionDescription[] = [
	{flags: '-C, --directory <folder>', description: 'run as if started in this folder', completes: 'folders'},
	{
		flags: '-f, --file <file>', description: 'a compose file, instead of the one in the folder; may be repeated', completes: 'files', repeatable: true,
	},
	{flags: '-H, --host <name>', description: 'run it by the engine on this host; `-C` and `-f` are then folders and files there', completes: 'hosts'},
	{flags: '--stack <name>', description: 'the stack by its name, wherever its project is; with `-H`, that of this folder unless told', completes: 'stacks'},
	{flags: '--json', description: 'print JSON; progress and errors are lines of JSON on the standard error'},
	{flags: '--color', description: 'colour, whatever the terminal and the environment say'},
	{flags: '--no-color', description: 'no colour, as with NO_COLOR in the environment'},
	{flags: '-q, --quiet', description: 'print nothing but data and errors'},
	{flags: '--yes', description: 'confirm without being asked'},
	{flags: '--verbose', description: 'print all that is known about a failure'},
	{flags: '--stop-at-eof', description: 'stop as at Ctrl-C when the standard input ends', hidden: true},
];

type ParsedGlobals = Partial<Omit<GlobalOptions, 'files'>> & {readonly file?: readonly string[]};

/**
Both places where they can stand, as one. What stands after the verb wins; compose files of both are taken, in order.
*/
export const mergeGlobalOptions = (before: ParsedGlobals, after: ParsedGlobals): GlobalOptions => ({
	directory: after.directory ?? before.directory,
	files: [...before.file ?? [], ...after.file ?? []],
	...((after.host ?? before.host) !== undefined && {host: after.host ?? before.host}),
	...((after.stack ?? before.stack) !== undefined && {stack: after.stack ?? before.stack}),
	json: after.json ?? before.json ?? false,
	color: after.color ?? before.color,
	quiet: after.quiet ?? before.quiet ?? false,
	yes: after.yes ?? before.yes ?? false,
	verbose: after.verbose ?? before.verbose ?? false,
	...((after.stopAtEof ?? before.stopAtEof) === true && {stopAtEof: true}),
});

/**
Those that matter when the command line itself can't be read.
*/
export const scanGlobalOptions = (words: readonly string[]): GlobalOptions => {
	const end = words.indexOf('--');
	const options = new Set(end === -1 ? words : words.slice(0, end));
	return mergeGlobalOptions({}, {
		json: options.has('--json'),
		verbose: options.has('--verbose'),
		...(options.has('--no-color') && {color: false}),
		...(options.has('--color') && {color: true}),
	});
};
