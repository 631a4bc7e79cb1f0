/**
The checks of `doctor`.
*/
import type {Check} from '../../actions/doctor.ts';
import type {Format} from '../output/style.ts';
import type {View} from '../output/view.ts';

const marks: Readonly<Record<Check['result'], readonly [mark: string, color: Format]>> = {
	ok: ['ok', 'green'],
	warning: ['warning', 'yellow'],
	failed: ['failed', 'red'],
};

export const renderChecks = (checks: readonly Check[], {style}: View): string => {
	const width = Math.max(...Object.values(marks).map(([mark]) => mark.length));
	return checks.flatMap(({
		name, result, message, hint,
	}) => {
		const [mark, color] = marks[result];
		const indent = ' '.repeat(width + 2);
		return [
			`${style[color](mark)}${' '.repeat(width - mark.length + 2)}${style.bold(name)}: ${message}`,
			...hint === undefined ? [] : [`${indent}${style.cyan('hint:')} ${hint}`],
		];
	}).join('\n');
};
