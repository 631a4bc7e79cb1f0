/**
What an engine has of a compose project by its name: containers and volumes, whoever made them. Two projects of one name would take each
other's.
*/
import {connectEngine, engineError} from './engine.ts';
import {managedLabel} from './engine-volumes.ts';

export type EngineProject = {
	readonly containers: ReadonlyArray<{
		readonly name: string;

		/** The folder that compose was run in, where it has noted that. */
		readonly folder?: string;
	}>;
	readonly volumes: ReadonlyArray<{
		readonly name: string;

		/** The pool that its data are in, if they are in one. */
		readonly pool?: string;
	}>;
};

/**
@throws CoppiceError as `connectEngine`.
*/
export const findEngineProject = async (name: string): Promise<EngineProject> => {
	const {docker, location} = await connectEngine();
	const filters = {label: [`com.docker.compose.project=${name}`]};
	try {
		const [containers, {Volumes: volumes}] = await Promise.all([docker.listContainers({all: true, filters}), docker.listVolumes({filters})]);
		return {
			containers: containers.map(({Id, Names, Labels}) => {
				const folder = Labels['com.docker.compose.project.working_dir'];
				return {name: (Names[0] ?? Id.slice(0, 12)).replace(/^\//v, ''), ...(folder !== undefined && {folder})};
			}),
			volumes: volumes.map(({Name, Labels}) => {
				// Null where it has none.
				const pool = (Labels as Readonly<Record<string, string>> | null)?.[managedLabel];
				return {name: Name, ...(pool !== undefined && {pool})};
			}),
		};
	} catch (error) {
		throw engineError(error, location, `tell what it has of the project ${name}`);
	}
};
