/**
What the services log, merged: each in its colour.
*/
import {stripVTControlCharacters} from 'node:util';
import {displayWidth, graphemes} from '../../../system/display-width.ts';
import type {LogLine} from '../../../runtime/runtime.ts';
import {
	fit,
	piece,
	row,
	type Piece,
	type Row,
} from '../../draw/row.ts';
import type {Role} from '../../draw/theme.ts';
import {localClock} from '../../draw/local-time.ts';
import {selectedStack, shownLogServices} from '../../state/select.ts';
import type {State} from '../../state/state.ts';
import {teach} from '../list-content.ts';
import type {PaneContent, View} from '../view.ts';

const colors: readonly Role[] = ['lane0', 'lane1', 'lane2', 'lane3', 'lane4', 'lane5'];

/** How bad a line is, by words that most programs use for it. */
export const levelOf = (text: string): Role | undefined => {
	const start = text.slice(0, 120);
	if (/\b(?:ERROR|FATAL|PANIC|CRITICAL|error|fatal)\b/v.test(start)) {
		return 'bad';
	}

	if (/\b(?:WARN|WARNING|warn|warning)\b/v.test(start)) {
		return 'warning';
	}

	return /\b(?:DEBUG|TRACE|debug|trace)\b/v.test(start) ? 'dim' : undefined;
};

/** Without control characters: what is logged must not be able to move the cursor. */
const clean = (text: string): string => stripVTControlCharacters(text).replaceAll('\t', ' '.repeat(4)).replaceAll(/\p{Control}/gv, '');

/** As much of a service's name as stands before a line. */
const mostName = 14;

type LineStyle = {
	readonly services: readonly string[];

	/** 0 shows no names. */
	readonly nameWidth: number;
	readonly timestamps: boolean;
	readonly width: number;
	readonly wrap: boolean;
};

const cutAt = (text: string, width: number): string[] => {
	if (width < 1) {
		return [text];
	}

	const parts: string[] = [];
	let part = '';
	let used = 0;
	for (const character of graphemes(text)) {
		const columns = displayWidth(character);
		if (used > 0 && used + columns > width) {
			parts.push(part);
			part = '';
			used = 0;
		}

		part += character;
		used += columns;
	}

	return [...parts, part];
};

/** The rows of one line: one, or as many as it takes where lines are wrapped. */
const lineRows = ({service, time, text}: LogLine, {services, nameWidth, timestamps, width, wrap}: LineStyle): Row[] => {
	const color = colors[Math.max(0, services.indexOf(service)) % colors.length]!;
	const head: Piece[] = [
		...nameWidth === 0 ? [] : [piece(`${fit(service, nameWidth)} `, color)],
		...timestamps ? [piece(`${localClock(time, 'milliseconds')} `, 'dim')] : [],
	];
	const shown = clean(text);
	const role = levelOf(shown) ?? 'text';
	if (!wrap) {
		return [row(...head, piece(shown, role))];
	}

	const indent = head.reduce((sum, {text: part}) => sum + displayWidth(part), 0);
	return cutAt(shown, width - indent).map((part, index) => index === 0 ? row(...head, piece(part, role)) : row(' '.repeat(indent), piece(part, role)));
};

export const logsContent = (state: State, {logs}: View, {width, height}: {readonly width: number; readonly height: number}): PaneContent => {
	const {logs: {wrap, timestamps, end}, logRange} = state;
	const detail = selectedStack(state)?.detail;
	const filter = state.filters.logs ?? '';
	const only = shownLogServices(state);
	const note = [...only ?? [], ...filter === '' ? [] : [`/${filter}`], end === undefined ? 'following' : 'standing still, f follows'].join(' · ');
	if (logRange.end === logRange.first) {
		const isRunning = detail?.services.some(service => service.state === 'running') === true;
		const why = filter === '' ? 'Nothing was logged.' : 'No line matches.';
		return {...teach(...detail === undefined ? [] : [why, ...isRunning ? [] : ['`u` starts the services.']]), note};
	}

	const services = (detail?.services ?? []).map(({name}) => name);
	const style: LineStyle = {
		services,
		timestamps,
		width,
		wrap,
		nameWidth: only === undefined && services.length > 1 ? Math.min(mostName, Math.max(...services.map(name => displayWidth(name)))) : 0,
	};
	const last = Math.min(end ?? logRange.end, logRange.end);
	const rows = logs.slice(Math.max(logRange.first, last - height), last).flatMap(line => lineRows(line, style)).slice(-height);
	return {
		rows, count: rows.length, firstRow: 0, note, footer: `${last - logRange.first} of ${logRange.end - logRange.first} lines`,
	};
};
