/**
Where the stack stands, in the manner of `git status`.
*/
import type {Status} from '../../actions/status.ts';
import {
	firstLine,
	formatAge,
	formatBytes,
	shortId,
} from '../output/format.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';
import {renderServices} from './services.ts';

const renderHead = ({head, headMessage, headTime}: Status, {style, now}: View): string => {
	if (head === null) {
		return style.dim('no commit yet');
	}

	const age = headTime === undefined ? '' : style.dim(`  ${formatAge(headTime, now)}`);
	return `${style.yellow(shortId(head))}  ${firstLine(headMessage ?? '')}${age}`;
};

const renderChanges = ({changed, head, volumes}: Status, {style}: View): string => {
	if (head === null) {
		return style.yellow('not committed');
	}

	if (!changed) {
		return style.green('clean');
	}

	const bytes = volumes.filter(volume => volume.changed).map(volume => volume.ownBytes);
	return style.yellow(`changed, ${formatBytes(bytes.reduce((sum, own) => sum + own, 0))} of their own`);
};

const section = (title: string, body: string): string[] => body === '' ? [] : ['', title, body];

export const renderStatus = (status: Status, view: View): string => {
	const {style} = view;
	const {
		stack, branch, pool, runtime, services, volumes, undo,
	} = status;
	const volumeTable = renderTable(volumes.map(({name, changed, sharedBytes, ownBytes}) => [
		style.bold(name),
		changed ? style.yellow('changed') : style.green('clean'),
		`${formatBytes(sharedBytes)} shared`,
		`${formatBytes(ownBytes)} own`,
	]), {indent: 2, alignRight: [2, 3]});
	return [
		`Stack ${style.bold(stack)}, branch ${style.bold(style.cyan(branch))}`,
		`Head: ${renderHead(status, view)}`,
		`Data: ${renderChanges(status, view)}`,
		...undo === undefined ? [] : [`Undo: ${style.dim('would take back')} ${printableUndo(undo)}`],
		...section(`Services (${runtime}):`, renderServices(services, view, {indent: 2})),
		...section('Volumes:', volumeTable),
		'',
		`Pool: ${pool.driver} at ${pool.path}, ${formatBytes(pool.freeBytes)} free of ${formatBytes(pool.totalBytes)}`,
	].join('\n');
};

const printableUndo = (summary: string): string => firstLine(summary);
