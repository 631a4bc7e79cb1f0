/**
What can't be taken back: emptying the trash, and removing a stack with its history. Both list what would be lost, and ask for the stack's name.
*/
import {prune} from '../../actions/prune.ts';
import {firstLine, formatCount, shortId} from '../../system/format.ts';
import {workOnStack} from '../jobs/stack-work.ts';
import {selectedStack} from '../state/select.ts';
import type {StackView, State} from '../state/state.ts';
import {commandLine, type Action} from './action.ts';
import {needsLocalStack, needsStack, runVerb} from './with-stack.ts';

const stackOf = (state: State): StackView => selectedStack(state)!;

const shownCommits = 12;

export const forGoodActions: readonly Action[] = [
	{
		id: 'prune.now',
		group: 'History',
		title: 'Empty the trash of removed commits at once',
		obstacle: needsStack,
		twin: state => commandLine(state, selectedStack(state), 'prune', '--now'),
		async run(tools) {
			const state = tools.store.getState();
			const stack = stackOf(state);
			const isSure = await tools.ask.confirm({
				title: `Empty the trash of ${stack.name}`,
				async lost() {
					const {removed, destroyed} = await workOnStack(state, stack, {
						words: ['prune', '--now', '--dry-run'], run: async workspace => prune(workspace, {now: true, dryRun: true}),
					});
					return [
						...removed.slice(0, shownCommits).map(({id, message, kind}) => `${shortId(id)} ${firstLine(message)}${kind === 'safety' ? ' [safety]' : ''}`),
						...removed.length > shownCommits ? [`… and ${removed.length - shownCommits} more commits`] : [],
						...destroyed === 0 ? [] : [`${formatCount(destroyed, 'snapshot')} in the trash`],
						...removed.length + destroyed === 0 ? ['nothing that could be brought back'] : [],
					];
				},
				way: 'This can\'t be undone.',
				typed: stack.name,
			});
			if (isSure) {
				await runVerb(tools, stack, {
					title: 'prune --now',
					words: ['prune', '--now', '--yes'],
					run: async workspace => prune(workspace, {now: true}),
					tell: ({removed, destroyed}) => `Destroyed ${formatCount(destroyed, 'snapshot')}${removed.length === 0 ? '' : `, removed ${formatCount(removed.length, 'commit')}`}.`,
				});
			}
		},
	},
	{
		id: 'stack.ejectPurge',
		group: 'Stacks',
		title: 'Give the stack\'s volumes back to plain Docker, and remove its whole history',
		obstacle: state => needsLocalStack(state) ?? (stackOf(state).runtime === 'docker' ? undefined : 'Only stacks on Docker can be given back to it.'),
		twin: state => commandLine(state, selectedStack(state), 'eject', '--purge'),
		async run(tools) {
			const state = tools.store.getState();
			const stack = stackOf(state);
			const isSure = await tools.ask.confirm({
				title: `Remove the stack ${stack.name} from the pool`,
				async lost() {
					const {purgeLoss} = await import('../../actions/eject.ts');
					const {commits, branches, folder} = await workOnStack(state, stack, {words: ['eject', '--purge'], run: purgeLoss});
					return [
						`${formatCount(commits, 'commit')}, safety commits included`,
						`the unsaved data of ${branches.length === 1 ? 'no other branch' : `every branch but the current one (${branches.join(', ')})`}`,
						`everything in ${folder}`,
					];
				},
				way: 'This can\'t be undone. The data of the current branch stay, in ordinary Docker volumes.',
				typed: stack.name,
			});
			if (!isSure) {
				return;
			}

			await runVerb(tools, stack, {
				title: 'eject, and remove the history',
				words: ['eject', '--purge', '--yes'],
				canCancel: true,
				async run(workspace, {signal}) {
					const {eject} = await import('../../actions/eject.ts');
					return eject(workspace, {purge: true, signal});
				},
				tell: result => `Plain Docker has ${result.volumes.map(({volume}) => volume).join(', ')} again; the history of ${result.stack} is gone.`,
			});
			tools.refresh(stack.folder);
		},
	},
];
