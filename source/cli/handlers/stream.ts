/**
Runs `coppice stream`: on files and pipes, without a project.
*/
import process from 'node:process';
import {applyFile, type AppliedFile} from '../../actions/stream/apply.ts';
import {makeStream, type MadeStream} from '../../actions/stream/make.ts';
import {
	type CheckedStream,
	checkStream,
	dumpStream,
	measureStream,
} from '../../actions/stream/read.ts';
import {CoppiceError} from '../../system/errors.ts';
import {toJsonText} from '../output/json.ts';
import {
	leftOutLines,
	renderApplied,
	renderChecked,
	renderMade,
	renderStatistics,
} from '../render/stream.ts';
import type {Context, Verb} from '../verb.ts';

type Options = {
	readonly full?: boolean;
	readonly output?: string;
	readonly name?: string;
	readonly uuid?: string;
	readonly baseUuid?: string;
	readonly clones?: 'inode' | 'copy';
	readonly onto?: string;
	readonly keepPrivileges?: boolean;
	readonly strict?: boolean;
};

type Action = 'make' | 'dump' | 'check' | 'apply' | 'stat';

type StreamResult =
	| {readonly did: 'make'; readonly made: MadeStream}
	| {readonly did: 'dump'}
	| {readonly did: 'check'; readonly checked: CheckedStream}
	| {readonly did: 'apply'; readonly applied: AppliedFile}
	| {readonly did: 'stat'; readonly statistics: Awaited<ReturnType<typeof measureStream>>};

/** Which options each action has. */
const optionsOf: Readonly<Record<Action, ReadonlyArray<keyof Options>>> = {
	make: ['full', 'output', 'name', 'uuid', 'baseUuid', 'clones'],
	dump: [],
	check: ['onto', 'strict'],
	apply: ['onto', 'keepPrivileges'],
	stat: [],
};

const usages: Readonly<Record<Action, string>> = {
	make: 'coppice stream make OLD NEW` or `coppice stream make --full NEW',
	dump: 'coppice stream dump FILE',
	check: 'coppice stream check FILE [--onto OLD]',
	apply: 'coppice stream apply FILE DEST [--onto OLD]',
	stat: 'coppice stream stat FILE',
};

const pathCount = (action: Action, {full = false}: Options): number => action === 'apply' || (action === 'make' && !full) ? 2 : 1;

const checkUsage = (action: Action, paths: readonly string[], options: Options): void => {
	if (paths.length !== pathCount(action, options)) {
		throw new CoppiceError('usage', `\`stream ${action}\` takes ${pathCount(action, options) === 1 ? 'one path' : 'two paths'}.`, {hint: `Run it as \`${usages[action]}\`.`});
	}

	const all = new Set<string>(Object.values(optionsOf).flat());
	const own: readonly string[] = optionsOf[action];
	const foreign = Object.keys(options).find(key => all.has(key) && !own.includes(key));
	if (foreign !== undefined) {
		throw new CoppiceError('usage', `\`stream ${action}\` has no option \`--${foreign.replaceAll(/[A-Z]/gv, letter => `-${letter.toLowerCase()}`)}\`.`, {
			hint: 'See `coppice stream --help`.',
		});
	}
};

const dump = async ({print, globals, outputClosed, signal}: Context, file: string): Promise<void> => {
	for await (const {line, command} of dumpStream(file)) {
		if (outputClosed.aborted || signal.aborted) {
			return;
		}

		print(globals.json ? toJsonText(command, 0) : line);

		// A reader that is slower must not fill the memory.
		if (process.stdout.writableNeedDrain) {
			await new Promise<void>(resolve => {
				process.stdout.once('drain', resolve);
				outputClosed.addEventListener('abort', () => {
					resolve();
				}, {once: true});
			});
		}
	}
};

export const verb: Verb<Options, StreamResult> = {
	isData: true,
	async run(context, {arguments: words, options}) {
		const [action, ...paths] = words as readonly [Action, ...string[]];
		const {signal, report} = context;
		checkUsage(action, paths, options);
		const [first = '', second = ''] = paths;
		switch (action) {
			case 'make': {
				const {full = false, output = '-', name, uuid, baseUuid, clones} = options;
				const made = await makeStream({
					...(full ? {newFolder: first} : {oldFolder: first, newFolder: second}), output, name, uuid, baseUuid, clones, signal, report,
				});
				return {did: 'make', made};
			}

			case 'dump': {
				await dump(context, first);
				return {did: 'dump'};
			}

			case 'check': {
				return {did: 'check', checked: await checkStream({input: first, onto: options.onto, strict: options.strict})};
			}

			case 'apply': {
				const {onto, keepPrivileges} = options;
				return {
					did: 'apply', applied: await applyFile({
						input: first, destination: second, onto, keepPrivileges, signal, report,
					}),
				};
			}

			case 'stat': {
				return {did: 'stat', statistics: await measureStream(first)};
			}
		}
	},
	render(result) {
		switch (result.did) {
			case 'make': {
				return result.made.output === '-' ? '' : renderMade(result.made);
			}

			case 'dump': {
				return '';
			}

			case 'check': {
				return renderChecked(result.checked);
			}

			case 'apply': {
				return renderApplied(result.applied);
			}

			case 'stat': {
				return renderStatistics(result.statistics);
			}
		}
	},
	toJson(result) {
		switch (result.did) {
			case 'make': {
				// The standard output has the stream.
				return result.made.output === '-' ? undefined : result.made;
			}

			case 'dump': {
				return undefined;
			}

			case 'check': {
				return result.checked;
			}

			case 'apply': {
				return result.applied;
			}

			case 'stat': {
				return result.statistics;
			}
		}
	},
	notices(result) {
		switch (result.did) {
			case 'make': {
				return leftOutLines(result.made.leftOut);
			}

			case 'check': {
				return leftOutLines(result.checked.leftOut);
			}

			case 'apply': {
				return leftOutLines(result.applied.leftOut);
			}

			case 'dump':
			case 'stat': {
				return [];
			}
		}
	},
};
