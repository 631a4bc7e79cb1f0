/**
What is on its way between hosts, was cut, or is through.
*/
import {sumTransfer, type Transfer} from '../../actions/transfers.ts';
import {
	formatAge,
	formatBytes,
	formatDuration,
	printable,
} from '../output/format.ts';
import type {Style} from '../output/style.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';

const renderState = (state: Transfer['state'], style: Style): string => ({
	running: style.cyan, done: style.green, cut: style.yellow, cancelled: style.yellow, failed: style.red,
}[state](state));

const describeAmount = (transfer: Transfer): string => {
	const {streamBytes, totalBytes, wireBytes, secondsLeft} = sumTransfer(transfer);
	const fresh = streamBytes - sumTransfer(transfer).resumedBytes;
	return [
		transfer.state === 'done' ? formatBytes(streamBytes) : `${formatBytes(streamBytes)} of ${formatBytes(totalBytes)}`,
		...transfer.state === 'running' && transfer.rate > 0 ? [`${formatBytes(Math.round(transfer.rate))}/s`] : [],
		...wireBytes > 0 && fresh > 0 ? [`${(fresh / wireBytes).toFixed(1)} : 1`] : [],
		...secondsLeft === undefined ? [] : [`${formatDuration(secondsLeft * 1000)} left`],
	].join(', ');
};

export const renderTransfers = (transfers: readonly Transfer[], {style, now}: View): string =>
	transfers.length === 0
		? 'Nothing was transferred between hosts yet.'
		: renderTable(transfers.map(transfer => [
			style.bold(transfer.id),
			renderState(transfer.state, style),
			`${transfer.verb} ${transfer.stack} ${transfer.verb === 'push' ? 'to' : 'from'} ${transfer.host}`,
			describeAmount(transfer),
			style.dim(formatAge(transfer.begun, now)),
			transfer.state === 'failed' ? printable(transfer.message ?? '') : '',
		]));

export const renderTransfer = (transfer: Transfer, {style}: View): string =>
	`Transfer ${style.bold(transfer.id)} (${transfer.verb} of ${transfer.stack} ${transfer.verb === 'push' ? 'to' : 'from'} ${transfer.host}) ${transfer.state === 'running' ? 'still runs' : `is ${renderState(transfer.state, style)}`}: ${describeAmount(transfer)}.${transfer.message === undefined ? '' : ` ${printable(transfer.message)}`}`;
