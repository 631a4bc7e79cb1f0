/**
What services use over time, and what branches and commits take on disk.
*/
import {firstLine, formatBytes, shortId} from '../../../system/format.ts';
import {meter, sparkline} from '../../draw/sparkline.ts';
import {
	emptyRow,
	fit,
	piece,
	row,
	type Row,
} from '../../draw/row.ts';
import {currentService, selectedStack, sidePanelOf} from '../../state/select.ts';
import {
	isLocal,
	type StackView,
	type State,
	type UsageView,
} from '../../state/state.ts';
import {serviceSign, serviceState} from '../panels/services.ts';
import type {View} from '../view.ts';

const graphs: ReadonlyArray<readonly [string, (usage: UsageView) => number, (value: number) => string, number]> = [
	['CPU', ({cpu}) => cpu, value => `${value.toFixed(1)} %`, 10],
	['memory', ({memoryBytes}) => memoryBytes, formatBytes, 0],
	['network', ({networkBytes}) => networkBytes, value => `${formatBytes(Math.round(value))}/s`, 1024],
	['disk', ({diskBytes}) => diskBytes, value => `${formatBytes(Math.round(value))}/s`, 1024],
];

const graphRows = (samples: readonly UsageView[], width: number, {glyphs}: View): Row[] => samples.length === 0
	? [row(piece('  measuring…', 'dim'))]
	: graphs.map(([name, read, show, top]) => {
		const values = samples.map(sample => read(sample));
		return {...row(`  ${name.padEnd(8)}`, piece(sparkline(values, Math.max(8, width - 26), glyphs, top), 'bar')), right: [piece(show(values.at(-1) ?? 0).padStart(12))]};
	});

const diskRows = ({detail}: StackView, {measures}: State, width: number, {glyphs}: View): Row[] => {
	if (detail === undefined) {
		return [];
	}

	const branches = detail.branches.filter(branch => !branch.isRemote);
	const most = Math.max(0, ...branches.map(({ownBytes = 0}) => ownBytes));
	const commits = detail.commits.filter(({kind, id}) => kind === 'commit' && measures[id] !== undefined);
	const room = Math.max(8, width - 44);
	const largest = Math.max(0, ...commits.map(({id}) => measures[id]!.changedBytes));
	return [
		emptyRow,
		row(piece('Disk of each branch', 'title'), piece('  what only its live data hold', 'dim')),
		...branches.map(({name, ownBytes, isCurrent}) => ({
			...row(`  ${fit(name, 16)} `, ownBytes === undefined ? piece('counting…', 'dim') : piece(meter(ownBytes, most, room, glyphs), isCurrent ? 'good' : 'bar')),
			right: [piece(ownBytes === undefined ? '' : formatBytes(ownBytes))],
		})),
		...commits.length === 0
			? []
			: [
				emptyRow,
				row(piece('What changed in each commit', 'title'), piece(`  ${commits.length === 1 ? 'the last one' : `the last ${commits.length}, oldest first`}`, 'dim')),
				row('  ', piece(sparkline(commits.toReversed().map(({id}) => measures[id]!.changedBytes), Math.min(commits.length, width - 4), glyphs), 'bar')),
				...commits.slice(0, 8).map(({id, message}) => ({
					...row('  ', piece(shortId(id), 'id'), ` ${fit(firstLine(message), 24)} `, piece(meter(measures[id]!.changedBytes, largest, Math.max(4, width - 56), glyphs), 'bar')),
					right: [piece(formatBytes(measures[id]!.changedBytes))],
				})),
			],
	];
};

export const statsRows = (state: State, view: View, width: number): readonly Row[] => {
	const stack = selectedStack(state);
	const services = stack?.detail?.services ?? [];
	const only = sidePanelOf(state) === 'services' ? currentService(state)?.name : undefined;
	const shown = services.filter(({name}) => only === undefined || name === only);
	if (stack === undefined || shown.length === 0) {
		return [row(piece('There is nothing to measure.', 'dim'))];
	}

	return [
		...shown.flatMap(service => [
			row(serviceSign(service, view), ` ${service.name} `, serviceState(service)),
			...service.state === 'running' && isLocal(stack) ? graphRows(state.usage[`${stack.id}/${service.name}`] ?? [], width, view) : [],
		]),
		...isLocal(stack) ? [] : [row(piece(`  What services on ${stack.host} use is not measured from here.`, 'dim'))],
		...only === undefined ? diskRows(stack, state, width, view) : [],
	];
};
