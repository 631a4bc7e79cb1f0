/**
What is drawn over the panes: questions, the palette, help, long texts.
*/
import {displayWidth} from '../../system/display-width.ts';
import {drawFrame} from '../draw/frame.ts';
import {
	emptyRow,
	piece,
	row,
	rowText,
	type Row,
} from '../draw/row.ts';
import {clampIndex, firstShown} from '../draw/viewport.ts';
import type {Role} from '../draw/theme.ts';
import {wrapText} from '../draw/wrap-text.ts';
import {actions, findActionById, paletteActions} from '../actions/index.ts';
import type {Action} from '../actions/action.ts';
import {keysOf, showKey} from '../keys/key-map.ts';
import {matcher} from '../state/filter.ts';
import {helpSize, messageSize, modalSize} from '../state/modal-size.ts';
import type {Modal, State} from '../state/state.ts';
import {inputPieces} from './bars.ts';
import {confirmationKeys, confirmationRows} from './confirmation.ts';
import type {View} from './view.ts';

export type Overlay = {readonly column: number; readonly line: number; readonly lines: readonly string[]};

type Content = {
	readonly title: string;
	readonly rows: readonly Row[];
	readonly cursor?: number;
	readonly footer?: string;
	readonly role?: Role;

	/** Whether it takes all the height there is. */
	readonly isTall?: boolean;
};

/** The actions that a search finds in the palette, those that can be done first. */
export const foundActions = (state: State, text: string): readonly Action[] => {
	const words = text.toLowerCase().split(/\s+/v).filter(word => word !== '');
	return paletteActions(state).filter(({id, title, group, twin}) => {
		const searched = `${id} ${title} ${group} ${twin === undefined ? '' : twin(state)}`.toLowerCase();
		return words.every(word => searched.includes(word));
	});
};

const paletteContent = (modal: Extract<Modal, {type: 'palette'}>, state: State, {bindings}: View, height: number): Content => {
	const found = foundActions(state, modal.input.text);
	const index = clampIndex(modal.index, found.length);
	const room = Math.max(1, height - 5);
	const first = firstShown(index, found.length, room);
	const chosen = found[index];
	const obstacle = chosen?.obstacle?.(state);
	return {
		title: 'Actions',
		isTall: true,
		rows: [
			row(piece(':', 'key'), ...inputPieces(modal.input)),
			...found.slice(first, first + room).map(({id, title, obstacle: why}) => ({
				...row(' ', piece(title, why?.(state) === undefined ? 'text' : 'dim')),
				right: [piece(keysOf(bindings, id).map(key => showKey(key, state.isAscii)).join(' '), 'key')],
			})),
			...Array.from({length: Math.max(0, room - found.length)}, () => emptyRow),
			obstacle === undefined ? row(piece('$ ', 'dim'), piece(chosen?.twin?.(state) ?? 'no command line does this', chosen?.twin === undefined ? 'dim' : 'accent')) : row(piece(obstacle, 'warning')),
		],
		cursor: found.length === 0 ? -1 : index - first + 1,
		footer: `${found.length === 0 ? 0 : index + 1} of ${found.length}`,
	};
};

/** All keys with what they do, context by context; the command line that does the same where there is room for it. */
export const helpRows = (state: State, {bindings}: Pick<View, 'bindings'>, search: string, width = Infinity): readonly Row[] => {
	const matches = matcher(search);
	const contextsShown = [...new Set(bindings.map(({context}) => context))].toSorted((a, b) => Number(a === 'global') - Number(b === 'global'));
	const parts = contextsShown.flatMap(context => {
		const rows = bindings.filter(binding => binding.context === context && binding.keys.length > 0).map(({keys, action}) => {
			const title = findActionById(action)?.title ?? action;
			const twin = findActionById(action)?.twin?.(state);
			const line = row(piece(`  ${keys.map(key => showKey(key, state.isAscii)).join(' ').padEnd(12)} `, 'key'), title);
			const hasRoom = twin !== undefined && displayWidth(rowText(line)) + displayWidth(twin) + 1 <= width;
			return {...line, right: hasRoom ? [piece(twin, 'dim')] : []};
		}).filter(line => matches(rowText(line)));
		return rows.length === 0 ? [] : [row(piece(context === 'global' ? 'Everywhere' : `In ${context}`, 'title')), ...rows, emptyRow];
	});
	const keyless = actions.filter(({id, group}) => group !== 'Moving' && bindings.every(({action, keys}) => !(action === id && keys.length > 0)))
		.map(({title}) => row(piece('  :            ', 'key'), title)).filter(line => matches(rowText(line)));
	return [
		...parts,
		...keyless.length === 0 ? [] : [row(piece('By the palette alone', 'title')), ...keyless],
	];
};

const contentOf = (modal: Exclude<Modal, {type: 'filter'}>, state: State, view: View, {width, height}: {readonly width: number; readonly height: number}): Content => {
	switch (modal.type) {
		case 'prompt': {
			return {
				title: modal.title,
				rows: [
					row(...inputPieces(modal.input)),
					emptyRow,
					row(modal.problem === undefined ? piece(modal.hint, 'dim') : piece(modal.problem, 'bad')),
				],
				footer: 'enter: go on   esc: back',
			};
		}

		case 'choose': {
			const room = Math.max(1, height - 2);
			const first = firstShown(modal.index, modal.choices.length, room);
			return {
				title: modal.title,
				rows: modal.choices.slice(first, first + room).map(({label, detail = ''}) => ({...row(` ${label}  `), right: [piece(detail, 'dim')]})),
				cursor: modal.index - first,
				footer: 'enter: go on   esc: back',
			};
		}

		case 'confirm': {
			return {
				title: modal.title, role: modal.isProduction === true ? 'production' : 'warning', rows: confirmationRows(modal, {width, height}), footer: confirmationKeys(modal, width),
			};
		}

		case 'palette': {
			return paletteContent(modal, state, view, height);
		}

		case 'help': {
			const {width: columns, height: room} = helpSize({width, height});
			const rows = helpRows(state, view, modal.input.text, columns);
			const first = Math.min(modal.scroll, Math.max(0, rows.length - room));
			return {
				title: 'Keys',
				isTall: true,
				rows: [
					row(piece('/', 'key'), ...modal.isTyping ? inputPieces(modal.input) : [piece(modal.input.text === '' ? ' search' : modal.input.text, modal.input.text === '' ? 'dim' : 'text')]),
					...rows.slice(first, first + room),
				],
				footer: `${first + 1}–${Math.min(rows.length, first + room)} of ${rows.length}`,
			};
		}

		case 'message': {
			const {width: columns, height: room} = messageSize({width, height});
			const lines = modal.lines.flatMap(line => wrapText(line, columns));
			const first = Math.min(modal.scroll, Math.max(0, lines.length - room));
			return {title: modal.title, rows: lines.slice(first, first + room).map(line => row(line)), footer: 'esc: back'};
		}
	}
};

/** The modal as lines and where they stand; nothing where there is none. */
export const overlayOf = (state: State, view: View): Overlay | undefined => {
	const {modal, terminal: {columns, rows}} = state;
	if (modal === undefined || modal.type === 'filter') {
		return undefined;
	}

	const {width, height: most} = modalSize(modal.type, {columns, rows});
	const {
		title, rows: content, cursor, footer, role, isTall = false,
	} = contentOf(modal, state, view, {width, height: most});
	const height = isTall ? most : Math.min(most, content.length + 2);
	return {
		column: Math.floor((columns - width) / 2),
		line: Math.max(1, Math.floor((rows - height) / 2)),
		lines: drawFrame(content, {
			width,
			height,
			title: [piece(title, 'title')],
			isActive: true,
			paint: view.paint,
			glyphs: view.glyphs,
			role: role ?? 'activeBorder',
			...(cursor !== undefined && {cursor}),
			...(footer !== undefined && {footer}),
		}),
	};
};
