/**
What goes between hosts, was cut or is through, whichever process runs it: bytes, rate, remaining time and ratio of each.
*/
import {describeTransfer, describeTransferAmount} from '../../../actions/describe-transfer.ts';
import type {Transfer} from '../../../actions/transfers.ts';
import {formatAge} from '../../../system/format.ts';
import {piece, row, type Row} from '../../draw/row.ts';
import {transferEntries} from '../../state/select.ts';
import type {State} from '../../state/state.ts';
import {listContent, teach} from '../list-content.ts';
import type {PaneContent, View} from '../view.ts';
import {workSign} from '../work-sign.ts';

const transferRow = (transfer: Transfer, state: State, view: View): Row => {
	const {id, state: doing, begun, message} = transfer;
	const isHere = state.jobs.some(job => job.transfer === id && job.status === 'running');
	const where = doing === 'running' && !isHere ? `  in process ${transfer.processId}` : '';
	return {
		...row(
			workSign(doing, state, view),
			' ',
			piece(id, 'id'),
			` ${describeTransfer(transfer)}  `,
			piece(describeTransferAmount(transfer), doing === 'running' ? 'accent' : 'text'),
			piece(where, 'dim'),
			doing === 'cut' || doing === 'cancelled' ? piece(`  ${doing}: v goes on`, 'warning') : undefined,
			doing === 'failed' ? piece(`  ${message ?? 'failed'}`, 'bad') : undefined,
		),
		right: [piece(formatAge(begun, view.now), 'dim')],
	};
};

export const transfersContent = (state: State, view: View, height: number): PaneContent => {
	const entries = transferEntries(state);
	return entries.length === 0
		? teach(
			'Nothing goes between hosts, and nothing did. p pulls, P pushes, f fetches, C clones a stack,',
			'A in the list of stacks adds a host. What was cut or cancelled stands here:',
			'x cancels, v goes on from where it was, enter follows one of another terminal.',
		)
		: listContent(state, 'transfers', entries, height, transfer => transferRow(transfer, state, view));
};
