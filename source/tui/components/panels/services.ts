/**
The services of the stack.
*/
import {formatPort} from '../../../stack/format-port.ts';
import {
	piece,
	row,
	type Piece,
	type Row,
} from '../../draw/row.ts';
import type {Role} from '../../draw/theme.ts';
import {selectedStack, serviceEntries} from '../../state/select.ts';
import type {State} from '../../state/state.ts';
import type {ServiceReport} from '../../../actions/services.ts';
import {listContent, teach} from '../list-content.ts';
import type {PaneContent, View} from '../view.ts';

/** How a service is doing, as a sign. */
export const serviceSign = ({state, ready}: Pick<ServiceReport, 'state' | 'ready'>, {glyphs}: Pick<View, 'glyphs'>): Piece => {
	const signs: Readonly<Record<string, readonly [string, Role]>> = {
		running: [glyphs.bullet, ready ? 'good' : 'warning'],
		restarting: [glyphs.bullet, 'warning'],
		paused: [glyphs.open, 'warning'],
		failed: [glyphs.cross, 'bad'],
	};
	const [sign, role] = signs[state] ?? [glyphs.open, 'dim'];
	return piece(sign, role);
};

/** In one or two words. */
export const serviceState = ({state, ready, exitCode}: Pick<ServiceReport, 'state' | 'ready' | 'exitCode'>): Piece => {
	if (state === 'running') {
		return ready ? piece('ready', 'good') : piece('not ready', 'warning');
	}

	return state === 'failed' ? piece(exitCode === undefined ? 'failed' : `failed (${exitCode})`, 'bad') : piece(state, state === 'stopped' || state === 'created' ? 'dim' : 'warning');
};

const serviceRow = (service: ServiceReport, view: View): Row => ({
	...row(serviceSign(service, view), ' ', service.name, ' ', serviceState(service)),
	right: [piece(service.ports.map(port => formatPort(port).replace(/^(?:127\.0\.0\.1|0\.0\.0\.0|\[::\]):/v, ':')).join(' '), 'dim')],
});

export const servicesContent = (state: State, view: View, height: number): PaneContent => {
	const stack = selectedStack(state);
	const entries = serviceEntries(state);
	if (entries.length === 0 && (state.filters.services ?? '') === '') {
		return stack?.detail === undefined
			? teach(stack === undefined || stack.isUntaken ? '' : (stack.problem === undefined ? 'reading…' : 'can\'t be read'))
			: teach('No services: the compose file has none. `e` edits it.');
	}

	return listContent(state, 'services', entries, height, entry => serviceRow(entry, view));
};
