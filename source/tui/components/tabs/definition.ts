/**
What the stack is made of by its compose file, and where what runs is no longer that.
*/
import type {DiffResult} from '../../../actions/diff.ts';
import {
	emptyRow,
	piece,
	row,
	type Row,
} from '../../draw/row.ts';
import {diffRequest} from '../../state/diff-request.ts';
import {
	currentService,
	diffKey,
	selectedStack,
	sidePanelOf,
} from '../../state/select.ts';
import type {ServiceDefinition, State} from '../../state/state.ts';
import {definitionDiffRows} from './commit.ts';

const list = (name: string, values: readonly string[]): Row[] => values.length === 0 ? [] : [row(piece(`  ${name.padEnd(12)}`, 'dim'), values.join(', '))];

const serviceRows = ({name, image, ports, mounts, dependsOn, environmentNames, profiles}: ServiceDefinition): Row[] => [
	row(piece(name, 'strong'), '  ', piece(image ?? 'built here', 'accent')),
	...list('ports', ports),
	...mounts.map((mount, index) => row(piece(`  ${(index === 0 ? 'mounts' : '').padEnd(12)}`, 'dim'), mount)),
	...list('depends on', dependsOn),
	...list('environment', environmentNames),
	...list('profiles', profiles),
	emptyRow,
];

export const definitionRows = (state: State): readonly Row[] => {
	const stack = selectedStack(state);
	const detail = stack?.detail;
	if (stack === undefined || detail === undefined) {
		return [row(piece('There is no stack.', 'dim'))];
	}

	const only = sidePanelOf(state) === 'services' ? currentService(state)?.name : undefined;
	const request = diffRequest(state);
	const found = request === undefined ? undefined : state.diffs[diffKey(stack.id, request)];
	const result = typeof found === 'object' && 'volumes' in found ? found : undefined;
	const drift = result === undefined ? [] : definitionDiffRows(result);
	return [
		...detail.composeFiles.map(file => row(piece(file, 'dim'))),
		row(piece('e', 'key'), piece(' edits it', 'dim')),
		...result === undefined ? [] : (drift.length === 0 ? [emptyRow, row(piece('As it was at the last commit.', 'good'))] : [...drift]),
		emptyRow,
		...detail.definition.filter(({name}) => only === undefined || name === only).flatMap(service => serviceRows(service)),
	];
};
