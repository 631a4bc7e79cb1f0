/**
Hosts with their stacks.
*/
import {formatAge} from '../../../system/format.ts';
import {piece, row, type Row} from '../../draw/row.ts';
import {stackEntries, type StackEntry} from '../../state/select.ts';
import type {HostView, StackView, State} from '../../state/state.ts';
import {listContent} from '../list-content.ts';
import type {PaneContent, View} from '../view.ts';

const hostRow = ({name, status, seenAt, production, problem}: HostView, {glyphs, now}: View): Row => {
	const sign = status === 'online' ? piece(glyphs.bullet, 'good') : piece(glyphs.open, status === 'stale' ? 'bad' : 'warning');
	const since = status === 'connecting' ? 'connecting' : '';
	const age = status === 'online' || seenAt === undefined ? since : `as of ${formatAge(new Date(seenAt).toISOString(), now)}`;
	return {...row(sign, ' ', piece(name, production ? 'production' : 'strong'), ...problem === undefined ? [] : [piece(` ${problem.message}`, 'bad')]), right: [piece(age, 'dim')]};
};

/** `3/3` ready services, in the colour that says how that is. */
const serviceCount = ({detail}: StackView): ReturnType<typeof piece> | undefined => {
	if (detail === undefined) {
		return undefined;
	}

	const running = detail.services.filter(service => service.state === 'running').length;
	const ready = detail.services.filter(service => service.ready).length;
	return piece(` ${ready}/${detail.services.length}`, running === 0 ? 'dim' : (ready < running ? 'warning' : 'good'));
};

const stackRow = (stack: StackView, isStale: boolean): Row => {
	const name = piece(stack.name, isStale || stack.isUntaken ? 'dim' : 'text');
	if (stack.isUntaken) {
		return {...row('  ', name), right: [piece('i: take it up', 'dim')]};
	}

	const changed = stack.detail?.changed === true ? piece('*', 'warning') : undefined;
	return {
		...row('  ', name, stack.problem === undefined ? undefined : piece(' !', 'bad')),
		right: [piece(stack.branch ?? '', 'branch'), ...changed === undefined ? [] : [changed], ...serviceCount(stack) === undefined ? [] : [serviceCount(stack)!]],
	};
};

export const stacksContent = (state: State, view: View, height: number): PaneContent => {
	const entries = stackEntries(state);
	const content = listContent<StackEntry>(state, 'stacks', entries, height, ({host, stack}) => {
		const of = state.hosts.find(({name}) => name === (host ?? stack?.host))!;
		return stack === undefined ? hostRow(of, view) : stackRow(stack, of.status !== 'online');
	});
	return state.isLoaded && state.stacks.length === 0 && (state.filters.stacks ?? '') === '' ? {...content, rows: [...content.rows, row(piece('  No stacks yet: a makes one', 'dim')), row(piece('  from a template, i takes up', 'dim')), row(piece('  the compose file of a folder.', 'dim'))]} : content;
};
