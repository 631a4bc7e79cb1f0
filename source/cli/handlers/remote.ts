/**
Runs `coppice remote`.
*/
import {askRemoteBranches, listRemoteBranches, type RemoteBranch} from '../../actions/remote.ts';
import {renderRemoteBranches} from '../render/remote.ts';
import type {Verb} from '../verb.ts';

export const verb: Verb<object, readonly RemoteBranch[]> = {
	isData: true,
	async run({openWorkspace, signal}, {arguments: words}) {
		const [host] = words;
		const workspace = await openWorkspace();
		return host === undefined ? listRemoteBranches(workspace) : askRemoteBranches(workspace, host, {signal});
	},
	render: renderRemoteBranches,
};
