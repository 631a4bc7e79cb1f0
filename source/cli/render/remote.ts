/**
Branches of other hosts, beside ours.
*/
import type {RemoteBranch} from '../../actions/remote.ts';
import {describeDrift} from '../../actions/sync/describe-drift.ts';
import {firstLine, formatAge, shortId} from '../output/format.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';

export const renderRemoteBranches = (branches: readonly RemoteBranch[], {style, now}: View): string =>
	branches.length === 0
		? 'No branches of other hosts are known. `coppice fetch HOST` brings them.'
		: renderTable(branches.map(branch => [
			branch.current === true ? '*' : ' ',
			style.red(`${branch.host}/${branch.name}`),
			branch.commit === null ? style.dim('no commit') : style.yellow(shortId(branch.commit)),
			branch.gone === true ? style.yellow('gone there') : describeDrift(branch),
			{here: 'data here', elsewhere: style.dim('data only there'), unknown: style.dim('not fetched')}[branch.data],
			branch.time === undefined ? '' : style.dim(formatAge(branch.time, now)),
			firstLine(branch.message ?? ''),
		]));
