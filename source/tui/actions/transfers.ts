/**
Transfers between hosts, whichever process runs them: cancel, go on, follow.
*/
import {parseArgs} from 'node:util';
import process from 'node:process';
import {describeTransfer, describeTransferAmount} from '../../actions/describe-transfer.ts';
import type {Transfer} from '../../actions/transfers.ts';
import {findHome} from '../../host/home.ts';
import {formatBytes, shortId} from '../../system/format.ts';
import type {RuntimeName} from '../../stack/stack.ts';
import {
	activeTab,
	currentTransfer,
	transferEntries,
} from '../state/select.ts';
import type {State} from '../state/state.ts';
import {focusPanel, showTab} from '../state/update.ts';
import {commandLine, type Action, type Tools} from './action.ts';

const isListed = (state: State): boolean => activeTab(state) === 'transfers' && state.focus === 'main';

/** The one under the cursor of their tab; else the newest that is so. */
const chosen = (state: State, is: (transfer: Transfer) => boolean): Transfer | undefined => {
	const selected = isListed(state) ? currentTransfer(state) : undefined;
	return selected ?? state.transfers.find(transfer => is(transfer));
};

const runs = ({state}: Transfer): boolean => state === 'running';
const stopped = ({state}: Transfer): boolean => ['cut', 'cancelled', 'failed'].includes(state);

const twin = (action: string, is: (transfer: Transfer) => boolean) => (state: State): string => commandLine(state, undefined, 'transfers', action, chosen(state, is)?.id ?? 'ID');

/**
Runs what a transfer was begun with again: in this process, so that it can be asked, and cancelled.
*/
export const goOn = async (tools: Tools, {verb, host, command, directory}: Pick<Transfer, 'verb' | 'host' | 'command' | 'directory'>): Promise<void> => {
	const {values, positionals} = parseArgs({
		args: command.slice(1),
		allowPositionals: true,
		options: {
			history: {type: 'boolean'},
			full: {type: 'boolean'},
			prune: {type: 'boolean'},
			reset: {type: 'boolean'},
			switch: {type: 'boolean'},
			into: {type: 'string'},
			limit: {type: 'string'},
			branch: {type: 'string'},
			pool: {type: 'string'},
			runtime: {type: 'string'},
		},
	});
	const [, second, third] = positionals;
	const {history, full, prune, reset, into, pool} = values;
	const common = {host, ...(values.limit !== undefined && {limit: Number(values.limit)})};
	const {runClone, runFetch, runPull, runPush} = await import('./sync-verbs.ts');
	const place = {folder: directory};
	switch (verb) {
		case 'fetch': {
			await runFetch(tools, place, {
				...common, revisions: positionals.slice(1), history, full, prune,
			});
			return;
		}

		case 'pull': {
			await runPull(tools, place, {
				...common, branch: second, history, full, reset, into,
			});
			return;
		}

		case 'push': {
			await runPush(tools, place, {
				...common, branch: second, full, switch: values.switch,
			});
			return;
		}

		case 'clone': {
			await runClone(tools, {
				...common, stack: second ?? '', folder: third, directory, branch: values.branch, pool, runtime: values.runtime as RuntimeName | undefined, history,
			});
		}
	}
};

const details = (transfer: Transfer): readonly string[] => [
	`$ coppice ${transfer.command.join(' ')}`,
	`in ${transfer.directory}, process ${transfer.processId}`,
	`${transfer.state}: ${describeTransferAmount(transfer)}`,
	...transfer.message === undefined ? [] : [transfer.message],
	'',
	...transfer.volumes.map(({volume, snapshot, base, state, streamBytes, totalBytes, wireBytes, resumedBytes}) =>
		`${volume} ${shortId(snapshot)} ${base === undefined ? 'in full' : `from ${shortId(base)}`}: ${state}, ${formatBytes(streamBytes)} of ${formatBytes(Math.max(streamBytes, totalBytes))}, ${formatBytes(wireBytes)} over the line${
			resumedBytes > 0 ? `, ${formatBytes(resumedBytes)} from an earlier try` : ''}`),
];

export const transferActions: readonly Action[] = [
	{
		id: 'transfer.list',
		group: 'Hosts',
		title: 'Show what goes between hosts, was cut, or is through',
		twin: state => commandLine(state, undefined, 'transfers'),
		run({store}) {
			store.setState(showTab('transfers'));
			store.setState(focusPanel('main'));
		},
	},
	{
		id: 'transfer.cancel',
		group: 'Hosts',
		title: 'Cancel a transfer; what has come over is kept',
		obstacle(state) {
			const transfer = chosen(state, runs);
			return transfer?.state === 'running' ? undefined : (transfer === undefined ? 'Nothing goes between hosts.' : `Transfer ${transfer.id} does not run: it is ${transfer.state}.`);
		},
		twin: twin('cancel', runs),
		async run(tools) {
			const state = tools.store.getState();
			const {id, processId} = chosen(state, runs)!;
			if (processId === process.pid) {
				const job = state.jobs.find(each => each.transfer === id && each.status === 'running');
				if (job !== undefined) {
					tools.jobs.cancel(job.id);
				}

				return;
			}

			await tools.jobs.start({
				title: `cancel transfer ${id}`,
				twin: commandLine(state, undefined, 'transfers', 'cancel', id),
				async run({signal}) {
					const {cancelTransfer} = await import('../../actions/transfers.ts');
					const transfer = await cancelTransfer(findHome(), id, {signal});
					return `${describeTransfer(transfer)} is ${transfer.state}; what has come over is kept.`;
				},
			});
		},
	},
	{
		id: 'transfer.retry',
		group: 'Hosts',
		title: 'Run a transfer again: it goes on from where it was',
		obstacle(state) {
			const transfer = chosen(state, stopped);
			return transfer === undefined ? 'No transfer was cut or cancelled.' : (transfer.state === 'running' ? `Transfer ${transfer.id} still runs.` : undefined);
		},
		twin: twin('retry', stopped),
		async run(tools) {
			await goOn(tools, chosen(tools.store.getState(), stopped)!);
		},
	},
	{
		id: 'transfer.attach',
		group: 'Hosts',
		title: 'Follow a transfer of another terminal, or show all that is known of one',
		obstacle: state => transferEntries(state).length === 0 ? 'There is no transfer.' : undefined,
		twin: twin('attach', runs),
		async run(tools) {
			const state = tools.store.getState();
			const transfer = chosen(state, runs) ?? state.transfers[0]!;
			if (transfer.state !== 'running' || transfer.processId === process.pid) {
				tools.ask.message(describeTransfer(transfer), details(transfer));
				return;
			}

			await tools.jobs.start({
				title: `follow ${describeTransfer(transfer)}`,
				twin: commandLine(state, undefined, 'transfers', 'attach', transfer.id),
				canCancel: true,
				async run({report, signal}) {
					const {attachTransfer} = await import('../../actions/transfers.ts');
					const last = await attachTransfer(findHome(), transfer.id, {
						signal, report(event) {
							if (event.type !== 'progress') {
								return;
							}

							// It is another process's: what cancels this job only stops following.
							const {transfer: _id, ...rest} = event;
							report(rest);
						},
					});
					return `${describeTransfer(last)} is ${last.state}: ${describeTransferAmount(last)}.`;
				},
			});
		},
	},
];
