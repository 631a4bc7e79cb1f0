/**
What is on its way between hosts, was cut, or is through.
*/
import {describeTransfer, describeTransferAmount} from '../../actions/describe-transfer.ts';
import type {Transfer} from '../../actions/transfers.ts';
import {formatAge, printable} from '../output/format.ts';
import type {Style} from '../output/style.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';

const renderState = (state: Transfer['state'], style: Style): string => ({
	running: style.cyan, done: style.green, cut: style.yellow, cancelled: style.yellow, failed: style.red,
}[state](state));

export const renderTransfers = (transfers: readonly Transfer[], {style, now}: View): string =>
	transfers.length === 0
		? 'Nothing was transferred between hosts yet.'
		: renderTable(transfers.map(transfer => [
			style.bold(transfer.id),
			renderState(transfer.state, style),
			describeTransfer(transfer),
			describeTransferAmount(transfer),
			style.dim(formatAge(transfer.begun, now)),
			transfer.state === 'failed' ? printable(transfer.message ?? '') : '',
		]));

export const renderTransfer = (transfer: Transfer, {style}: View): string =>
	`Transfer ${style.bold(transfer.id)} (${transfer.verb} of ${transfer.stack} ${transfer.verb === 'push' ? 'to' : 'from'} ${transfer.host}) ${transfer.state === 'running' ? 'still runs' : `is ${renderState(transfer.state, style)}`}: ${describeTransferAmount(transfer)}.${transfer.message === undefined ? '' : ` ${printable(transfer.message)}`}`;
