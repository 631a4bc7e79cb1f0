/**
Where the stack stands, or what the branch under the cursor is.
*/
import {
	firstLine,
	formatAge,
	formatBytes,
	shortId,
} from '../../../system/format.ts';
import {describeDrift} from '../../../actions/sync/describe-drift.ts';
import type {VolumeStatus} from '../../../actions/status.ts';
import {formatPort} from '../../../stack/format-port.ts';
import {meter} from '../../draw/sparkline.ts';
import {
	emptyRow,
	piece,
	row,
	type Row,
} from '../../draw/row.ts';
import {
	currentBranch,
	currentHost,
	selectedStack,
	sidePanelOf,
	type BranchEntry,
} from '../../state/select.ts';
import {measuredAge} from '../../state/data-state.ts';
import {
	isLocal,
	localHost,
	type StackDetail,
	type StackView,
	type State,
} from '../../state/state.ts';
import {serviceSign, serviceState} from '../panels/services.ts';
import type {View} from '../view.ts';
import {hostRows} from './host.ts';

const label = (text: string) => piece(text.padEnd(10), 'dim');

/** What to do first: shown where there is nothing else. */
const firstSteps = (state: State): Row[] => [
	row(piece('Welcome to Coppice', 'title')),
	emptyRow,
	row('Commit, branch and reset compose stacks with their databases inside.'),
	emptyRow,
	row(piece('a', 'key'), '  make a new stack from a template'),
	row(piece('i', 'key'), `  take up the compose project of ${state.directory}`),
	row(piece('?', 'key'), '  all keys'),
	row(piece(':', 'key'), '  all actions, with the command line that does the same'),
];

const problemRows = ({problem}: StackView): Row[] => problem === undefined
	? []
	: [row(piece(problem.message, 'bad')), ...problem.hint === undefined ? [] : [row(piece(problem.hint, 'dim'))], emptyRow];

const changedBytes = ({volumes}: StackDetail): number => volumes.filter(volume => volume.changed).reduce((sum, {ownBytes}) => sum + ownBytes, 0);

const dataRow = (detail: StackDetail, {now}: View): Row => {
	if (detail.head === null) {
		return row(label('Data'), piece('not committed', 'warning'), piece('  c makes the first commit', 'dim'));
	}

	if (detail.changed === undefined) {
		return row(label('Data'), piece('measuring…', 'dim'));
	}

	const age = measuredAge(detail, now);
	return row(
		label('Data'),
		detail.changed ? piece(`changed, ${formatBytes(changedBytes(detail))} of their own`, 'warning') : piece('clean', 'good'),
		...age === undefined ? [] : [piece(`  as of ${age}`, 'dim')],
	);
};

/** Of one that was not measured since a verb may have changed it, nothing is said. */
const volumeRow = ({name, changed, sharedBytes, ownBytes}: VolumeStatus, isMeasured: boolean): Row => {
	if (!isMeasured) {
		return row(`  ${name} `, piece('measuring…', 'dim'));
	}

	return row(
		`  ${name} `,
		changed ? piece('changed', 'warning') : piece('clean', 'good'),
		piece(`  ${formatBytes(sharedBytes)} shared, ${formatBytes(ownBytes)} own`, 'dim'),
	);
};

const headRow = ({head, commits}: StackDetail, {now}: View): Row => {
	const commit = commits.find(({id}) => id === head);
	return commit === undefined
		? row(label('Head'), piece(head === null ? 'no commit yet' : shortId(head), 'dim'))
		: row(label('Head'), piece(shortId(commit.id), 'id'), ` ${firstLine(commit.message)} `, piece(formatAge(commit.time, now), 'dim'));
};

const isAway = (stack: StackView, {hosts}: State): boolean => hosts.some(({name, status}) => name === stack.host && status !== 'online');

/** What is shown of a host that is away, or has not answered yet, is what was last known. */
const staleRows = (stack: StackView, {hosts}: State, {now}: View): Row[] => {
	const host = hosts.find(({name}) => name === stack.host);
	if (host === undefined || host.status === 'online') {
		return [];
	}

	const age = host.seenAt === undefined ? '' : ` ${formatAge(new Date(host.seenAt).toISOString(), now)}`;
	const isLost = host.status === 'stale';
	return [
		row(piece(`${host.name} ${isLost ? 'can\'t be reached' : 'is being connected'}: this is as it was${age}.`, isLost ? 'bad' : 'warning')),
		...host.problem === undefined ? [] : [row(piece(host.problem.message, 'dim'))],
		emptyRow,
	];
};

/** How the branches of other hosts and ours have moved apart since they were one. */
const driftRows = (drift: State['drift'][string] | undefined): Row[] => drift === undefined || drift.length === 0
	? []
	: [
		emptyRow,
		row(piece('Other hosts', 'title'), piece('  as last fetched: f fetches, p pulls, P pushes, w asks', 'dim')),
		...drift.map(branch => {
			const isApart = branch.ahead !== undefined && branch.ahead + (branch.behind ?? 0) > 0;
			return row('  ', piece(`${branch.host}/${branch.name}`, 'remote'), piece(`  ${describeDrift(branch)}`, isApart ? 'warning' : 'dim'), piece(branch.data === 'here' ? '' : '  data only there', 'dim'));
		}),
	];

const stackRows = (stack: StackView, detail: StackDetail, state: State, view: View): Row[] => {
	const {pool, undo, redo, services, volumes, notices, damaged} = detail;
	return [
		row(label('Stack'), piece(stack.name, 'strong'), piece(`  ${isLocal(stack) ? '' : `on ${stack.host} `}${stack.folder}`, 'dim')),
		row(label('Branch'), piece(stack.branch ?? '', 'branch')),
		headRow(detail, view),
		dataRow(detail, view),
		...undo === undefined ? [] : [row(label('Undo'), piece('z', 'key'), ` takes back: ${undo}`)],
		...redo === undefined ? [] : [row(label('Redo'), piece('Z', 'key'), ' does again what the last undo took back')],
		emptyRow,
		row(piece('Services', 'title'), piece(`  ${stack.runtime}`, 'dim')),
		...services.flatMap(service => [
			row('  ', serviceSign(service, view), ` ${service.name} `, serviceState(service), piece(`  ${service.ports.map(port => formatPort(port)).join(' ')}`, 'dim')),
			...service.connectionString === undefined || !service.ready ? [] : [row(' '.repeat(6), piece(service.connectionString, 'accent'))],
			...service.ready || service.reason === undefined || service.state === 'created' ? [] : [row(' '.repeat(6), piece(service.reason, 'dim'))],
		]),
		...services.some(service => service.state === 'running') ? [] : [row('  ', piece('u', 'key'), ' starts them')],
		emptyRow,
		row(piece('Volumes', 'title')),
		...volumes.map(volume => volumeRow(volume, detail.changed !== undefined)),
		...volumes.length === 0 ? [row(piece('  measuring…', 'dim'))] : [],
		...driftRows(state.drift[stack.id]),
		emptyRow,
		row(piece('Pool', 'title'), piece(pool.path === '' ? `  ${pool.driver}` : `  ${pool.driver} at ${pool.path}`, 'dim')),
		...pool.totalBytes === 0
			? []
			: [row('  ', piece(meter(pool.totalBytes - pool.freeBytes, pool.totalBytes, 24, view.glyphs), 'bar'), ` ${formatBytes(pool.freeBytes)} free of ${formatBytes(pool.totalBytes)}`)],
		...damaged === 0 && notices.length === 0 ? [] : [emptyRow, row(piece('Notes', 'title'))],
		...damaged === 0 ? [] : [row(piece(`  ${damaged} commits can't be read: \`coppice doctor\` lists them`, 'bad'))],
		...notices.map(notice => row(piece(`  ${notice}`, 'dim'))),
	];
};

const branchRows = (branch: BranchEntry, detail: StackDetail, state: State, {now}: View): Row[] => {
	const drift = state.drift[state.selected ?? '']?.find(({host, name}) => `${host}/${name}` === branch.name);
	const commit = detail.commits.find(({id}) => id === branch.tip);
	return [
		row(label('Branch'), piece(branch.name, branch.isRemote ? 'remote' : 'branch'), branch.isCurrent ? piece('  current', 'good') : undefined),
		commit === undefined
			? row(label('Tip'), piece('no commit yet', 'dim'))
			: row(label('Tip'), piece(shortId(commit.id), 'id'), ` ${firstLine(commit.message)} `, piece(formatAge(commit.time, now), 'dim')),
		...branch.ownBytes === undefined
			? []
			: [
				row(label('Data'), branch.changed === true ? piece('changed', 'warning') : piece('clean', 'good'), ` ${formatBytes(branch.ownBytes)} own, ${formatBytes(branch.sharedBytes ?? 0)} shared with its tip`),
			],
		emptyRow,
		...branch.isRemote
			? [
				row(piece('A branch of another host, as it was when it was last fetched.', 'dim')),
				...drift === undefined ? [] : [row(piece(describeDrift(drift), 'strong'))],
				emptyRow,
				row(piece('p', 'key'), '  pull it'),
				row(piece('f', 'key'), '  fetch what is new there'),
			]
			: [
				...branch.isCurrent ? [] : [row(piece('enter', 'key'), '  switch to it: what is not committed stays with the branch that is left')],
				row(piece('m', 'key'), '      rename it'),
				...branch.isCurrent ? [] : [row(piece('x', 'key'), '      delete it: its data are kept as a safety commit')],
				row(piece('R', 'key'), `      reset ${detail.branches.find(({isCurrent}) => isCurrent)?.name ?? ''} to its tip`),
			],
	];
};

export const overviewRows = (state: State, view: View): readonly Row[] => {
	const host = sidePanelOf(state) === 'stacks' ? currentHost(state) : undefined;
	if (host !== undefined && host.name !== localHost) {
		return hostRows(host, state, view);
	}

	const stack = selectedStack(state);
	if (stack === undefined) {
		return state.isLoaded ? firstSteps(state) : [row(piece('reading…', 'dim'))];
	}

	if (stack.isUntaken) {
		return [
			...problemRows(stack),
			row(piece(stack.name, 'strong'), ' is a compose project, and no stack of Coppice yet.'),
			row(piece(stack.folder, 'dim')),
			emptyRow,
			row(piece('i', 'key'), '  takes it up: it says what it will manage before it changes anything'),
		];
	}

	const {detail} = stack;
	const above = [...staleRows(stack, state, view), ...problemRows(stack)];
	if (detail === undefined) {
		const why = isAway(stack, state) ? `Its history, services and data show once ${stack.host} answers.` : 'reading…';
		return [...above, row(piece(stack.problem === undefined ? why : stack.folder, 'dim'))];
	}

	const branch = sidePanelOf(state) === 'branches' ? currentBranch(state) : undefined;
	return [...above, ...branch === undefined ? stackRows(stack, detail, state, view) : branchRows(branch, detail, state, view)];
};
