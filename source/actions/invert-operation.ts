/**
What has to change to take an operation back: pure.
*/
import type {Operation, OperationChange} from '../history/operation.ts';
import type {Change} from './plan-changes.ts';

const invertChange = (change: OperationChange): Change => {
	switch (change.type) {
		case 'head': {
			return {type: 'head', to: change.from};
		}

		case 'branch': {
			if (change.from === undefined) {
				return {type: 'delete', branch: change.name};
			}

			if (change.to === undefined) {
				return {
					type: 'create', branch: change.name, at: change.from, data: change.kept!,
				};
			}

			return {
				type: 'move', branch: change.name, to: change.from, ...(change.kept === undefined ? {} : {data: change.kept}),
			};
		}

		case 'branch-renamed': {
			return {type: 'rename', from: change.to, to: change.from};
		}

		case 'tag': {
			return {type: 'tag', name: change.name, ...(change.from === undefined ? {} : {to: change.from})};
		}

		case 'pruned': {
			return {type: 'restore', commits: change.commits};
		}

		case 'restored': {
			return {type: 'prune', commits: change.commits};
		}
	}
};

/**
The changes that take an operation back, the last one first.
*/
export const invertOperation = (operation: Operation): Change[] => operation.changes.toReversed().map(change => invertChange(change));
