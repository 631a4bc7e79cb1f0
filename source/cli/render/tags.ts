/**
The tags of a stack.
*/
import type {TagEntry} from '../../actions/tag.ts';
import {firstLine, formatAge, shortId} from '../output/format.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';

export const renderTags = (tags: readonly TagEntry[], {style, now}: View): string =>
	renderTable(tags.map(({
		name, commit, message, time,
	}) => [style.bold(name), style.yellow(shortId(commit)), style.dim(formatAge(time, now)), firstLine(message)]));
