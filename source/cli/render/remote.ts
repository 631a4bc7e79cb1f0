/**
Branches of other hosts, beside ours.
*/
import type {RemoteBranch} from '../../actions/remote.ts';
import {firstLine, formatAge, shortId} from '../output/format.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';

const compare = ({ours, ahead, behind, data}: RemoteBranch): string => {
	if (ours === undefined) {
		return 'no branch of ours';
	}

	if (ahead === undefined || behind === undefined) {
		return data === 'unknown' ? `${ours} is behind or apart: fetch it` : '';
	}

	if (ahead === 0 && behind === 0) {
		return `same as ${ours}`;
	}

	const parts = [...ahead > 0 ? [`${ahead} ahead`] : [], ...behind > 0 ? [`${behind} behind`] : []];
	return `${ours} is ${parts.join(', ')}`;
};

export const renderRemoteBranches = (branches: readonly RemoteBranch[], {style, now}: View): string =>
	branches.length === 0
		? 'No branches of other hosts are known. `coppice fetch HOST` brings them.'
		: renderTable(branches.map(branch => [
			branch.current === true ? '*' : ' ',
			style.red(`${branch.host}/${branch.name}`),
			branch.commit === null ? style.dim('no commit') : style.yellow(shortId(branch.commit)),
			branch.gone === true ? style.yellow('gone there') : compare(branch),
			{here: 'data here', elsewhere: style.dim('data only there'), unknown: style.dim('not fetched')}[branch.data],
			branch.time === undefined ? '' : style.dim(formatAge(branch.time, now)),
			firstLine(branch.message ?? ''),
		]));
