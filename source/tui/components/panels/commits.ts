/**
The commits of the stack as a graph.
*/
import {firstLine, shortId} from '../../../system/format.ts';
import type {RenderedLine} from '../../../history/graph.ts';
import {
	emptyRow,
	piece,
	row,
	type Piece,
	type Row,
} from '../../draw/row.ts';
import type {Role} from '../../draw/theme.ts';
import {firstShown} from '../../draw/viewport.ts';
import {
	commitEntries,
	cursorIndex,
	cursorOf,
	selectedStack,
} from '../../state/select.ts';
import type {CommitView, State} from '../../state/state.ts';
import {listNote, teach} from '../list-content.ts';
import type {PaneContent, View} from '../view.ts';
import {shortAge} from './branches.ts';

const lanes: readonly Role[] = ['lane0', 'lane1', 'lane2', 'lane3', 'lane4', 'lane5'];

/** A line of the graph, each lane in its colour; neighbours of one colour are one piece. */
const graphPieces = ({text, lanes: laneOf}: RenderedLine, isDim: boolean): Piece[] => {
	const pieces: Piece[] = [];
	for (const [index, character] of [...text].entries()) {
		const lane = laneOf[index];
		const role: Role = isDim && (character === '●' || character === '*') ? 'dim' : (lane === undefined ? 'text' : lanes[lane % lanes.length]!);
		const last = pieces.at(-1);
		if (last?.role === role) {
			pieces[pieces.length - 1] = piece(last.text + character, role);
		} else {
			pieces.push(piece(character, role));
		}
	}

	return [...pieces, piece(' ')];
};

/** What points at a commit. */
export const commitNames = ({isHead, branches, remoteBranches, tags}: CommitView): Piece[] => [
	...isHead ? [piece('HEAD ', 'accent')] : [],
	...branches.map(name => piece(`[${name}] `, 'branch')),
	...remoteBranches.map(name => piece(`[${name}] `, 'remote')),
	...tags.map(name => piece(`<${name}> `, 'tag')),
];

const commitRow = (commit: CommitView, graph: readonly Piece[], {now}: View): Row => {
	const isDim = commit.kind === 'safety' || commit.isElsewhere;
	return {
		...row(
			...graph,
			piece(shortId(commit.id), isDim ? 'dim' : 'id'),
			' ',
			...commitNames(commit),
			// Before the message: in a narrow pane that is what is cut.
			...commit.kind === 'safety' ? [piece('[safety] ', 'dim')] : [],
			...commit.isElsewhere ? [piece('[elsewhere] ', 'dim')] : [],
			piece(firstLine(commit.message), isDim ? 'dim' : 'text'),
		),
		right: [piece(shortAge(commit.time, now), 'dim')],
	};
};

export const commitsContent = (state: State, view: View, height: number): PaneContent => {
	const detail = selectedStack(state)?.detail;
	const entries = commitEntries(state);
	const isFiltered = (state.filters.commits ?? '') !== '';
	if (detail === undefined || (!isFiltered && entries.length === 0)) {
		return teach(detail === undefined ? '' : 'No commits yet: `c` keeps all volumes as they are now.');
	}

	const cursor = cursorIndex(entries, cursorOf(state, 'commits'));
	const common = {note: listNote(state, 'commits'), footer: entries.length === 0 ? 'none' : `${cursor + 1} of ${entries.length}`};
	if (isFiltered) {
		const firstRow = firstShown(cursor, entries.length, height);
		return {
			...common, rows: entries.slice(firstRow, firstRow + height).map(commit => commitRow(commit, [], view)), count: entries.length, firstRow, cursor,
		};
	}

	const {lines, lineOf} = detail.graph;
	const line = lineOf[cursor] ?? 0;
	const firstRow = firstShown(line, lines.length, height);
	return {
		...common,
		rows: lines.slice(firstRow, firstRow + height).map(({commit: index, line: rendered}) => {
			const commit = entries[index];
			if (commit === undefined) {
				return emptyRow;
			}

			const graph = graphPieces(rendered, commit.kind === 'safety');
			return rendered.isCommit ? commitRow(commit, graph, view) : row(...graph);
		}),
		count: lines.length,
		firstRow,
		cursor: line,
	};
};
