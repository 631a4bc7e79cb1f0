/**
What is known of the live data of a stack, and for how long that can be said. Pure.
*/
import type {VolumeStatus} from '../../actions/status.ts';
import {formatAge} from '../../system/format.ts';
import type {BranchView, StackDetail} from './state.ts';

/** The clock of the screen moves on about this often: what is younger was just measured. */
const recentSeconds = 10;

/**
How long ago the data were measured, where that is a while: services may have written to them since.

@returns `20 s ago`, `2 minutes ago`; `undefined` where they were just measured, or when is not known.
*/
export const measuredAge = ({measuredAt}: Pick<StackDetail, 'measuredAt'>, now: Date): string | undefined => {
	const seconds = measuredAt === undefined ? 0 : (now.getTime() - measuredAt) / 1000;
	if (measuredAt === undefined || seconds < recentSeconds) {
		return undefined;
	}

	return seconds < 60 ? `${Math.floor(seconds / recentSeconds) * recentSeconds} s ago` : formatAge(new Date(measuredAt).toISOString(), now);
};

/**
What a statement about the live data goes by. Where it differs from what it was, a verb may have changed them, and they have to be measured again: a reset
leaves the tip as it is, but can be undone, or has made a safety commit.
*/
export const dataMark = (branch: string | undefined, {head, undo, redo, commits}: Pick<StackDetail, 'head' | 'undo' | 'redo' | 'commits'>): string =>
	JSON.stringify([branch, head, undo, redo, commits.length]);

/**
Branches that were read again, with what was counted of them before: of a branch whose tip has moved nothing is known any more, nor of the current one
where a verb may have changed its data.
*/
export const keepCounts = (branches: readonly BranchView[], before: readonly BranchView[], isMoved: boolean): readonly BranchView[] => {
	const counted = new Map(before.map(branch => [branch.name, branch]));
	return branches.map(branch => {
		const known = counted.get(branch.name);
		return known?.tip === branch.tip && !(isMoved && branch.isCurrent) ? {...known, ...branch} : branch;
	});
};

/** Branches with what was just counted of them; of the current one that only while its data were not measured, which is done more often. */
export const withCounts = (
	branches: readonly BranchView[],
	counted: ReadonlyArray<Required<Pick<BranchView, 'name' | 'changed' | 'ownBytes' | 'sharedBytes'>>>,
	isMeasured: boolean,
): readonly BranchView[] => {
	const byName = new Map(counted.map(({name, changed, ownBytes, sharedBytes}) => [name, {changed, ownBytes, sharedBytes}]));
	return branches.map(branch => branch.isRemote || (isMeasured && branch.isCurrent) ? branch : {...branch, ...byName.get(branch.name)});
};

/** Branches with what was just measured of the live data, which are those of the current one: the list must not say anything else than the header. */
export const withLiveData = (branches: readonly BranchView[], volumes: ReadonlyArray<Pick<VolumeStatus, 'changed' | 'ownBytes' | 'sharedBytes'>>): readonly BranchView[] =>
	branches.map(branch => branch.isCurrent
		? {
			...branch,
			changed: volumes.some(({changed}) => changed),
			ownBytes: volumes.reduce((sum, {ownBytes}) => sum + ownBytes, 0),
			sharedBytes: volumes.reduce((sum, {sharedBytes}) => sum + sharedBytes, 0),
		}
		: branch);
