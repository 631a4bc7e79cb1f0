/**
What came or went between hosts.
*/
import type {CloneResult} from '../../actions/clone.ts';
import type {FetchResult} from '../../actions/fetch.ts';
import type {PullResult} from '../../actions/pull.ts';
import type {PushResult} from '../../actions/push.ts';
import {describeMoved} from '../../actions/sync/describe-moved.ts';
import {formatCount, shortId} from '../output/format.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';
import {renderRestart} from './restarted.ts';

const renderRefs = ({branches}: FetchResult, {style}: View): string => renderTable(branches.filter(({from, to}) => from !== to).map(({remote, from, to}) => [
	style.red(remote),
	from === null ? style.dim('new') : style.yellow(shortId(from)),
	'→',
	style.yellow(shortId(to)),
]), {indent: 2});

export const renderFetch = (result: FetchResult, view: View): string => {
	const {host, newCommits, forgotten, gone, data} = result;
	const moved = describeMoved(result);
	const refs = renderRefs(result, view);
	const isNothing = refs === '' && moved === '' && newCommits === 0 && data.length === 0;
	return [
		isNothing ? `Nothing new on ${host}.` : `Fetched from ${host}: ${formatCount(newCommits, 'new commit')}${data.length > 0 ? `, data of ${data.length}` : ''}${moved === '' ? '' : ` (${moved})`}.`,
		refs,
		...forgotten.map(name => `${name} is not there any more and was forgotten; its commits stay until they are pruned.`),
		...gone.map(name => `${name} is not there any more; \`coppice fetch ${host} --prune\` forgets it.`),
	].filter(line => line !== '').join('\n');
};

const renderPulled = (result: PullResult, view: View): string => {
	const {
		did, branch, remote, from, to, ahead, keptBranch,
	} = result;
	const {style} = view;
	switch (did) {
		case 'nothing': {
			return ahead === 0 ? `${style.cyan(branch)} is what ${style.red(remote)} is.` : `${style.cyan(branch)} has all of ${style.red(remote)}, and ${formatCount(ahead, 'commit')} more; \`coppice push\` sends them.`;
		}

		case 'fast-forward': {
			return `${style.cyan(branch)} moved forward ${from === null ? '' : `from ${style.yellow(shortId(from))} `}to ${style.yellow(shortId(to))}${renderRestart(result)}.`;
		}

		case 'reset': {
			return `${style.cyan(branch)} is what ${style.red(remote)} is now, ${style.yellow(shortId(to))}${renderRestart(result)}. What was yours is branch ${style.cyan(keptBranch ?? '')}.`;
		}

		case 'new-branch': {
			return `Made branch ${style.cyan(branch)} of ${style.red(remote)}, ${style.yellow(shortId(to))}; \`coppice switch ${branch}\` goes there.`;
		}
	}
};

export const renderPull = (result: PullResult, view: View): string => {
	const {fetched, kept, did} = result;
	const moved = describeMoved(fetched);
	const keeps = kept.length > 0 && did !== 'new-branch';
	return [
		...moved === '' ? [] : [`Fetched from ${fetched.host}: ${moved}.`],
		renderPulled(result, view),
		...keeps ? [`What was there${result.hadChanges ? ', with changes that were not committed,' : ''} is kept in ${kept.map(id => view.style.yellow(shortId(id))).join(', ')}; \`coppice undo\` brings it back.`] : [],
	].join('\n');
};

export const renderPush = (result: PushResult, {style}: View): string => {
	const {
		host, branch, remoteBranch, from, to, commits, kept, restarted,
	} = result;
	const moved = describeMoved(result);
	const name = style.red(`${host}/${remoteBranch}`);
	return [
		commits === 0 && from === to && restarted.length === 0
			? `${name} is what ${style.cyan(branch)} is.`
			: `Pushed ${style.cyan(branch)} to ${name}: ${from === null ? 'new' : style.yellow(shortId(from))} → ${style.yellow(shortId(to))}, ${formatCount(commits, 'commit')}${moved === '' ? '' : ` (${moved})`}.`,
		...restarted.length === 0 ? [] : [`Restarted there: ${restarted.join(', ')}.`],
		...kept.length === 0 ? [] : [`What was there is kept there in ${kept.map(id => style.yellow(shortId(id))).join(', ')}.`],
	].join('\n');
};

const renderMissingFiles = ({missingFiles, folder, init}: CloneResult, style: View['style']): readonly string[] => {
	if (missingFiles.length === 0) {
		return [];
	}

	return [
		`${style.yellow('Missing files')}, which are no part of a clone:`,
		...missingFiles.map(({service, file, use}) => `  ${file}, which ${service} ${use === 'mounted' ? 'mounts' : 'is built from'}`),
		`  Put them into ${folder} from the repository of the application${init.runtime === 'docker' ? ': where one is missing, Docker mounts an empty folder' : ''}.`,
	];
};

export const renderClone = (result: CloneResult, {style}: View): string => {
	const {
		folder, stack, host, branch, commit, fetched, missingImages, missingFiles, missingVariables, init,
	} = result;
	const moved = describeMoved(fetched);
	return [
		`Cloned ${style.bold(stack)} from ${host} into ${folder}: branch ${style.cyan(branch)} at ${style.yellow(shortId(commit))}${moved === '' ? '' : ` (${moved})`}.`,
		`Its data are in the ${init.pool.driver} pool ${init.pool.path}; ${init.runtime === 'docker' ? 'Docker runs it' : 'it runs as processes'}.`,
		...missingVariables.length === 0 ? [] : [`${style.yellow('Missing values')} in ${folder}/.env: ${missingVariables.join(', ')}.`],
		...missingImages.flatMap(({service, image, ways}) => [`${style.yellow('Missing image')} ${image} of ${service}:`, ...ways.map(way => `  ${way}`)]),
		...renderMissingFiles(result, style),
		`\`cd ${folder} && coppice up\` starts it.`,
	].join('\n');
};
