/**
What a verb would take away, line by line: measured when it is asked for, not guessed.
*/
import {diff} from '../../actions/diff.ts';
import {listBranches} from '../../actions/branch.ts';
import type {Workspace} from '../../actions/workspace/workspace.ts';
import {
	firstLine,
	formatAge,
	formatBytes,
	formatCount,
	shortId,
} from '../../system/format.ts';

const clock = (time: string): string => {
	const date = new Date(time);
	return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
};

/**
What resetting the current branch would replace: the data that differ from the target, volume by volume, and the commits that the branch would leave.
*/
export const lossOfReset = async (workspace: Workspace, target: string): Promise<readonly string[]> => {
	const {history} = workspace;
	const [branch, branches] = await Promise.all([history.currentBranch(), history.branches()]);
	const tip = branches.get(branch) ?? null;
	const [commit, {volumes}] = await Promise.all([
		tip === null ? undefined : history.readCommit(tip),
		diff(workspace, {from: target, limit: 0}),
	]);
	const since = commit === undefined ? '' : ` since ${clock(commit.time)} (${formatAge(commit.time, new Date())})`;
	const isTip = target === 'HEAD' || target === tip;
	const changed = volumes.filter(volume => volume.kind !== 'same');
	const lines = changed.map(({name, kind, bytes, fileCount}) => {
		if (kind === 'added') {
			return `${name}: all of it (${formatBytes(bytes)}); ${shortId(target)} does not have that volume`;
		}

		return isTip
			? `${formatBytes(bytes)} in ${name}${since}, ${formatCount(fileCount, 'file')}`
			: `${name}: ${formatBytes(bytes)} in ${formatCount(fileCount, 'file')} differ from ${shortId(target)}`;
	});
	if (!isTip && tip !== null) {
		const left: string[] = [];
		// Only the first parents: what `log` would no longer show of this branch.
		for (let id: string | undefined = tip; id !== undefined && id !== target && left.length < 1000;) {
			const found = await history.readAnyCommit(id);
			left.push(`${shortId(found.id)} ${firstLine(found.message)}`);
			[id] = found.parents;
		}

		const others = new Set([...branches].filter(([name]) => name !== branch).map(([, id]) => id));
		if (left.length > 0 && left.length < 1000 && !others.has(tip)) {
			lines.push(`${formatCount(left.length, 'commit')} of ${branch} after ${shortId(target)}:`, ...left.slice(0, 6).map(line => `  ${line}`));
			if (left.length > 6) {
				lines.push(`  … and ${left.length - 6} more`);
			}
		}
	}

	return lines.length === 0 ? [`nothing: the data of ${branch} are those of ${shortId(target === 'HEAD' ? tip ?? '' : target)}`] : lines;
};

/** What deleting a branch would take away. */
export const lossOfBranch = async (workspace: Workspace, name: string): Promise<readonly string[]> => {
	const branches = await listBranches(workspace);
	const entry = branches.find(branch => branch.name === name);
	if (entry === undefined) {
		return [];
	}

	return [
		`its live data: ${formatBytes(entry.ownBytes)} of their own${entry.changed ? ', with changes that are not committed' : ''}`,
		...entry.commit === null ? [] : [`the name of its tip, ${shortId(entry.commit)} ${firstLine(entry.message ?? '')}`],
	];
};
