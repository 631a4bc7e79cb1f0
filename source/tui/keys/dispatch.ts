/**
From keys, pastes and the mouse to what they do: in a modal they type and choose, elsewhere they run actions.
*/
import {findActionById, runAction} from '../actions/index.ts';
import type {Action, Tools} from '../actions/action.ts';
import {paneContent, tabLabels} from '../components/pane.ts';
import {foundActions, helpRows} from '../components/modals.ts';
import {viewOf} from '../components/view.ts';
import {clampIndex} from '../draw/viewport.ts';
import {wrapText} from '../draw/wrap-text.ts';
import {boxAt, computeLayout} from '../state/layout.ts';
import {
	activeTab,
	isListTab,
	scrollKey,
	selectedStack,
} from '../state/select.ts';
import {helpSize, messageSize, modalSize} from '../state/modal-size.ts';
import type {Modal, State, Tab} from '../state/state.ts';
import {emptyInput, insertText, typeKey} from '../state/text-input.ts';
import {
	clampScroll,
	focusPanel,
	moveCursor,
	placeCursor,
	scrollMain,
	setFilter,
	showTab,
} from '../state/update.ts';
import {activeContexts, findAction} from './key-map.ts';
import type {Key, Pointer, Token} from './key.ts';

const setModal = ({store}: Tools, modal: Modal | undefined): void => {
	store.setState({modal});
};

const ups = new Set(['up', 'ctrl-p', 'shift-tab']);
const downs = new Set(['down', 'ctrl-n', 'tab']);

const pageLines = 10;

const pages: Readonly<Record<string, number | undefined>> = {
	pageup: -pageLines, 'ctrl-u': -pageLines, pagedown: pageLines, 'ctrl-d': pageLines,
};

/** How far a key moves in a list or text; 0 for one that does not. */
const stepOf = (name: string): number => {
	if (ups.has(name)) {
		return -1;
	}

	return downs.has(name) ? 1 : pages[name] ?? 0;
};

const letters: Readonly<Record<string, number | undefined>> = {j: 1, k: -1};

/** As `stepOf`, where letters move too. */
const lineStep = (name: string): number => letters[name] ?? stepOf(name);

const ends: Readonly<Record<string, number | undefined>> = {
	g: 0, home: 0, G: Infinity, end: Infinity,
};

/** Where a text is scrolled to by a key: never beyond what there is, or the way back would begin there. */
const scrolledBy = (scroll: number, name: string, most: number): number =>
	Math.max(0, Math.min(ends[name] ?? (Math.min(scroll, most) + lineStep(name)), most));

/** Scrolling stops at the end of what there is, which is known only once it is drawn. */
const stopAtEnd = (tools: Tools): void => {
	const state = tools.store.getState();
	const box = computeLayout(state).boxes.find(({panel}) => panel === 'main');
	if (box === undefined) {
		return;
	}

	if (activeTab(state) !== 'logs') {
		const {count} = paneContent(state, viewOf(state, tools), box);
		tools.store.setState(clampScroll(scrollKey(state), count - box.height + 2));
		return;
	}

	// The first page of the logs is a page: as many lines from the first on as there is room for, fewer where long ones are wrapped.
	const {logs, logRange: {first, end: newest}} = state;
	const room = Math.max(1, box.height - 2);
	if (logs.end === undefined || logs.end >= first + room) {
		return;
	}

	const countUntil = (end: number): number =>
		paneContent({...state, logs: {...logs, end}}, viewOf(state, tools), {...box, height: Infinity}).count;
	let least = first + 1;
	while (least < Math.min(first + room, newest) && countUntil(least + 1) <= room) {
		least++;
	}

	if (logs.end < least) {
		tools.store.setState(({logs: shown}) => ({logs: {...shown, end: least}}));
	}
};

/** Runs an action, which may have scrolled. */
const run = async (action: Action, tools: Tools): Promise<void> => {
	const before = tools.store.getState();
	const done = runAction(action, tools);
	const {scroll, logs} = tools.store.getState();
	if (scroll !== before.scroll || logs !== before.logs) {
		stopAtEnd(tools);
	}

	await done;
};

const confirmKey = (modal: Extract<Modal, {type: 'confirm'}>, key: Key, tools: Tools): void => {
	const {typed, input, lost} = modal;
	const isYes = key.name === 'enter' || (typed === undefined && key.name === 'y');
	if (isYes) {
		// Nothing is confirmed before it is known what would be lost.
		if (lost !== undefined && (typed === undefined || input.text === typed)) {
			tools.ask.answer('yes');
		}

		return;
	}

	if (typed === undefined) {
		if (key.name === 'n' || key.name === 'q') {
			tools.ask.answer(undefined);
		}

		return;
	}

	setModal(tools, {...modal, input: typeKey(input, key) ?? input});
};

const paletteKey = async (modal: Extract<Modal, {type: 'palette'}>, key: Key, tools: Tools): Promise<void> => {
	const found = foundActions(tools.store.getState(), modal.input.text);
	if (key.name === 'enter') {
		const action = found[clampIndex(modal.index, found.length)];
		setModal(tools, undefined);
		if (action !== undefined) {
			await run(action, tools);
		}

		return;
	}

	const step = key.name === 'ctrl-u' || key.name === 'ctrl-d' ? 0 : stepOf(key.name);
	const input = step === 0 ? typeKey(modal.input, key) : undefined;
	setModal(tools, step === 0
		? {...modal, input: input ?? modal.input, index: input === undefined || input.text === modal.input.text ? modal.index : 0}
		: {...modal, index: clampIndex(clampIndex(modal.index, found.length) + step, found.length)});
};

const helpKey = (modal: Extract<Modal, {type: 'help'}>, key: Key, tools: Tools): void => {
	if (modal.isTyping) {
		setModal(tools, key.name === 'enter' ? {...modal, isTyping: false} : {...modal, input: typeKey(modal.input, key) ?? modal.input, scroll: 0});
		return;
	}

	if (key.name === '/') {
		setModal(tools, {...modal, isTyping: true, input: emptyInput});
		return;
	}

	if (key.name === 'q' || key.name === '?') {
		setModal(tools, undefined);
		return;
	}

	const state = tools.store.getState();
	const {width, height} = helpSize(modalSize('help', state.terminal));
	const most = helpRows(state, tools, modal.input.text, width).length - height;
	setModal(tools, {...modal, scroll: scrolledBy(modal.scroll, key.name, most)});
};

const messageKey = (modal: Extract<Modal, {type: 'message'}>, key: Key, tools: Tools): void => {
	if (key.name === 'enter' || key.name === 'q') {
		setModal(tools, undefined);
		return;
	}

	const {width, height} = messageSize(modalSize('message', tools.store.getState().terminal));
	const most = modal.lines.flatMap(line => wrapText(line, width)).length - height;
	setModal(tools, {...modal, scroll: scrolledBy(modal.scroll, key.name, most)});
};

/** A key while a modal is open. */
const modalKey = async (modal: Modal, key: Key, tools: Tools): Promise<void> => {
	if (key.name === 'escape' || key.name === 'ctrl-c') {
		if (modal.type === 'filter') {
			tools.store.setState(state => ({...setFilter(modal.list, modal.before)(state), modal: undefined}));
		} else if (modal.type === 'help' && modal.isTyping) {
			setModal(tools, {...modal, isTyping: false, input: emptyInput});
		} else {
			tools.ask.answer(undefined);
		}

		return;
	}

	switch (modal.type) {
		case 'prompt': {
			if (key.name === 'enter') {
				tools.ask.answer(modal.input.text);
			} else {
				const {problem: _problem, ...rest} = modal;
				setModal(tools, {...rest, input: typeKey(modal.input, key) ?? modal.input});
			}

			return;
		}

		case 'choose': {
			const step = lineStep(key.name);
			if (key.name === 'enter' || key.name === 'space') {
				tools.ask.answer(modal.choices[modal.index]?.id);
			} else {
				setModal(tools, {...modal, index: clampIndex(modal.index + step, modal.choices.length)});
			}

			return;
		}

		case 'confirm': {
			confirmKey(modal, key, tools);
			return;
		}

		case 'palette': {
			await paletteKey(modal, key, tools);
			return;
		}

		case 'help': {
			helpKey(modal, key, tools);
			return;
		}

		case 'message': {
			messageKey(modal, key, tools);
			return;
		}

		case 'filter': {
			const isMove = ups.has(key.name) || downs.has(key.name);
			if (key.name === 'enter') {
				setModal(tools, undefined);
			} else if (isMove) {
				tools.store.setState(moveCursor(modal.list, stepOf(key.name)));
			} else {
				const input = typeKey(modal.input, key) ?? modal.input;
				tools.store.setState(state => ({...setFilter(modal.list, input.text)(state), modal: {...modal, input}}));
			}
		}
	}
};

const wheelLines = 3;

/** The tab whose title is at a column of the upper edge of the main pane. */
const tabAt = (state: State, column: number, width: number, note: string | undefined): Tab | undefined => {
	let at = 2;
	for (const {tab, label} of tabLabels(state, width, note)) {
		const end = at + label.length;
		if (column >= at && column < end) {
			return tab;
		}

		at = end + 1;
	}

	return activeTab(state);
};

const isTextModal = (modal: Modal | undefined): boolean => modal !== undefined && modal.type !== 'filter';

const pointer = async ({kind, column, line}: Pointer, tools: Tools): Promise<void> => {
	const {store} = tools;
	const state = store.getState();
	if (isTextModal(state.modal)) {
		if (kind !== 'press' && kind !== 'release') {
			await modalKey(state.modal!, {name: kind === 'wheel-up' ? 'up' : 'down'}, tools);
		}

		return;
	}

	const box = boxAt(computeLayout(state), column, line);
	if (box === undefined || kind === 'release') {
		return;
	}

	if (kind === 'wheel-up' || kind === 'wheel-down') {
		const by = kind === 'wheel-up' ? -wheelLines : wheelLines;
		const isList = box.panel !== 'main' || isListTab(activeTab(state));
		store.setState(isList ? moveCursor(box.panel === 'main' ? activeTab(state) : box.panel, by) : scrollMain(by));
		if (!isList) {
			stopAtEnd(tools);
		}

		return;
	}

	const wasFocused = state.focus === box.panel;
	store.setState(focusPanel(box.panel));
	const view = viewOf(store.getState(), tools);
	const row = line - box.line - 1;
	const {cursor, firstRow, count, note} = paneContent(store.getState(), view, box);
	if (row === -1 && box.panel === 'main') {
		const tab = tabAt(store.getState(), column - box.column, box.width, note);
		if (tab !== undefined) {
			store.setState(showTab(tab));
		}

		return;
	}

	const at = firstRow + row;
	if (cursor === undefined || row < 0 || at >= count) {
		return;
	}

	const list = box.panel === 'main' ? activeTab(state) : box.panel;
	const graph = list === 'commits' && (state.filters.commits ?? '') === '' ? selectedStack(state)?.detail?.graph : undefined;
	const index = graph === undefined ? at : graph.lines[at]?.commit ?? 0;
	store.setState(placeCursor(list, index));
	// A second click on what is selected already opens it.
	if (wasFocused && at === cursor) {
		await keyAction({name: 'enter'}, tools);
	}
};

/** A key outside of modals. */
const keyAction = async ({name}: Key, tools: Tools): Promise<void> => {
	const before = tools.store.getState();
	const id = findAction(tools.bindings, activeContexts(before.focus, activeTab(before)), name);
	const action = id === undefined ? undefined : findActionById(id);
	if (action !== undefined) {
		await run(action, tools);
	}
};

/**
Does what a token asks for. Verbs go on by themselves: this returns when they have been started.
*/
export const dispatch = (token: Token, tools: Tools): void => {
	const {modal} = tools.store.getState();
	switch (token.type) {
		case 'key': {
			void (modal === undefined ? keyAction(token.key, tools) : modalKey(modal, token.key, tools));
			return;
		}

		case 'paste': {
			if (modal !== undefined && 'input' in modal) {
				const input = insertText(modal.input, token.text);
				tools.store.setState(state => ({...modal.type === 'filter' ? setFilter(modal.list, input.text)(state) : state, modal: {...modal, input}}));
			}

			return;
		}

		case 'pointer': {
			void pointer(token.pointer, tools);
			break;
		}

		case 'kitty': {
			// Answered by the terminal session.
			break;
		}
	}
};
