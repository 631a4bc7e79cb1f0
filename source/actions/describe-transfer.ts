/**
A transfer between hosts, in words for people.
*/
import {formatBytes} from '../system/format.ts';
import {formatWait} from './describe-progress.ts';
import {sumTransfer} from './sum-transfer.ts';
import type {Transfer} from './sync/transfer-records.ts';

/** `pull shop from staging`. */
export const describeTransfer = ({verb, stack, host}: Pick<Transfer, 'verb' | 'stack' | 'host'>): string => `${verb} ${stack} ${verb === 'push' ? 'to' : 'from'} ${host}`;

/** How much came over of how much; of one that runs also how fast, how far it was compressed, and how long it will take. */
export const describeTransferAmount = (transfer: Transfer): string => {
	const {streamBytes, totalBytes, wireBytes, resumedBytes, secondsLeft} = sumTransfer(transfer);
	const fresh = streamBytes - resumedBytes;
	return [
		transfer.state === 'done' ? formatBytes(streamBytes) : `${formatBytes(streamBytes)} of ${formatBytes(totalBytes)}`,
		...transfer.state === 'running' && transfer.rate > 0 ? [`${formatBytes(Math.round(transfer.rate))}/s`] : [],
		...wireBytes > 0 && fresh > 0 ? [`${(fresh / wireBytes).toFixed(1)} : 1`] : [],
		...secondsLeft === undefined ? [] : [`${formatWait(secondsLeft)} left`],
	].join(', ');
};
