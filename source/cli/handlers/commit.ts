/**
Runs `coppice commit`.
*/
import {commit, type CommitResult} from '../../actions/commit.ts';
import {CoppiceError} from '../../system/errors.ts';
import {
	firstLine,
	formatBytes,
	formatCount,
	formatDuration,
	shortId,
} from '../output/format.ts';
import type {View} from '../output/view.ts';
import {countedFiles} from '../render/counted-files.ts';
import type {Verb} from '../verb.ts';

type Options = {readonly message?: string; readonly checkpoint: boolean};

const writeMessage = async (): Promise<string> => {
	const {editMessage} = await import('../edit-message.ts');
	return editMessage();
};

const checkMessage = (message: string): string => {
	if (message.trim() === '') {
		throw new CoppiceError('usage', 'The message is empty: nothing was committed.', {hint: 'Give one with `-m`.'});
	}

	return message.trim();
};

/** What is new as a whole has bytes, but nobody has counted its files. */
const describeChange = ({commit: {parents}, measure}: CommitResult): string => {
	const bytes = formatBytes(measure.changedBytes);
	const files = countedFiles(measure);
	if (files !== undefined) {
		return `${bytes} changed in ${formatCount(files, 'file')}`;
	}

	return parents.length === 0 ? `${bytes}, all of it new` : `${bytes} changed`;
};

export const renderCommit = (result: CommitResult, {style}: View): string => {
	const {id, branch, message, consistency, stillMilliseconds} = result.commit;
	return [
		`${style.yellow(shortId(id))} on ${style.cyan(branch)}: ${firstLine(message)}`,
		`${describeChange(result)}; ${consistency}`
		+ (stillMilliseconds > 0 ? `, writers stood still for ${formatDuration(stillMilliseconds)}` : ''),
	].join('\n');
};

export const verb: Verb<Options, CommitResult> = {
	async run({openWorkspace, isInteractive, signal}, {options: {message, checkpoint}}) {
		if (message === undefined && !isInteractive) {
			throw new CoppiceError('usage', 'A commit needs a message, and there is no terminal to write one on.', {hint: 'Give it with `-m`.'});
		}

		const given = message === undefined ? undefined : checkMessage(message);
		const workspace = await openWorkspace();
		return commit(workspace, {message: given ?? checkMessage(await writeMessage()), checkpoint, signal});
	},
	render: renderCommit,
	notices: ({notices}) => notices,
};
