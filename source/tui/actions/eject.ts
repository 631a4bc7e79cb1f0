/**
Giving the volumes of a stack back to plain Docker, with its history kept in the pool or removed for good. Both say what becomes of what, and ask for the
stack's name.
*/
import type {EjectResult} from '../../actions/eject.ts';
import {formatCount, formatDuration} from '../../system/format.ts';
import {workOnStack} from '../jobs/stack-work.ts';
import {selectedStack} from '../state/select.ts';
import {isLocal, type StackView, type State} from '../state/state.ts';
import {commandLine, type Action} from './action.ts';
import {needsLocalStack, needsStack, runVerb} from './with-stack.ts';

type Way = Pick<Action, 'id' | 'title'> & {
	/** Why there is no stack for it. */
	readonly needs: (state: State) => string | undefined;
	readonly isPurge: boolean;
	readonly ask: (stack: StackView) => string;
	readonly lost: (state: State, stack: StackView) => Promise<readonly string[]>;
	readonly way: string;

	/** As a job. */
	readonly name: string;
	readonly tell: (result: EjectResult) => string;
};

const namesOf = ({volumes}: EjectResult): string => volumes.map(({volume}) => volume).join(', ');

const ejectAction = ({
	id, title, needs, isPurge, ask, lost, way, name, tell,
}: Way): Action => {
	const words = ['eject', ...isPurge ? ['--purge'] : []];
	return {
		id,
		group: 'Stacks',
		title,
		obstacle: state => needs(state) ?? (selectedStack(state)!.runtime === 'docker' ? undefined : 'Only stacks on Docker can be given back to it.'),
		twin: state => commandLine(state, selectedStack(state), ...words),
		async run(tools) {
			const stack = selectedStack(tools.store.getState())!;
			const job = await runVerb(tools, stack, now => ({
				title: name,
				words: [...words, ...isPurge ? ['--yes'] : []],
				canCancel: true,
				question: {
					title: ask(now), lost: async () => lost(tools.store.getState(), now), way, typed: now.name,
				},
				async run(workspace, {signal}) {
					const {eject} = await import('../../actions/eject.ts');
					return eject(workspace, {purge: isPurge, signal});
				},
				tell,
			}));
			if (job !== undefined) {
				tools.refresh(isLocal(stack) ? stack.folder : undefined);
			}
		},
	};
};

export const ejectActions: readonly Action[] = [
	ejectAction({
		id: 'stack.eject',
		title: 'Give the stack\'s volumes back to plain Docker',
		needs: needsStack,
		isPurge: false,
		ask: ({name}) => `Eject ${name}`,
		lost: async (_, stack) => [`the data of ${stack.branch ?? 'the current branch'} are copied into ordinary Docker volumes`, 'other branches and all commits stay in the pool'],
		way: '`coppice init --adopt` takes the stack up again, with its history.',
		name: 'eject',
		tell: result => `Plain Docker has ${namesOf(result)} again; ready after ${formatDuration(result.readyMilliseconds)}.`,
	}),
	ejectAction({
		id: 'stack.ejectPurge',
		title: 'Give the stack\'s volumes back to plain Docker, and remove its whole history',
		needs: needsLocalStack,
		isPurge: true,
		ask: ({name}) => `Remove the stack ${name} from the pool`,
		async lost(state, stack) {
			const {purgeLoss} = await import('../../actions/eject.ts');
			const {commits, branches, folder} = await workOnStack(state, stack, {words: ['eject', '--purge'], run: purgeLoss});
			return [
				`${formatCount(commits, 'commit')}, safety commits included`,
				`the unsaved data of ${branches.length === 1 ? 'no other branch' : `every branch but the current one (${branches.join(', ')})`}`,
				`everything in ${folder}`,
			];
		},
		way: 'This can\'t be undone. The data of the current branch stay, in ordinary Docker volumes.',
		name: 'eject, and remove the history',
		tell: result => `Plain Docker has ${namesOf(result)} again; the history of ${result.stack} is gone.`,
	}),
];
