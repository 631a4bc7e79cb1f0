/**
The stack of a folder here, for a verb that another host is to run on the stack of the same name.
*/
import {findHome} from '../../host/home.ts';
import {CoppiceError} from '../../system/errors.ts';
import {findProject, projectNameOf} from '../workspace/project-stack.ts';

/**
`undefined` where the folder is in no project.
*/
export const localStack = async (directory: string): Promise<string | undefined> => {
	try {
		const {files, project} = await findProject(findHome(), directory);
		return project?.stack ?? projectNameOf(files);
	} catch (error) {
		if (error instanceof CoppiceError && error.code === 'not-found') {
			return undefined;
		}

		throw error;
	}
};
