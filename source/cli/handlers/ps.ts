/**
Runs `coppice ps`.
*/
import {listServices, type ServiceReport} from '../../actions/services.ts';
import {renderServices} from '../render/services.ts';
import type {Verb} from '../verb.ts';

export const verb: Verb<object, readonly ServiceReport[]> = {
	isData: true,
	async run({openWorkspace}) {
		return listServices(await openWorkspace());
	},
	render: (services, view) => renderServices(services, view, {head: true}),
};
