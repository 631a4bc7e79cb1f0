/**
What the demo did, with its times.
*/
import type {DemoResult} from '../../actions/demo.ts';
import {formatBytes, formatDuration} from '../output/format.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';

export const renderDemo = (result: DemoResult, {style}: View): string => {
	const {
		passed, home, project, kept, driver, rows, steps, bytes,
	} = result;
	const failed = steps.filter(step => !step.passed).length;
	return [
		renderTable(steps.map(step => [
			step.name,
			formatDuration(step.milliseconds),
			step.passed ? style.green('ok') : style.red('FAILED'),
			style.dim(step.check),
		]), {style, head: ['STEP', 'TIME TO READY', 'CHECK', ''], alignRight: [1]}),
		'',
		`${rows.toLocaleString('en')} rows on ${driver}: ${formatBytes(bytes.shared)} shared by branches and commits, ${formatBytes(bytes.own)} of the `
		+ `branch's own, ${formatBytes(bytes.pool)} used in all`,
		passed ? style.green('Every check held.') : style.red(`${failed} of ${steps.length} checks did not hold.`),
		...kept ? [`Left to play with: cd ${project} && export COPPICE_HOME=${home} && coppice status`] : [],
	].join('\n');
};
