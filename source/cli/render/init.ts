/**
What `init` found and made.
*/
import type {InitResult} from '../../actions/init.ts';
import type {View} from '../output/view.ts';

export const renderInit = ({
	stack, branch, runtime, made, pool, services, volumes,
}: InitResult, {style}: View): string => {
	const serviceNames = services.map(({name, database}) => database === undefined ? name : `${name} (${database})`);
	const managed = volumes.filter(volume => volume.managed).map(volume => volume.name);
	return [
		`Stack ${style.bold(stack)} ${made ? 'taken up' : 'had been taken up before'}, on branch ${style.cyan(branch)}`,
		`Pool: ${pool.driver} at ${pool.path}${pool.made ? ' (new)' : ''}: ${pool.why}`,
		`Clones: ${pool.cloneMethod}`,
		`Services (${runtime}): ${serviceNames.length === 0 ? 'none' : serviceNames.join(', ')}`,
		`Volumes: ${managed.length === 0 ? 'none' : managed.join(', ')}`,
		...volumes.filter(volume => !volume.managed).map(({name, why}) => `Not managed: ${name}${why === undefined ? '' : `: ${why}`}`),
		...made ? ['Next: `coppice up`, then `coppice commit -m "First state"`'] : [],
	].join('\n');
};
