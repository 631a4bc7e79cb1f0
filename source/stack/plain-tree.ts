/**
Plain values, such as those that compose has resolved, as the tree that the readers of a project work on.
*/
import {LineCounter} from 'yaml';
import {maskVariables, variablesOf} from './interpolate.ts';
import {splitCommand} from './split-command.ts';
import type {ResolvedModel} from './stack.ts';
import type {
	MapEntry,
	MapNode,
	Place,
	ScalarNode,
	TreeNode,
} from './source-tree.ts';

/** What compose prints can be read by it again, so a dollar sign is doubled in it. */
const unescapeDollar = (text: string): string => text.replaceAll('$$', () => '$');

/** What commands are before compose splits them. */
const wordsOf = (template: unknown): unknown => {
	if (typeof template !== 'string') {
		return template;
	}

	try {
		return splitCommand(template).words;
	} catch {
		return undefined;
	}
};

const maskedText = (template: unknown): string | undefined => {
	try {
		return typeof template === 'string' && variablesOf(template).length > 0 ? maskVariables(template) : undefined;
	} catch {
		return undefined;
	}
};

const treeOf = (value: unknown, template: unknown, place: Place): TreeNode => {
	if (Array.isArray(value)) {
		const words = wordsOf(template);
		return {kind: 'list', place, items: value.map((item, index) => treeOf(item, Array.isArray(words) ? words[index] : undefined, place))};
	}

	if (typeof value === 'object' && value !== null) {
		return mapOf(value, template, place);
	}

	const scalar: ScalarNode['value'] = typeof value === 'string'
		? unescapeDollar(value)
		: (typeof value === 'number' || typeof value === 'boolean' ? value : undefined);
	const masked = maskedText(template);
	return {
		kind: 'scalar', place, value: scalar, ...(masked !== undefined && {masked}),
	};
};

const mapOf = (value: object, template: unknown, place: Place): MapNode => ({
	kind: 'map',
	place,
	entries: new Map(Object.entries(value).map(([key, item]): [string, MapEntry] => [
		unescapeDollar(key),
		{place, node: treeOf(item, typeof template === 'object' && template !== null ? (template as Record<string, unknown>)[key] : undefined, place)},
	])),
});

/**
The tree of a resolved project.

The template, if known, tells which texts hold variables.

@param resolved - What compose has resolved.
@param label - What messages name instead of a file and a line, which resolved values have none of.
@param folder - What relative paths in it are relative to.
*/
export const treeOfPlain = (resolved: ResolvedModel, label: string, folder: string): MapNode => {
	const lines = new LineCounter();
	lines.addNewLine(0);
	return mapOf(resolved.model as object, resolved.template, {
		source: {
			file: label, label, folder, lines,
		},
		offset: 0,
	});
};
