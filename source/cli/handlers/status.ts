/**
Runs `coppice status`.
*/
import {status, type Status} from '../../actions/status.ts';
import {renderStatus} from '../render/status.ts';
import type {Verb} from '../verb.ts';

export const verb: Verb<object, Status> = {
	isData: true,
	async run({openWorkspace}) {
		return status(await openWorkspace());
	},
	render: renderStatus,
	notices: ({notices}) => notices,
};
