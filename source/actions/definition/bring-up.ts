/**
Brings the services of a stack up by the definition of a commit: the last step of `switch --definition`, and what finishes one that was cut
off. Each part may have been done already.
*/
import {CoppiceError} from '../../system/errors.ts';
import {failpoint} from '../../system/failpoint.ts';
import {makeVolumes} from '../workspace/make-volumes.ts';
import type {Workspace} from '../workspace/workspace.ts';
import {activateDefinition, findDefinition} from './active-definition.ts';

/**
To be called under the stack's lock. Returns when the services have started; whether clients can query is asked elsewhere.

@param workspace - The stack as its services ran until now.
@param open - Opens the stack by a compose file.
@throws CoppiceError `failed` where the definition was not written; whatever the runtime throws of services that don't start.
*/
export const bringUp = async (workspace: Workspace, commit: string, open: (file: string) => Promise<Workspace>): Promise<void> => {
	const {home, pool, stack, runtime, report} = workspace;
	const place = {home, pool: pool.path, stack: stack.name};
	const definition = await findDefinition(place, commit);
	if (definition === undefined) {
		throw new CoppiceError('failed', `The definition of commit ${commit.slice(0, 8)} that the services should run by is gone.`, {
			stack: stack.name, hint: `\`coppice switch --definition ${commit.slice(0, 8)}\` makes it again; \`coppice up\` starts the services by the compose file.`,
		});
	}

	const other = await open(definition.file);
	const states = await runtime.states();
	const isLive = (status: string): boolean => status !== 'created' && status !== 'stopped' && status !== 'failed';
	const gone = states.filter(({name, status}) => other.stack.services[name] === undefined && isLive(status)).map(({name}) => name);
	if (gone.length > 0) {
		report({type: 'step', message: `stopping ${gone.join(', ')}, which the definition does not have`});
		await runtime.stop(gone);
	}

	failpoint('definition services gone');
	await activateDefinition(place, definition);
	failpoint('definition active');
	report({type: 'step', message: `bringing the services up with the definition of ${commit.slice(0, 8)}`});
	await makeVolumes(other);
	failpoint('definition volumes made');
	await other.runtime.start();
};
