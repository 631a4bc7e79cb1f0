/**
What has to be done to take an operation back: pure.
*/
import {invert, type Operation, type OperationChange} from '../../history/operation.ts';
import type {Change} from './plan-changes.ts';

/**
The change to bring about, for one that an operation would record. `made` says whose data a branch gets.
*/
const toChange = (change: OperationChange): Change => {
	switch (change.type) {
		case 'head': {
			return {type: 'head', to: change.to};
		}

		case 'branch': {
			const {name, from, to, made} = change;
			if (to === undefined) {
				return {type: 'delete', branch: name};
			}

			if (from === undefined) {
				return {
					type: 'create', branch: name, at: to, data: made!,
				};
			}

			return {
				type: 'move', branch: name, to, ...((typeof made === 'string') && {data: made}),
			};
		}

		case 'branch-renamed': {
			return {type: 'rename', from: change.from, to: change.to};
		}

		case 'tag': {
			return {type: 'tag', name: change.name, ...(change.to !== undefined && {to: change.to})};
		}

		case 'pruned': {
			return {type: 'prune', commits: change.commits};
		}

		case 'restored': {
			return {type: 'restore', commits: change.commits};
		}
	}
};

/**
The changes that take an operation back, in the order to make them.
*/
export const invertOperation = (operation: Operation): Change[] => invert(operation).map(change => toChange(change));
