/**
Whether the Docker engine here has a project of the name that a clone will have. A stack has one name on all hosts, and compose knows its containers
and volumes by it, so an engine can run only one of that name.
*/
import {CoppiceError} from '../../system/errors.ts';
import type {RuntimeName} from '../../stack/stack.ts';
import type {EngineProject} from '../../runtime/docker/engine-project.ts';

export type EngineNameWanted = {readonly stack: string; readonly folder: string; readonly pool: string; readonly host: string};

const listed = (names: readonly string[]): string => names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');

/**
What is in the way, or `undefined`. Pure.
*/
export const engineNameTaken = (
	{stack, folder, pool, host}: EngineNameWanted,
	{containers, volumes}: EngineProject,
): CoppiceError | undefined => {
	// What the same clone has made before it was cut off is its own.
	const container = containers.find(each => each.folder !== folder);
	const stranger = volumes.find(each => each.pool !== undefined && each.pool !== pool);
	if (container !== undefined || stranger !== undefined) {
		const inFolder = container?.folder === undefined ? '' : `, in ${container.folder}`;
		const where = stranger === undefined ? inFolder : `, with its data in the pool ${stranger.pool!}`;
		return new CoppiceError('conflict', `The Docker engine here has a project ${stack} already${where}. Nothing was cloned.`, {
			stack,
			hint: 'An engine runs one project of a name. Clone it where another engine is (another machine, or DOCKER_HOST), run the clone as processes '
				+ `(\`--runtime process\`), or \`coppice pull ${host}\` in the project that is there.`,
		});
	}

	const plain = volumes.filter(each => each.pool === undefined).map(({name}) => name);
	return plain.length === 0
		? undefined
		: new CoppiceError('conflict', `The Docker engine here has volumes of a project ${stack} already: ${listed(plain)}. Nothing was cloned.`, {
			stack,
			hint: `If nothing in them is needed, remove them: \`docker volume rm ${plain.join(' ')}\`. Otherwise take them over in their project with \`coppice init --adopt\`, `
				+ `then \`coppice pull ${host}\` there.`,
		});
};

type Runtimes = {
	/** What runs it on the host that it comes from. */
	readonly theirs: RuntimeName;
	readonly wished?: RuntimeName | undefined;
};

/**
@throws CoppiceError `conflict` where the name is taken.
*/
export const checkEngineName = async (wanted: EngineNameWanted, {theirs, wished}: Runtimes): Promise<void> => {
	if ((wished ?? theirs) !== 'docker') {
		return;
	}

	const {findEngineProject} = await import('../../runtime/docker/engine-project.ts');
	let found: EngineProject;
	try {
		found = await findEngineProject(wanted.stack);
	} catch (error) {
		if (wished === undefined) {
			// Where no engine can be used it will run as processes.
			return;
		}

		throw error;
	}

	const taken = engineNameTaken(wanted, found);
	if (taken !== undefined) {
		throw taken;
	}
};
