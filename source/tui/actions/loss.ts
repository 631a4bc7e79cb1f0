/**
What a verb would take away, line by line: measured when it is asked for, not guessed, on the host where the stack is.
*/
import {diff, type VolumeDiff} from '../../actions/diff.ts';
import {listBranches} from '../../actions/branch.ts';
import {
	firstLine,
	formatAge,
	formatBytes,
	formatCount,
	shortId,
} from '../../system/format.ts';
import {localClock} from '../draw/local-time.ts';
import {workOnStack} from '../jobs/stack-work.ts';
import type {StackView, State} from '../state/state.ts';

/** The commits that the current branch would leave: only the first parents, which is what `log` would no longer show of it. */
const leftCommits = ({detail, branch}: StackView, target: string): readonly string[] => {
	const tip = detail?.head ?? undefined;
	if (tip === target || tip === undefined || detail === undefined) {
		return [];
	}

	const byId = new Map(detail.commits.map(commit => [commit.id, commit]));
	const left: string[] = [];
	for (let id: string | undefined = tip; id !== undefined && id !== target && left.length < 1000;) {
		const found = byId.get(id);
		if (found !== undefined) {
			left.push(`${shortId(found.id)} ${firstLine(found.message)}`);
		}

		id = found?.parents[0];
	}

	const isElsewhere = detail.branches.some(({name, tip: other, isRemote}) => !isRemote && name !== branch && other === tip);
	if (isElsewhere || left.length === 0 || left.length >= 1000) {
		return [];
	}

	return [
		`${formatCount(left.length, 'commit')} of ${branch ?? ''} after ${shortId(target)}:`,
		...left.slice(0, 6).map(line => `  ${line}`),
		...left.length > 6 ? [`  … and ${left.length - 6} more`] : [],
	];
};

/**
What resetting the current branch would replace: the data that differ from the target, volume by volume, and the commits that the branch would leave.

@param volumes - What differs between the target and the live data.
*/
export const tellResetLoss = (stack: StackView, target: string, volumes: readonly VolumeDiff[], now = new Date()): readonly string[] => {
	const tip = stack.detail?.head ?? null;
	const commit = stack.detail?.commits.find(({id}) => id === tip);
	const since = commit === undefined ? '' : ` since ${localClock(commit.time, 'minutes')} (${formatAge(commit.time, now)})`;
	const isTip = target === 'HEAD' || target === tip;
	const lines = volumes.filter(volume => volume.kind !== 'same').map(({name, kind, bytes, fileCount}) => {
		if (kind === 'added') {
			return `${name}: all of it (${formatBytes(bytes)}); ${shortId(target)} does not have that volume`;
		}

		return isTip
			? `${formatBytes(bytes)} in ${name}${since}, ${formatCount(fileCount, 'file')}`
			: `${name}: ${formatBytes(bytes)} in ${formatCount(fileCount, 'file')} differ from ${shortId(target)}`;
	});
	const all = [...lines, ...isTip ? [] : leftCommits(stack, target)];
	return all.length === 0 ? [`nothing: the data of ${stack.branch ?? ''} are those of ${shortId(target === 'HEAD' ? tip ?? '' : target)}`] : all;
};

export const lossOfReset = async (state: State, stack: StackView, target: string): Promise<readonly string[]> => {
	const {volumes} = await workOnStack(state, stack, {words: ['diff', target, '--limit=0'], run: async workspace => diff(workspace, {from: target, limit: 0})});
	return tellResetLoss(stack, target, volumes);
};

/** What deleting a branch would take away. */
export const lossOfBranch = async (state: State, stack: StackView, name: string): Promise<readonly string[]> => {
	const branches = await workOnStack(state, stack, {words: ['branch'], run: async workspace => listBranches(workspace)});
	const entry = branches.find(branch => branch.name === name);
	if (entry === undefined) {
		return [];
	}

	return [
		`its live data: ${formatBytes(entry.ownBytes)} of their own${entry.changed ? ', with changes that are not committed' : ''}`,
		...entry.commit === null ? [] : [`the name of its tip, ${shortId(entry.commit)} ${firstLine(entry.message ?? '')}`],
	];
};
