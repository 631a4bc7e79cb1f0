/**
What the commit and definition tabs compare: pure.
*/
import {
	activeTab,
	currentBranch,
	currentCommit,
	selectedStack,
	sidePanelOf,
	type DiffRequest,
} from './select.ts';
import type {CommitView, State} from './state.ts';

/** The commit that the commit tab is about: the one under the cursor, else the last one. */
export const shownCommit = (state: State): CommitView | undefined => {
	const detail = selectedStack(state)?.detail;
	switch (sidePanelOf(state)) {
		case 'commits': {
			return currentCommit(state);
		}

		case 'branches': {
			const tip = currentBranch(state)?.tip;
			return detail?.commits.find(({id}) => id === tip);
		}

		default: {
			return detail?.commits.find(({id}) => id === detail.head);
		}
	}
};

/**
The commit against its parent; the last one, or one that was asked for, against the live data. `undefined` where there is nothing to compare.
*/
export const diffRequest = (state: State): DiffRequest | undefined => {
	const commit = shownCommit(state);
	if (commit === undefined || commit.isElsewhere) {
		return undefined;
	}

	if (activeTab(state) === 'definition') {
		const head = selectedStack(state)?.detail?.head;
		return typeof head === 'string' ? {from: head} : undefined;
	}

	const side = sidePanelOf(state);
	const isOfBranch = side === 'branches' && currentBranch(state)?.isCurrent !== true;
	if (state.comparedToLive === commit.id || (side !== 'commits' && !isOfBranch)) {
		return {from: commit.id};
	}

	const [parent] = commit.parents;
	return parent === undefined ? undefined : {from: parent, to: commit.id};
};
