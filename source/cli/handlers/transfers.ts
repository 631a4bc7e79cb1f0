/**
Runs `coppice transfers`: lists, follows, cancels, or runs again.
*/
import process from 'node:process';
import {execa} from 'execa';
import {
	attachTransfer,
	cancelTransfer,
	listTransfers,
	retryCommand,
	type Transfer,
} from '../../actions/transfers.ts';
import {sumTransfer} from '../../actions/sum-transfer.ts';
import {findHome} from '../../host/home.ts';
import {ownCommand} from '../../host/own-command.ts';
import {CoppiceError, exitCodes} from '../../system/errors.ts';
import {renderTransfer, renderTransfers} from '../render/transfers.ts';
import type {GlobalOptions, Verb} from '../verb.ts';

type TransfersResult =
	| {readonly did: 'ls'; readonly transfers: readonly Transfer[]}
	| {readonly did: 'attach' | 'cancel'; readonly transfer: Transfer}
	| {readonly did: 'retry'; readonly exitCode: number};

const passedOn = ({json, quiet, yes, verbose}: GlobalOptions): string[] => [
	...json ? ['--json'] : [], ...quiet ? ['--quiet'] : [], ...yes ? ['--yes'] : [], ...verbose ? ['--verbose'] : [],
];

/** In a process of its own, in the same terminal: it goes on where it was. */
const runAgain = async ({command, directory}: Pick<Transfer, 'command' | 'directory'>, globals: GlobalOptions): Promise<number> => {
	const [file, ...before] = ownCommand();
	const {exitCode} = await execa(file, [...before, ...command, ...passedOn(globals)], {cwd: directory, stdio: 'inherit', reject: false});
	return exitCode ?? exitCodes.interrupted;
};

const toJson = (transfer: Transfer): Record<string, unknown> => ({...transfer, ...sumTransfer(transfer)});

export const verb: Verb<object, TransfersResult> = {
	isData: true,
	async run({globals, report, signal}, {arguments: words}) {
		const [action = 'ls', id] = words;
		const home = findHome(process.env);
		if (action === 'ls') {
			return {did: 'ls', transfers: await listTransfers(home)};
		}

		if (id === undefined) {
			throw new CoppiceError('usage', `Which transfer should be ${{attach: 'followed', cancel: 'cancelled'}[action] ?? 'run again'}?`, {hint: '`coppice transfers` lists them.'});
		}

		switch (action) {
			case 'attach': {
				return {did: 'attach', transfer: await attachTransfer(home, id, {report, signal})};
			}

			case 'cancel': {
				return {did: 'cancel', transfer: await cancelTransfer(home, id, {signal})};
			}

			default: {
				return {did: 'retry', exitCode: await runAgain(await retryCommand(home, id), globals)};
			}
		}
	},
	render(result, view) {
		if (result.did === 'ls') {
			return renderTransfers(result.transfers, view);
		}

		return result.did === 'retry' ? '' : renderTransfer(result.transfer, view);
	},
	toJson(result) {
		if (result.did === 'ls') {
			return result.transfers.map(transfer => toJson(transfer));
		}

		// What was run again has printed its own.
		return result.did === 'retry' ? undefined : toJson(result.transfer);
	},
	exitCode(result) {
		if (result.did === 'retry') {
			return result.exitCode;
		}

		return result.did === 'attach' && (result.transfer.state === 'failed' || result.transfer.state === 'cut') ? exitCodes.failed : 0;
	},
};
