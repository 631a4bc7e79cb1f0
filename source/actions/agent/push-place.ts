/**
A stack with all that a push works on: that of its project; or, where the data alone are here, one without any services.
*/
import {openWorkspace, assembleWorkspace} from '../workspace/open-workspace.ts';
import type {Report} from '../progress.ts';
import type {Workspace} from '../workspace/workspace.ts';
import type {Home} from '../../host/home.ts';
import type {Stack} from '../../stack/stack.ts';
import {volumesOfStack, type HostStack} from './host-stacks.ts';

const withoutServices = (name: string, folder: string, volumes: readonly string[]): Stack => ({
	name,
	projectFolder: folder,
	composeFiles: [],
	services: {},
	volumes: Object.fromEntries(volumes.map(volume => [volume, {name: volume, managed: true, external: false}])),
	settings: {},
	notices: [],
});

/**
@throws CoppiceError where the project or its pool can't be opened: what its services use is not known then, so nothing may be changed.
*/
export const openPushPlace = async (stack: HostStack, home: Home, report: Report): Promise<Workspace> => {
	const {name, pool, project} = stack;
	if (project !== undefined) {
		// The files that were chosen when it was taken up are found by its record.
		return openWorkspace({directory: project.folder, home, report});
	}

	const volumes = await volumesOfStack(stack);
	return assembleWorkspace(withoutServices(name, pool.path, volumes), {
		folder: pool.path, stack: name, pool: pool.path, runtime: 'process',
	}, pool, home, report);
};
