/**
The lines above and below the panes: where one is, what is being done, which keys do what.
*/
import {describeTransfer, describeTransferAmount} from '../../actions/describe-transfer.ts';
import {displayWidth, graphemes} from '../../system/display-width.ts';
import {formatBytes} from '../../system/format.ts';
import {
	drawRow,
	piece,
	row,
	rowText,
	type Piece,
	type Row,
} from '../draw/row.ts';
import {activeContexts, showKey} from '../keys/key-map.ts';
import {
	activeTab,
	isProduction,
	runningJobs,
	selectedStack,
} from '../state/select.ts';
import {type Layout, splitSize} from '../state/layout.ts';
import {measuredAge} from '../state/data-state.ts';
import type {StackView, State, TextInput} from '../state/state.ts';
import {jobProgress} from './tabs/jobs.ts';
import {workSign} from './work-sign.ts';
import type {View} from './view.ts';

const dataPieces = ({detail}: StackView, {now}: View): Piece[] => {
	if (detail === undefined) {
		return [];
	}

	if (detail.head === null) {
		return [piece('not committed', 'warning')];
	}

	if (detail.changed === undefined) {
		return [piece('measuring…', 'dim')];
	}

	const bytes = detail.volumes.filter(volume => volume.changed).reduce((sum, {ownBytes}) => sum + ownBytes, 0);
	const age = measuredAge(detail, now);
	// A plain folder shares nothing with its snapshots: all of the copy is its own, however little of it differs.
	const amount = detail.pool.driver === 'directory' ? '' : ` ${formatBytes(bytes)}`;
	return [detail.changed ? piece(`changed${amount}`, 'warning') : piece('clean', 'good'), ...age === undefined ? [] : [piece(` ${age}`, 'dim')]];
};

/** That one pane is shown at a time: never left out, but shortened. */
const paneNotices = [`one pane at a time, ${splitSize.columns}×${splitSize.rows} shows all `, 'one pane at a time ', 'one pane '].map(text => piece(text, 'warning'));

/** Host, stack, branch, and whether its data are clean. */
export const headerRow = (state: State, layout: Layout, view: View): Row => {
	const {glyphs} = view;
	const {columns} = state.terminal;
	const stack = selectedStack(state);
	const host = state.hosts.find(({name}) => name === stack?.host) ?? state.hosts[0];
	const arrow = piece(` ${glyphs.isAscii ? '>' : '›'} `, 'dim');
	const place = [
		piece(host?.name ?? '', isProduction(state) ? 'production' : 'accent'),
		// What is shown of a host that has not answered yet is from the last time.
		host === undefined || host.status === 'online' ? undefined : piece(' (stale)', host.status === 'stale' ? 'bad' : 'warning'),
		...stack === undefined ? [] : [arrow, piece(stack.name, 'strong'), ...stack.branch === undefined ? [] : [arrow, piece(stack.branch, 'branch')]],
	];
	const data = stack === undefined ? [] : ['  ', ...dataPieces(stack, view)];
	const whole = row(piece(' coppice ', 'title'), ...place, ...data);
	if (layout.mode !== 'single') {
		return {...whole, right: [piece(stack?.detail === undefined ? '' : `${stack.runtime}, ${stack.detail.pool.driver} `, 'dim')]};
	}

	// The name of the program says nothing new: it is the first to go, and the data are the last, so that the branch stays.
	const [long, middle, short] = paneNotices as [Piece, Piece, Piece];
	const bare = row(' ', ...place, ...data);
	const least = [row(' ', ...place), short] as const;
	const fitting = [[whole, long], [whole, middle], [bare, middle], [bare, short]] as const;
	const [left, notice] = fitting.find(([content, {text}]) => displayWidth(rowText(content).trimEnd()) + 1 + displayWidth(text) <= columns) ?? least;
	return {...left, right: [notice]};
};

/** A text that is typed, with its cursor as a block: on the whole of what is seen as one character. */
export const inputPieces = ({text, cursor}: TextInput): Piece[] => {
	let before = '';
	let passed = 0;
	for (const character of graphemes(text)) {
		passed += [...character].length;
		if (passed > cursor) {
			return [piece(before), piece(character, 'selected'), piece(text.slice(before.length + character.length))];
		}

		before += character;
	}

	return [piece(before), piece(' ', 'selected'), piece('')];
};

/** The hints of what has the focus, in two lines: what does not fit in the first one is in the second. */
const hintParts = (state: State, {bindings}: Pick<View, 'bindings'>): readonly [Piece[], Piece[]] => {
	const held = activeContexts(state.focus, activeTab(state));
	const seen = new Set<string>();
	const hinted = bindings.filter(({hint, keys}) => hint !== undefined && keys.length > 0);
	const hints = held.flatMap(context => hinted.filter(binding => binding.context === context)).filter(({keys}) => {
		const isNew = !seen.has(keys[0]!);
		seen.add(keys[0]!);
		return isNew;
	});
	// The ways to everything else stand first: they must never be cut off.
	const always = hints.filter(({action}) => action === 'help' || action === 'palette');
	const others = hints.filter(hint => !always.includes(hint));
	const lines: [Piece[], Piece[]] = [[], []];
	let used = 0;
	for (const {keys, hint} of [...always, ...others]) {
		const key = showKey(keys[0]!, state.isAscii);
		used += displayWidth(key) + displayWidth(hint!) + 3;
		lines[used > state.terminal.columns ? 1 : 0].push(piece(` ${key}`, 'key'), piece(` ${hint!} `));
	}

	return lines;
};

/** What runs now, else the last sentence worth reading, else what is wrong with the stack, else the hints that the last line has no room for. */
export const trayRow = (state: State, view: View): Row => {
	const running = runningJobs(state);
	const [job] = running;
	if (job !== undefined) {
		return {
			...row(' ', workSign(job.status, state, view), ` ${job.title}  `, piece(jobProgress(job), 'accent')),
			right: [piece(`${running.length > 1 ? `and ${running.length - 1} more  ` : ''}${job.canCancel ? 'X cancels ' : ''}`, 'dim')],
		};
	}

	const {toast} = state;
	if (toast !== undefined && toast.until > state.now) {
		const sign = {good: piece(`${view.glyphs.check} `, 'good'), bad: piece(`${view.glyphs.cross} `, 'bad'), plain: piece('')}[toast.kind];
		return row(' ', sign, piece(toast.text, toast.kind === 'bad' ? 'bad' : 'text'));
	}

	// What another process transfers has no job here.
	const foreign = state.transfers.find(transfer => transfer.state === 'running');
	if (foreign !== undefined) {
		return {
			...row(' ', workSign(foreign.state, state, view), ` ${describeTransfer(foreign)}  `, piece(describeTransferAmount(foreign), 'accent')),
			right: [piece('of another terminal, F shows it ', 'dim')],
		};
	}

	// Seen in whatever tab: the overview has all of it.
	const problem = selectedStack(state)?.problem;
	return problem === undefined
		? row(...state.modal === undefined ? hintParts(state, view)[1] : [])
		: row(' ', piece(`${view.glyphs.cross} `, 'bad'), piece(problem.message, 'bad'), ...problem.hint === undefined ? [] : [piece(` ${problem.hint}`, 'dim')]);
};

/** The keys that do something here, or the filter while it is typed. */
export const hintRow = (state: State, view: Pick<View, 'bindings'>): Row => {
	const {modal} = state;
	if (modal?.type === 'filter') {
		return {...row(piece(' /', 'key'), ...inputPieces(modal.input)), right: [piece('enter keeps it, esc does not; !text leaves out, /expression/ ', 'dim')]};
	}

	return modal === undefined
		? row(...hintParts(state, view)[0])
		: row(piece(' esc', 'key'), ' back', ...modal.type === 'help' ? [piece('  /', 'key'), ' search'] : []);
};

export const barLine = (content: Row, width: number, {paint}: Pick<View, 'paint'>): string => drawRow(content, width, {paint});
