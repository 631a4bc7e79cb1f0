/**
A commit: what it is, and what changed in it or since.
*/
import type {DiffResult, VolumeDiff} from '../../../actions/diff.ts';
import {
	formatAge,
	formatBytes,
	formatCount,
	formatDuration,
	printable,
	shortId,
} from '../../../system/format.ts';
import {localTime} from '../../draw/local-time.ts';
import {
	emptyRow,
	piece,
	row,
	type Row,
} from '../../draw/row.ts';
import type {Role} from '../../draw/theme.ts';
import {diffRequest, shownCommit} from '../../state/diff-request.ts';
import {diffKey, selectedStack} from '../../state/select.ts';
import type {CommitView, Problem, State} from '../../state/state.ts';
import {commitNames} from '../panels/commits.ts';
import type {View} from '../view.ts';

const label = (text: string) => piece(text.padEnd(10), 'dim');

const letters: Readonly<Record<VolumeDiff['files'][number]['kind'], readonly [string, Role]>> = {
	added: ['A', 'added'], removed: ['D', 'removed'], modified: ['M', 'changed'], renamed: ['R', 'accent'], metadata: ['m', 'dim'],
};

const volumeRows = ({name, kind, bytes, fileCount, files}: VolumeDiff): Row[] => [
	row(piece(name, 'strong'), '  ', kind === 'same' ? piece('no difference', 'dim') : piece(`${kind}, ${formatBytes(bytes)}${fileCount === 0 ? '' : ` in ${formatCount(fileCount, 'file')}`}`, 'changed')),
	...files.map(file => {
		const [letter, role] = letters[file.kind];
		return {
			...row('  ', piece(letter, role), ` ${file.from === undefined ? '' : `${printable(file.from)} → `}${printable(file.path)}`),
			right: [piece(file.bytes === 0 ? '' : formatBytes(file.bytes), 'dim')],
		};
	}),
	...fileCount > files.length && files.length > 0 ? [row(piece(`  … and ${formatCount(fileCount - files.length, 'more file')}`, 'dim'))] : [],
];

/** What differs in the definition and in what runs, as rows. */
export const definitionDiffRows = ({definition, drift}: DiffResult): Row[] => [
	...definition.length === 0
		? []
		: [
			emptyRow,
			row(piece('Definition', 'title')),
			...definition.map(({key, from, to}) => row(`  ${key}: `, piece(from ?? 'absent', 'removed'), ' → ', piece(to ?? 'absent', 'added'))),
		],
	...drift.length === 0
		? []
		: [
			emptyRow,
			row(piece('What runs', 'title')),
			...drift.map(({service, kind}) => row(`  ${service} `, piece({
				definition: 'runs by another definition than the compose file has now: `u` makes it anew',
				image: 'runs another image than the commit was made with',
				'image-name': 'runs another image than the one that has its name now',
				'unknown-service': 'runs, and the compose file has no such service',
			}[kind], 'warning'))),
		],
];

const isResult = (value: DiffResult | Problem | 'loading' | undefined): value is DiffResult => typeof value === 'object' && 'volumes' in value;

/** What differs, or that it is being looked for. */
const diffRows = (found: DiffResult | Problem | 'loading' | undefined): Row[] => {
	if (found === undefined || found === 'loading') {
		return [row(piece('comparing…', 'dim'))];
	}

	return isResult(found)
		? [...found.volumes.flatMap(volume => volumeRows(volume)), ...definitionDiffRows(found)]
		: [row(piece(found.message, 'bad')), ...found.hint === undefined ? [] : [row(piece(found.hint, 'dim'))]];
};

const headRows = (commit: CommitView, {now}: View): Row[] => [
	row(label(commit.kind === 'safety' ? 'Safety' : 'Commit'), piece(commit.id.slice(0, 20), 'id'), '  ', ...commitNames(commit)),
	row(label('Made'), `${localTime(commit.time)} `, piece(formatAge(commit.time, now), 'dim')),
	row(label('Branch'), piece(commit.branch, 'branch'), piece(`  ${commit.consistency}${commit.stillMilliseconds > 0 ? `, writers stood still for ${formatDuration(commit.stillMilliseconds)}` : ''}`, 'dim')),
	emptyRow,
	...commit.message.trim().split('\n').map(line => row(`  ${printable(line)}`)),
	emptyRow,
];

export const commitRows = (state: State, view: View): readonly Row[] => {
	const stack = selectedStack(state);
	if (stack?.detail === undefined) {
		return [row(piece(stack === undefined ? 'There is no stack.' : 'reading…', 'dim'))];
	}

	const request = diffRequest(state);
	const commit = shownCommit(state);
	if (commit === undefined) {
		return [row(piece('There is no commit yet: `c` keeps all volumes as they are now.', 'dim'))];
	}

	const found = request === undefined ? undefined : state.diffs[diffKey(stack.id, request)];
	const what = request?.to === undefined ? `${shortId(request?.from ?? commit.id)} against the live data` : `what changed since ${shortId(request.from)}`;
	return [
		...headRows(commit, view),
		...request === undefined
			? [row(piece(commit.isElsewhere ? 'Its data are on another host.' : 'The first commit: all of it is new.', 'dim')), row(piece('d', 'key'), piece(' compares it with the live data', 'dim'))]
			: [row(piece(what, 'title')), ...diffRows(found)],
	];
};
