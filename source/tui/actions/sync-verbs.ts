/**
Fetch, pull, push and clone as jobs: what they are told, what they ask, and what has come of them. Loaded with the first of them.
*/
import path from 'node:path';
import {clone, type CloneOptions} from '../../actions/clone.ts';
import {
	fetchHost,
	optionWords,
	type FetchOptions,
	type FetchResult,
} from '../../actions/fetch.ts';
import {pull, type PullOptions, type PullResult} from '../../actions/pull.ts';
import {push, type PushOptions, type PushResult} from '../../actions/push.ts';
import {describeMoved} from '../../actions/sync/describe-moved.ts';
import {openWorkspace} from '../../actions/workspace/open-workspace.ts';
import {
	formatCount,
	formatDuration,
	shortId,
} from '../../system/format.ts';
import {CoppiceError} from '../../system/errors.ts';
import type {JobTools} from '../jobs/jobs.ts';
import type {JobView, StackView} from '../state/state.ts';
import {commandLine, type Tools} from './action.ts';
import {askDivergenceOf, confirmFullOf, confirmProductionOf} from './sync-questions.ts';

/** Where it is done: a stack that is shown, or a folder that a transfer was begun in. */
export type SyncPlace = Pick<StackView, 'folder'> & Partial<Pick<StackView, 'id' | 'name'>>;

const moved = (of: Parameters<typeof describeMoved>[0]): string => {
	const text = describeMoved(of);
	return text === '' ? '' : ` (${text})`;
};

export const tellFetch = (result: FetchResult): string => {
	const {host, newCommits, data, gone, forgotten, snapshots, branches} = result;
	const isNothing = newCommits === 0 && data.length === 0 && snapshots.length === 0 && branches.every(({from, to}) => from === to);
	return [
		isNothing ? `Nothing new on ${host}.` : `Fetched from ${host}: ${formatCount(newCommits, 'new commit')}${moved(result)}.`,
		...forgotten.map(name => `${name} was forgotten.`),
		...gone.map(name => `${name} is not there any more.`),
	].join(' ');
};

export const tellPull = (result: PullResult): string => {
	const {did, branch, remote, to, ahead, keptBranch, hadChanges, kept, restarted, readyMilliseconds, fetched} = result;
	const ready = restarted.length === 0 ? '' : `; ${restarted.join(', ')} ready after ${formatDuration(readyMilliseconds)}`;
	const safety = hadChanges && kept.length > 0 ? ` What was not committed is kept in ${kept.map(id => shortId(id)).join(', ')}.` : '';
	switch (did) {
		case 'nothing': {
			return ahead === 0 ? `${branch} is what ${remote} is.` : `${branch} has all of ${remote}, and ${formatCount(ahead, 'commit')} more: P pushes them.`;
		}

		case 'fast-forward': {
			return `${branch} moved forward to ${shortId(to)}${ready}${moved(fetched)}.${safety} z takes it back.`;
		}

		case 'reset': {
			return `${branch} is what ${remote} is now${ready}${moved(fetched)}; what was yours is branch ${keptBranch ?? ''}.${safety}`;
		}

		case 'new-branch': {
			return `Made branch ${branch} of ${remote}${moved(fetched)}: enter on it switches there.`;
		}
	}
};

export const tellPush = (result: PushResult): string => {
	const {host, branch, remoteBranch, from, to, commits, restarted, kept} = result;
	const remote = `${host}/${remoteBranch}`;
	return [
		commits === 0 && from === to && restarted.length === 0 ? `${remote} is what ${branch} is.` : `Pushed ${branch} to ${remote}: ${formatCount(commits, 'commit')}${moved(result)}.`,
		...restarted.length === 0 ? [] : [`Restarted there: ${restarted.join(', ')}.`],
		...kept.length === 0 ? [] : [`What was there is kept there in ${kept.map(id => shortId(id)).join(', ')}.`],
	].join(' ');
};

type Request<Result> = {
	readonly title: string;
	readonly words: readonly string[];
	readonly run: (place: string, tools: JobTools) => Promise<Result>;
	readonly tell: (result: Result) => string;
	readonly again?: () => Promise<void>;
};

/** In a job that can be cancelled: what has come over by then is kept for the next try. */
const runHere = async <Result>(tools: Tools, place: SyncPlace, {title, words, run, tell, again}: Request<Result>): Promise<JobView> => tools.jobs.start({
	title,
	twin: commandLine(tools.store.getState(), place, ...words),
	canCancel: true,
	...(place.id !== undefined && {stack: place.id}),
	...(again !== undefined && {again}),
	async run(jobTools) {
		try {
			return tell(await run(place.folder, jobTools));
		} catch (error) {
			throw jobTools.signal.aborted
				? new CoppiceError('interrupted', `Cancelled: ${title}. What has come over is kept: V goes on from there.`, {cause: error})
				: error;
		}
	},
});

const limitOf = ({store}: Tools): {limit?: number} => {
	const {transferLimit} = store.getState();
	return transferLimit === undefined ? {} : {limit: transferLimit};
};

type Told<Options> = Omit<Options, 'signal' | 'confirmFull' | 'onDivergence' | 'confirmProduction'>;

export const runFetch = async (tools: Tools, place: SyncPlace, told: Told<FetchOptions> & {readonly host: string}): Promise<JobView> => {
	const options = {...limitOf(tools), ...told};
	return runHere(tools, place, {
		title: `fetch from ${told.host}`,
		words: ['fetch', told.host, ...told.revisions ?? [], ...optionWords(options)],
		async run(directory, jobTools) {
			return fetchHost(await openWorkspace({directory, report: jobTools.report}), {
				...options, signal: jobTools.signal, confirmFull: confirmFullOf(tools, jobTools),
			});
		},
		tell: tellFetch,
	});
};

export const runPull = async (tools: Tools, place: SyncPlace, told: Told<PullOptions> & {readonly host: string}): Promise<JobView> => {
	const options = {...limitOf(tools), ...told};
	const {host, branch, reset, into} = told;
	return runHere(tools, place, {
		title: `pull${branch === undefined ? '' : ` ${branch}`} from ${host}`,
		words: ['pull', host, ...branch === undefined ? [] : [branch], ...optionWords(options), ...reset === true ? ['--reset'] : [], ...into === undefined ? [] : ['--into', into]],
		async run(directory, jobTools) {
			return pull(await openWorkspace({directory, report: jobTools.report}), {
				...options, signal: jobTools.signal, confirmFull: confirmFullOf(tools, jobTools), onDivergence: askDivergenceOf(tools, jobTools),
			});
		},
		tell: tellPull,
	});
};

export type PushWish = Told<PushOptions> & {
	readonly host: string;

	/** Whether the name of a production host was typed already. */
	readonly isConfirmed?: boolean;

	/** Runs it again, with what was asked before it asked anew. */
	readonly again?: () => Promise<void>;
};

export const runPush = async (tools: Tools, place: SyncPlace, {isConfirmed = false, again, ...told}: PushWish): Promise<JobView> => {
	const options = {...limitOf(tools), ...told};
	const {host, branch} = told;
	return runHere(tools, place, {
		...(again !== undefined && {again}),
		title: `push${branch === undefined ? '' : ` ${branch}`} to ${host}${told.switch === true ? ', and switch there' : ''}`,
		words: ['push', host, ...branch === undefined ? [] : [branch], ...told.switch === true ? ['--switch'] : [], ...optionWords({full: options.full, limit: options.limit})],
		async run(directory, jobTools) {
			return push(await openWorkspace({directory, report: jobTools.report}), {
				...options,
				signal: jobTools.signal,
				confirmFull: confirmFullOf(tools, jobTools),
				confirmProduction: isConfirmed ? async () => {} : confirmProductionOf(tools, jobTools),
			});
		},
		tell: tellPush,
	});
};

/** Brings a stack here, and shows it. */
export const runClone = async (tools: Tools, told: Omit<CloneOptions, 'report' | 'signal' | 'home'>): Promise<JobView> => {
	const options = {...limitOf(tools), ...told};
	const {host, stack, folder, directory, branch, pool, runtime} = told;
	let made: string | undefined;
	const job = await runHere(tools, {folder: directory}, {
		title: `clone ${stack} from ${host}`,
		words: [
			'clone',
			host,
			stack,
			...folder === undefined ? [] : [folder],
			...branch === undefined ? [] : ['--branch', branch],
			...pool === undefined ? [] : ['--pool', pool],
			...runtime === undefined ? [] : ['--runtime', runtime],
			...optionWords(options),
		],
		async run(_, {signal, report}) {
			const result = await clone({...options, signal, report});
			made = result.folder;
			for (const message of [
				...result.init.notices,
				...result.missingVariables.length === 0 ? [] : [`values are missing in ${path.join(result.folder, '.env')}: ${result.missingVariables.join(', ')}`],
				...result.missingImages.map(({service, image, ways}) => `the image ${image} of ${service} is missing: ${ways.join('; ')}`),
				...result.missingFiles.map(({service, file}) => `${service} needs ${file}, which is no part of a clone`),
			]) {
				report({type: 'notice', message});
			}

			return result;
		},
		tell: result => `Cloned ${result.stack} into ${result.folder}: ${result.branch} at ${shortId(result.commit)}${moved(result.fetched)}.${
			result.missingVariables.length + result.missingImages.length + result.missingFiles.length === 0 ? ' u starts it.' : ' Something is missing: the tab Jobs says what.'}`,
	});
	if (made !== undefined) {
		tools.refresh(made);
	}

	return job;
};
