/**
Finds a stack by its name, as other hosts and `--stack` name it: through the records of the projects that were taken up on this host.
*/
import {findHome, type Home} from '../../host/home.ts';
import {listProjects} from '../../host/project-registry.ts';
import {CoppiceError} from '../../system/errors.ts';
import {checkName} from '../../system/names.ts';

/**
The folder of the project that a stack belongs to.

@throws CoppiceError `not-found` that names those there are; `conflict` where several projects have that name.
*/
export const stackFolder = async (stack: string, home: Home = findHome()): Promise<string> => {
	checkName('stack', stack);
	const projects = await listProjects(home);
	const found = projects.filter(project => project.stack === stack);
	const [first] = found;
	if (first === undefined) {
		const names = [...new Set(projects.map(project => project.stack))];
		throw new CoppiceError('not-found', `There is no project of a stack ${stack} on this host.`, {
			stack, hint: names.length === 0 ? 'Run `coppice init` in the folder of its project.' : `There is ${names.join(', ')}. \`coppice init\` in a project's folder takes it up.`,
		});
	}

	if (found.length > 1) {
		throw new CoppiceError('conflict', `Several projects on this host are a stack ${stack}: ${found.map(project => project.folder).join(', ')}.`, {
			stack, hint: 'Say which with `-C FOLDER`.',
		});
	}

	return first.folder;
};
