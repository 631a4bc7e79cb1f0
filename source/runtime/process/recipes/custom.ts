/**
Runs a service by the command that `x-coppice.process` gives it.

Paths that the compose file mounts are replaced by the host's, in the command and in the values of the environment. The process also gets
`COPPICE_VOLUME_<NAME>` for each volume, `COPPICE_PORT_<TARGET>` and `COPPICE_ADDRESS_<TARGET>` for each published port, and `PORT` for
the first.
*/
import path from 'node:path';
import {CoppiceError} from '../../../system/errors.ts';
import {firstClosedFolder} from '../reachable.ts';
import {mapWord, toHostPath} from '../mounts.ts';
import {baseEnvironment} from './base-environment.ts';
import {findProgram} from './find-program.ts';
import type {
	ClientFacts,
	LaunchPlan,
	Recipe,
	RecipeContext,
} from './recipe.ts';

const variableName = (name: string): string => name.toUpperCase().replaceAll(/\W/gv, '_');

const ownVariables = ({service, mounts, ports}: ClientFacts): Record<string, string> => {
	const variables: Record<string, string> = {};
	const [first] = ports;
	if (first) {
		variables.PORT = String(first.published);
	}

	for (const {volume, source} of mounts) {
		if (volume !== undefined) {
			variables[`COPPICE_VOLUME_${variableName(volume)}`] = source;
		}
	}

	for (const {target, published, address} of ports) {
		variables[`COPPICE_PORT_${target}`] = String(published);
		variables[`COPPICE_ADDRESS_${target}`] = address;
	}

	for (const [name, value] of Object.entries(service.environment)) {
		variables[name] = mapWord(mounts, value);
	}

	return variables;
};

/**
A folder of the image is none of this host, unless it is mounted; one that was named for this runtime is.
*/
const chooseWorkingFolder = ({service, mounts, projectFolder}: RecipeContext): string => {
	const named = service.settings.process?.workingDirectory;
	const inside = named ?? service.workingDirectory;
	const mounted = inside === undefined ? undefined : toHostPath(mounts, inside);
	return mounted ?? path.resolve(projectFolder, named ?? '.');
};

const plan = async (context: RecipeContext): Promise<LaunchPlan> => {
	const {service, mounts} = context;
	const command = (service.settings.process?.command ?? []).map(word => mapWord(mounts, word));
	const [program = ''] = command;
	const workingFolder = chooseWorkingFolder(context);
	const found = findProgram([program.includes('/') ? path.resolve(workingFolder, program) : program]);
	if (found === undefined) {
		throw new CoppiceError('precondition', `The program ${JSON.stringify(program)}, which ${service.name} runs, is not on this host.`, {
			service: service.name, hint: 'Install it, or correct `x-coppice.process.command`.',
		});
	}

	const data = mounts.find(({kind}) => kind === 'volume')?.source;
	const user = await context.chooseUser({...(data !== undefined && {dataFolder: data}), engineUsers: [], mayBeRoot: true});
	for (const {source, kind} of mounts) {
		if (kind !== 'bind') {
			await context.claimFolder(source, user);
		}
	}

	const closed = await firstClosedFolder(found, user);
	if (closed !== undefined) {
		throw new CoppiceError('precondition', `${user.name}, whom ${service.name} runs as, can't run ${found}: ${closed} is closed to them.`, {
			service: service.name, file: closed, hint: `Open it with \`chmod o+x ${closed}\`, install the program elsewhere, or name another user in \`x-coppice.process.user\`.`,
		});
	}

	const environment = {...baseEnvironment(user), ...ownVariables(context)};
	return {
		command: program.includes('/') ? [found, ...command.slice(1)] : command,
		environment,
		user,
		workingFolder: await firstClosedFolder(workingFolder, user, {inside: true}) === undefined ? workingFolder : data ?? '/',
		stopSignal: 'SIGTERM',
	};
};

export const custom: Recipe = {clientVariables: ownVariables, plan};
