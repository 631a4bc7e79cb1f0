/**
What `init` found and made.
*/
import type {InitResult} from '../../actions/init.ts';
import {formatBytes} from '../output/format.ts';
import type {View} from '../output/view.ts';

export const renderInit = ({
	stack, branch, runtime, runtimeWhy, made, pool, services, volumes, anonymousVolumes, composeFiles, profiles,
}: InitResult, {style}: View): string => {
	const serviceNames = services.map(({name, database}) => database === undefined ? name : `${name} (${database})`);
	const managed = volumes.filter(volume => volume.managed).map(volume => volume.name);
	return [
		`Stack ${style.bold(stack)} ${made ? 'taken up' : 'had been taken up before'}, on branch ${style.cyan(branch)}`,
		`Pool: ${pool.driver} at ${pool.path}${pool.made ? ' (new)' : ''}: ${pool.why}`,
		`Clones: ${pool.cloneMethod}`,
		`Runtime: ${runtime}: ${runtimeWhy}`,
		...composeFiles === undefined ? [] : [`Compose files from now on: ${composeFiles.join(', ')}`],
		...profiles === undefined ? [] : [`Profiles from now on: ${profiles.join(', ')}`],
		`Services (${runtime}): ${serviceNames.length === 0 ? 'none' : serviceNames.join(', ')}`,
		`Volumes: ${managed.length === 0 ? 'none' : managed.join(', ')}`,
		...volumes.filter(volume => !volume.managed).map(({name, why, bytes}) => `Not managed: ${name}${bytes === undefined ? '' : ` (${formatBytes(bytes)})`}${why === undefined ? '' : `: ${why}`}`),
		...anonymousVolumes.map(({service, target}) => `Not managed: the anonymous volume of ${service} at ${target}`),
		...made ? ['Next: `coppice up`, then `coppice commit -m "First state"`'] : [],
	].join('\n');
};
