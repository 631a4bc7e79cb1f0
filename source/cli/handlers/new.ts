/**
Runs `coppice new`: makes a project, or lists the templates.
*/
import {newStack, type NewStackResult} from '../../actions/new-stack.ts';
import {templates, type Template} from '../../actions/templates/templates.ts';
import {CoppiceError} from '../../system/errors.ts';
import {renderNewStack, renderTemplates} from '../render/new.ts';
import type {Verb} from '../verb.ts';

type Options = {readonly template?: string; readonly list?: boolean};

type NewResult =
	| {readonly did: 'list'; readonly templates: readonly Template[]}
	| {readonly did: 'make'; readonly stack: NewStackResult};

export const verb: Verb<Options, NewResult> = {
	isData: true,
	async run({directory}, {arguments: words, options: {template, list = false}}) {
		const [name] = words;
		if (list) {
			return {did: 'list', templates};
		}

		if (name === undefined) {
			throw new CoppiceError('usage', 'How should the new project be called?', {hint: 'Name it: `coppice new shop`. `coppice new --list` lists the templates.'});
		}

		return {did: 'make', stack: await newStack({name, directory, ...(template !== undefined && {template})})};
	},
	render: (result, view) => result.did === 'list' ? renderTemplates(result.templates, view) : renderNewStack(result.stack, view),
	toJson: result => result.did === 'list' ? result.templates.map(({name, summary}) => ({name, summary})) : result.stack,
	notices: result => result.did === 'make' && result.stack.note !== undefined ? [result.stack.note] : [],
};
