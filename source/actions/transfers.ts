/**
`coppice transfers`: what is on its way between hosts, was cut, or is through; cancel, follow, and what to run again.
*/
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import type {Home} from '../host/home.ts';
import type {Report} from './progress.ts';
import {sumTransfer} from './sum-transfer.ts';
import {readTransfer, readTransfers, type Transfer} from './sync/transfer-records.ts';

export type {Transfer, TransferState, TransferVolume} from './sync/transfer-records.ts';

/** The newest first. */
export const listTransfers = async (home: Home): Promise<readonly Transfer[]> => readTransfers(home);

/**
@param id - Or its beginning.
@throws CoppiceError `not-found`.
*/
export const findTransfer = async (home: Home, id: string): Promise<Transfer> => {
	const transfers = await readTransfers(home);
	const matching = transfers.filter(transfer => transfer.id.startsWith(id));
	const [found, ...others] = matching;
	if (found === undefined || id === '') {
		throw new CoppiceError('not-found', `There is no transfer ${JSON.stringify(id)} on this host.`, {hint: '`coppice transfers` lists them.'});
	}

	if (others.length > 0) {
		throw new CoppiceError('usage', `${id} is the start of ${matching.length} ids: ${matching.map(transfer => transfer.id).join(', ')}.`, {hint: 'Give more digits.'});
	}

	return found;
};

const pollMilliseconds = 300;

/** Until it is over, whatever ends it. */
const waitUntilOver = async (home: Home, id: string, signal: AbortSignal | undefined, onLook?: (transfer: Transfer) => void): Promise<Transfer | undefined> => {
	for (;;) {
		const transfer = await readTransfer(home, id);
		if (transfer?.state !== 'running') {
			return transfer;
		}

		onLook?.(transfer);
		try {
			await delay(pollMilliseconds, undefined, {signal});
		} catch {
			return transfer;
		}
	}
};

/**
Ends a transfer that runs, as Ctrl-C in its terminal would: what has come over is kept.

@throws CoppiceError `conflict` where it does not run; `permission` where it is another user's.
*/
export const cancelTransfer = async (home: Home, id: string, {signal}: {readonly signal?: AbortSignal | undefined} = {}): Promise<Transfer> => {
	const transfer = await findTransfer(home, id);
	if (transfer.state !== 'running') {
		throw new CoppiceError('conflict', `Transfer ${transfer.id} does not run: it is ${transfer.state}.`, {
			stack: transfer.stack, host: transfer.host, hint: transfer.state === 'done' ? 'There is nothing to cancel.' : `\`coppice transfers retry ${transfer.id}\` runs it again.`,
		});
	}

	try {
		// Its start time was compared just now: it is the one.
		process.kill(transfer.processId, 'SIGINT');
	} catch (error) {
		if (isSystemError(error, 'EPERM')) {
			throw new CoppiceError('permission', `Transfer ${transfer.id} belongs to another user (process ${transfer.processId}).`, {hint: 'Cancel it as that user.', cause: error});
		}

		if (!isSystemError(error, 'ESRCH')) {
			throw error;
		}
	}

	return await waitUntilOver(home, transfer.id, signal) ?? {...transfer, state: 'cancelled'};
};

/**
Follows a transfer of another process until it is over.

@returns How it ended; one that still runs where the signal came.
*/
export const attachTransfer = async (
	home: Home,
	id: string,
	{report, signal}: {readonly report: Report; readonly signal?: AbortSignal | undefined},
): Promise<Transfer> => {
	const transfer = await findTransfer(home, id);
	const task = `${transfer.verb} of ${transfer.stack} ${transfer.verb === 'push' ? 'to' : 'from'} ${transfer.host}`;
	const last = await waitUntilOver(home, transfer.id, signal, now => {
		const {streamBytes, totalBytes, wireBytes, resumedBytes} = sumTransfer(now);
		report({
			type: 'progress', task, done: streamBytes, total: totalBytes, unit: 'bytes', wireBytes, resumedBytes, transfer: transfer.id,
		});
	});
	return last ?? transfer;
};

/**
What to run again for a transfer, and where.

@throws CoppiceError `conflict` where it runs.
*/
export const retryCommand = async (home: Home, id: string): Promise<Pick<Transfer, 'id' | 'command' | 'directory'>> => {
	const {id: whole, command, directory, state} = await findTransfer(home, id);
	if (state === 'running') {
		throw new CoppiceError('conflict', `Transfer ${whole} still runs.`, {hint: `Follow it with \`coppice transfers attach ${whole}\`.`});
	}

	return {id: whole, command, directory};
};
