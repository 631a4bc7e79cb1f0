/**
Keeps known how the branches of other hosts and those of the stack that is shown have moved apart: as they were last fetched, so nobody is asked for it.
*/
import {openWorkspace} from '../../actions/workspace/open-workspace.ts';
import {selectedStack} from '../state/select.ts';
import {isLocal, type State} from '../state/state.ts';
import type {Store} from '../state/store.ts';
import {coalesce} from './coalesce.ts';

export type DriftSource = {stop(): void};

/** What it depends on: the branches and where they are. `undefined` where no branch of another host is known. */
const keyOf = (state: State): string | undefined => {
	const stack = selectedStack(state);
	const branches = stack?.detail?.branches;
	return stack === undefined || branches?.some(({isRemote}) => isRemote) !== true || !isLocal(stack)
		? undefined
		: [stack.id, ...branches.map(({name, tip}) => `${name} ${tip ?? ''}`)].join('\0');
};

export const createDriftSource = ({store}: {readonly store: Store}): DriftSource => {
	let known: string | undefined;
	const read = coalesce(async () => {
		const state = store.getState();
		const stack = selectedStack(state);
		const key = keyOf(state);
		if (stack === undefined || key === undefined) {
			return;
		}

		try {
			const {listRemoteBranches} = await import('../../actions/remote.ts');
			const branches = await listRemoteBranches(await openWorkspace({directory: stack.folder}));
			store.setState(({drift}) => ({drift: {...drift, [stack.id]: branches}}));
		} catch {
			// Why a stack can't be read is said where it is read; this is read again with the next change.
			known = undefined;
		}
	}, 100);
	const unsubscribe = store.subscribe((state, before) => {
		if (state.stacks === before.stacks && state.selected === before.selected) {
			return;
		}

		const key = keyOf(state);
		if (key === undefined || key === known) {
			return;
		}

		known = key;
		read.ask();
	});
	return {
		stop() {
			unsubscribe();
			read.stop();
		},
	};
};
