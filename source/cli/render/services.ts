/**
Services as a table: for `ps`, `up`, `restart` and `status`.
*/
import type {ServiceReport} from '../../actions/services.ts';
import {formatAge, formatPort, printable} from '../output/format.ts';
import type {Style} from '../output/style.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';

const styleState = (state: string, style: Style): string => {
	switch (state) {
		case 'running': {
			return style.green(state);
		}

		case 'failed': {
			return style.red(state);
		}

		case 'restarting':
		case 'paused': {
			return style.yellow(state);
		}

		default: {
			return style.dim(state);
		}
	}
};

/** What is wrong, or how the service is doing. */
const describe = ({
	reason, exitCode, state, startedAt, restarts,
}: ServiceReport, {now}: View): string => {
	const parts: string[] = [];
	if (reason !== undefined) {
		parts.push(printable(reason));
	} else if (exitCode !== undefined && state !== 'running') {
		parts.push(`exit code ${exitCode}`);
	} else if (startedAt !== undefined && state === 'running') {
		parts.push(`started ${formatAge(startedAt, now)}`);
	}

	if (restarts > 0) {
		parts.push(`restarted ${restarts} ${restarts === 1 ? 'time' : 'times'}`);
	}

	return parts.join(', ');
};

const readiness = ({ready, state}: ServiceReport, style: Style): string => {
	if (ready) {
		return style.green('ready');
	}

	return state === 'running' || state === 'restarting' ? style.yellow('not ready') : '';
};

/**
One line a service: name, state, readiness, ports, database, remarks.
*/
export const renderServices = (services: readonly ServiceReport[], view: View, options: {indent?: number; head?: boolean} = {}): string => {
	const {style} = view;
	return renderTable(services.map(service => [
		style.bold(service.name),
		styleState(service.state, style),
		readiness(service, style),
		service.ports.map(port => formatPort(port)).join(', '),
		service.database ?? '',
		style.dim(describe(service, view)),
	]), {style, indent: options.indent, ...(options.head === true && {head: ['SERVICE', 'STATE', 'READY', 'PORTS', 'DATABASE', '']})});
};

/** Which services stand still or are on their way, for one sentence: `db, cache`. */
export const listNames = (names: readonly string[]): string => names.length === 0 ? 'nothing' : names.join(', ');
