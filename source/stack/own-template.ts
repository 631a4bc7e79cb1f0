/**
A project before variables are put in, by Coppice's own reader: for versions of compose that can't tell.
*/
import {loadModel} from './load-model.ts';
import {locateProject, type ProjectFiles} from './locate-project.ts';
import {toPlain} from './source-tree.ts';

/**
Plain values in the syntax of a compose file, or `undefined` where the reader can't follow the project.
*/
export const readOwnTemplate = (project: ProjectFiles): object | undefined => {
	try {
		const {parsed, environment, directory} = locateProject(project);
		return toPlain(loadModel(parsed, {
			directory, environment, interpolate: false, onMissing() {},
		})) as object;
	} catch {
		return undefined;
	}
};
