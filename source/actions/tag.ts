/**
`coppice tag`: names for commits.
*/
import type {Workspace} from './workspace.ts';

export type TagEntry = {readonly name: string; readonly commit: string; readonly message: string; readonly time: string};

export const listTags = async (_workspace: Workspace): Promise<readonly TagEntry[]> => {
	throw new Error('Not built yet');
};

/** @throws CoppiceError `conflict` when the tag is there and `force` is not given. */
export const createTag = async (_workspace: Workspace, _options: {name: string; revision?: string; force?: boolean}): Promise<TagEntry> => {
	throw new Error('Not built yet');
};

export const deleteTag = async (_workspace: Workspace, _options: {name: string}): Promise<void> => {
	throw new Error('Not built yet');
};
