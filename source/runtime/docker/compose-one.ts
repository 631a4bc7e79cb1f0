/**
What Compose 1 needs beyond Compose 2: it refuses a volume whose options are not those of the compose file ("Configuration for volume
specifies …"), and so is given a file more that says how the managed ones are bound.
*/
import path from 'node:path';
import {readIfThere, writeDurably} from '../../system/durable-file.ts';
import type {Stack} from '../../stack/stack.ts';
import type {RuntimeContext} from '../runtime.ts';
import type {ComposeProject} from './compose-cli.ts';
import {managedLabel} from './engine-volumes.ts';

/**
The version that a compose file says it is of; all files of a project have to say the same.
*/
export const writtenVersion = (text: string): string | undefined => /^["']?version["']?\s*:\s*["']?(?<version>[\d.]+)/mv.exec(text)?.groups?.version;

/**
The project with one compose file more, which is kept among the stack's own files.
*/
export const bindForComposeOne = async (stack: Stack, context: RuntimeContext): Promise<ComposeProject> => {
	const managed = Object.values(stack.volumes).filter(volume => volume.managed);
	if (managed.length === 0) {
		return stack;
	}

	const version = writtenVersion(await readIfThere(stack.composeFiles[0] ?? '') ?? '');
	const file = path.join(context.stateFolder, 'compose-1-volumes.json');
	const volumes = Object.fromEntries(managed.map(({name}) => [name, {
		driver: 'local',
		driver_opts: {type: 'none', o: 'bind', device: context.volumePath(name)},
		...(context.pool !== undefined && {labels: {[managedLabel]: context.pool}}),
	}]));
	await writeDurably(file, JSON.stringify({...(version !== undefined && {version}), volumes}, undefined, 2));
	return {...stack, composeFiles: [...stack.composeFiles, file]};
};
