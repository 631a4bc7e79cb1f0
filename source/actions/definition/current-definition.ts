/**
The definition that a commit made now would hold.
*/
import {describeDefinition} from '../../stack/definition.ts';
import type {Definition} from '../../stack/stack.ts';
import type {Workspace} from '../workspace/workspace.ts';

/**
That of the compose file; or, while the services run by the definition of a commit, that one again: the file they run by has ids in place of
the names of images, and no builds.

@param workspace - The stack as its services run.
@param digests - Of the image of each service, where they are known.
*/
export const currentDefinition = async (workspace: Workspace, digests: Readonly<Record<string, string>> = {}): Promise<Definition> => {
	const {stack, history, definition} = workspace;
	if (definition === undefined) {
		return describeDefinition(stack, digests);
	}

	try {
		const {definition: then} = await history.readCommit(definition.commit);
		const services = Object.entries(then.services).map(([name, service]) => {
			const digest = digests[name];
			return [name, digest === undefined ? service : {...service, imageDigest: digest}] as const;
		});
		return {...then, services: Object.fromEntries(services)};
	} catch {
		// It was pruned meanwhile.
		return describeDefinition(stack, digests);
	}
};
