/**
Runs `coppice up`.
*/
import {up, type UpResult} from '../../actions/services.ts';
import {renderUp} from '../render/up.ts';
import type {Verb} from '../verb.ts';
import {namedServices} from '../named-services.ts';

export const verb: Verb<object, UpResult> = {
	async run({openWorkspace, signal}, input) {
		return up(await openWorkspace(), {services: namedServices(input), signal});
	},
	render: renderUp,
	notices: ({notices}) => notices,
};
