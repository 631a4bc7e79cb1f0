/**
Runs `coppice tag`: lists, makes or deletes.
*/
import {
	createTag,
	deleteTag,
	listTags,
	type TagEntry,
} from '../../actions/tag.ts';
import {CoppiceError} from '../../system/errors.ts';
import {firstLine, shortId} from '../output/format.ts';
import {renderTags} from '../render/tags.ts';
import type {Verb} from '../verb.ts';

type Options = {readonly delete?: boolean; readonly force?: boolean};

type TagResult =
	| {readonly did: 'list'; readonly tags: readonly TagEntry[]}
	| {readonly did: 'create'; readonly tag: TagEntry}
	| {readonly did: 'delete'; readonly name: string};

export const verb: Verb<Options, TagResult> = {
	async run({openWorkspace}, {arguments: words, options}) {
		const [name, revision] = words;
		if (name === undefined) {
			if (options.delete === true) {
				throw new CoppiceError('usage', 'Which tag?', {hint: 'Name it after `-d`.'});
			}

			return {did: 'list', tags: await listTags(await openWorkspace())};
		}

		if (revision !== undefined && options.delete === true) {
			throw new CoppiceError('usage', 'Only one tag can be deleted at a time.', {hint: `Run \`coppice tag -d ${name}\` first.`});
		}

		const workspace = await openWorkspace();
		if (options.delete === true) {
			await deleteTag(workspace, {name});
			return {did: 'delete', name};
		}

		return {did: 'create', tag: await createTag(workspace, {name, revision, force: options.force})};
	},
	render(result, view) {
		switch (result.did) {
			case 'list': {
				return renderTags(result.tags, view);
			}

			case 'create': {
				return `Tag ${result.tag.name} names ${view.style.yellow(shortId(result.tag.commit))}: ${firstLine(result.tag.message)}`;
			}

			case 'delete': {
				return `Deleted tag ${result.name}; the commit stays.`;
			}
		}
	},
	toJson(result) {
		switch (result.did) {
			case 'list': {
				return result.tags;
			}

			case 'create': {
				return result.tag;
			}

			case 'delete': {
				return {name: result.name};
			}
		}
	},
};
