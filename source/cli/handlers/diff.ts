/**
Runs `coppice diff`.
*/
import {diff, type DiffResult} from '../../actions/diff.ts';
import {CoppiceError} from '../../system/errors.ts';
import {renderDiff} from '../render/diff.ts';
import type {Verb} from '../verb.ts';

type Options = {readonly files?: boolean; readonly limit?: number};

const usualLimit = 100;

/**
`A B`, `A..B`, `A..`, `..B`, `A` or nothing, as the two ends. As in git, an end that is left out beside dots is `HEAD`
before them and the live data after them.

@throws CoppiceError `usage` for a range and another commit.
*/
export const parseRange = (first?: string, second?: string): {from?: string; to?: string} => {
	if (first?.includes('..') !== true) {
		return {from: first, to: second};
	}

	if (second !== undefined) {
		throw new CoppiceError('usage', `${first} names both ends already.`, {hint: 'Give two commits as A..B or as A B.'});
	}

	const [from = '', to = ''] = first.split(/\.\.(?<rest>.*)/sv, 2);
	return {from: from === '' ? 'HEAD' : from, to: to === '' ? undefined : to};
};

export const verb: Verb<Options, DiffResult> = {
	isData: true,
	async run({openWorkspace, globals}, {arguments: words, options: {files = false, limit}}) {
		const [first, second] = words;
		const range = parseRange(first, second);
		const isListsFiles = files || limit !== undefined || globals.json;
		return diff(await openWorkspace(), {...range, limit: isListsFiles ? limit ?? usualLimit : 0});
	},
	render: renderDiff,
};
