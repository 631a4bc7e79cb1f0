/**
`coppice tag`: names for commits.
*/
import {CoppiceError} from '../system/errors.ts';
import {checkName} from '../system/names.ts';
import {resolve} from '../history/revision.ts';
import {applyChanges} from './change/apply-changes.ts';
import {exclusively} from './change/transact.ts';
import type {Workspace} from './workspace/workspace.ts';

export type TagEntry = {
	readonly name: string;
	readonly commit: string;
	readonly message: string;
	readonly time: string;
};

const describeTag = async (workspace: Workspace, name: string, id: string): Promise<TagEntry> => {
	const {message, time} = await workspace.history.readCommit(id);
	return {
		name, commit: id, message, time,
	};
};

export const listTags = async (workspace: Workspace): Promise<readonly TagEntry[]> => {
	const tags = await workspace.history.tags();
	return Promise.all([...tags].map(async ([name, id]) => describeTag(workspace, name, id)));
};

export type CreateTagOptions = {
	readonly name: string;

	/** `HEAD` unless told. */
	readonly revision?: string;

	/** Moves a tag that is there. */
	readonly force?: boolean;
};

/**
@throws CoppiceError `conflict` when the tag is there and `force` is not given.
*/
export const createTag = async (workspace: Workspace, {name, revision = 'HEAD', force = false}: CreateTagOptions): Promise<TagEntry> =>
	exclusively(workspace, 'tag', async () => {
		checkName('tag', name);
		const {history, stack} = workspace;
		const tags = await history.tags();
		if (!force && tags.has(name)) {
			throw new CoppiceError('conflict', `There is a tag ${name} in stack ${stack.name} already.`, {
				stack: stack.name, hint: `\`coppice tag --force ${name}\` moves it.`,
			});
		}

		const id = await resolve(history, revision);
		await applyChanges(workspace, {verb: 'tag', summary: `tag ${id.slice(0, 8)} as ${name}`, changes: [{type: 'tag', name, to: id}]});
		return describeTag(workspace, name, id);
	});

/**
@throws CoppiceError `not-found` when there is no such tag.
*/
export const deleteTag = async (workspace: Workspace, {name}: {name: string}): Promise<void> =>
	exclusively(workspace, 'tag', async () => {
		checkName('tag', name);
		const tags = await workspace.history.tags();
		if (!tags.has(name)) {
			throw new CoppiceError('not-found', `There is no tag ${name} in stack ${workspace.stack.name}.`, {hint: '`coppice tag` lists them.'});
		}

		await applyChanges(workspace, {verb: 'tag', summary: `delete tag ${name}`, changes: [{type: 'tag', name}]});
	});
