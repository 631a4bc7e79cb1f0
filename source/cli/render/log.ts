/**
The history as a graph: one line a commit, beside the lines of its ancestry.
*/
import type {LogEntry, LogResult} from '../../actions/log.ts';
import {layoutGraph, renderGraph, type RenderedLine} from '../../history/graph.ts';
import {
	firstLine,
	formatAge,
	formatBytes,
	shortId,
} from '../output/format.ts';
import type {Format, Style} from '../output/style.ts';
import type {View} from '../output/view.ts';
import {countedFiles} from './counted-files.ts';

const renderNames = ({head, branches, remoteBranches, tags}: LogEntry, {style}: View): string => {
	const names = [
		...branches.map(name => style.green(name)),
		...remoteBranches.map(name => style.red(name)),
		...tags.map(name => style.yellow(`tag ${name}`)),
	];
	return names.length === 0 ? '' : `${style.dim('(')}${head ? style.bold(style.cyan('HEAD → ')) : ''}${names.join(style.dim(', '))}${style.dim(')')}`;
};

/**
A commit on one line. A safety commit is dim as a whole.
*/
export const renderLogEntry = (entry: LogEntry, view: View): string => {
	const {style, now} = view;
	const {
		id, message, time, kind, consistency, measure, sharedBytes, ownBytes,
	} = entry;
	const facts = [
		formatAge(time, now),
		...measure === undefined ? [] : [`${formatBytes(measure.changedBytes)} changed`],
		...sharedBytes === undefined || ownBytes === undefined ? [] : [`${formatBytes(sharedBytes)} shared, ${formatBytes(ownBytes)} own`],
		consistency,
		...entry.elsewhere === undefined ? [] : [`data on ${entry.elsewhere.length === 0 ? 'another host' : entry.elsewhere.join(', ')}`],
	].join(', ');
	const names = renderNames(entry, view);
	return kind === 'safety' ? [style.dim(shortId(id)), ...names === '' ? [] : [names], style.dim(`${firstLine(message)}  [safety] ${facts}`)].join(' ') : [style.yellow(shortId(id)), ...names === '' ? [] : [names], firstLine(message), style.dim(` ${facts}`)].join(' ');
};

/**
What `log --json` prints of a commit: the commit, what it is called, and what changed in it; not its definition, which `diff` shows.
*/
export const logEntryToJson = ({definition: _definition, measure, ...entry}: LogEntry): Record<string, unknown> => ({
	...entry,
	changedBytes: measure?.changedBytes ?? null,
	changedFiles: measure === undefined ? null : countedFiles(measure) ?? null,
	changes: measure?.volumes ?? null,
});

const laneColors: readonly Format[] = ['cyan', 'magenta', 'green', 'blue', 'yellow', 'red'];

/** Each lane in its colour. */
const colorLanes = ({text, lanes}: RenderedLine, style: Style): string => {
	const characters = Array.from(text, (character, index) => {
		const lane = lanes[index];
		return lane === undefined ? character : style[laneColors[lane % laneColors.length] ?? 'cyan'](character);
	});
	return characters.join('');
};

/**
The graph, newest commit first. Nothing at all without commits.
*/
export const renderLog = ({entries}: LogResult, view: View): string => {
	const rows = renderGraph(layoutGraph(entries.map(({id, shownParents}) => ({id, parents: shownParents}))), {ascii: view.isAscii});
	const byId = new Map(entries.map(entry => [entry.id, entry]));
	return rows.flatMap(({id, lines}) => lines.map(line => {
		const entry = line.isCommit ? byId.get(id) : undefined;
		const graph = colorLanes(line, view.style);
		return entry === undefined ? graph : `${graph} ${renderLogEntry(entry, view)}`;
	})).join('\n');
};
