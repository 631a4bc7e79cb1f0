/**
`definition`: what the application of a commit is made of, to bring it up elsewhere. Values of the environment go along only where the owner's policy says so,
or limits nobody.
*/
import process from 'node:process';
import type {ParamsOf, ResultOf} from '../../host/agent-protocol.ts';
import type {Home} from '../../host/home.ts';
import type {Project} from '../../host/project-registry.ts';
import type {StoredCommit} from '../../history/commit.ts';
import {withDotEnv} from '../../stack/compose-files.ts';
import {describeModel, isPlainMap} from '../../stack/describe-model.ts';
import {loadModel} from '../../stack/load-model.ts';
import {locateProject} from '../../stack/locate-project.ts';
import {readOwnTemplate} from '../../stack/own-template.ts';
import {toPlain} from '../../stack/source-tree.ts';
import type {ResolvedModel, Stack} from '../../stack/stack.ts';
import {findProject, readProjectStack} from '../workspace/project-stack.ts';
import {requirePull} from './access.ts';
import type {Agent} from './agent.ts';
import {commitNotFound, readGraph, visibleCommits} from './commit-graph.ts';
import {findStack} from './host-stacks.ts';
import {portableCompose, type PortableValues} from './portable-compose.ts';

type Today = {readonly stack: Stack; readonly resolved: ResolvedModel; readonly values: PortableValues};

/**
The project as its compose files have it now.
*/
const readToday = async (home: Home, project: Project): Promise<Today> => {
	const {files} = await findProject(home, project.folder, project.composeFiles);
	const stack = await readProjectStack(home, files, project);
	let {resolved} = stack;
	if (resolved === undefined) {
		// No compose has read it: what Coppice's own reader makes of the files, in their syntax still.
		const template = readOwnTemplate(files);
		const {parsed, environment, directory} = locateProject(files);
		const model = toPlain(loadModel(parsed, {directory, environment: {...environment, COMPOSE_PROJECT_NAME: stack.name}, onMissing() {}}));
		resolved = {model: escapeAll(model), ...(template !== undefined && {template})};
	}

	const variables = withDotEnv(process.env, stack.projectFolder);
	return {
		stack,
		resolved,
		values: {
			environment: Object.fromEntries(Object.values(stack.services).map(({name, environment}) => [name, environment])),
			lookup: name => variables[name],
			described: describeModel(stack, resolved),
			raw: resolved.model,
		},
	};
};

/** Values whose variables were put in, in the syntax of a compose file again. */
const escapeAll = (value: unknown): unknown => {
	if (typeof value === 'string') {
		return value.replaceAll('$', () => '$$');
	}

	if (Array.isArray(value)) {
		return value.map(item => escapeAll(item));
	}

	return isPlainMap(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, escapeAll(item)])) : value;
};

const imagesOf = ({definition: {services, compose}}: StoredCommit): ResultOf<'definition'>['images'] => {
	const described = isPlainMap(compose?.services) ? compose.services : {};
	return Object.entries(services).map(([service, {image, imageDigest}]) => {
		const model = described[service];
		return {
			service, image: image ?? '', digest: imageDigest ?? null, build: isPlainMap(model) && model.build !== undefined,
		};
	});
};

export const definition = async ({access, options}: Agent, {stack: name, commit: id}: ParamsOf<'definition'>): Promise<ResultOf<'definition'>> => {
	requirePull(access, name);
	const stack = await findStack(options, access, name);
	const graph = await readGraph(stack);
	const commit = graph.byId.get(id);
	if (commit === undefined || !visibleCommits(graph, access, name, 'pull').has(id)) {
		throw commitNotFound(name, id);
	}

	const {project} = stack;
	const runtime = project?.runtime ?? (commit.definition.compose === undefined ? 'process' : 'docker');
	const images = imagesOf(commit);
	const mayHaveValues = access.maySeeSecrets(name);
	const {compose: committed, services} = commit.definition;

	// A commit of the process runtime holds no compose file: that of the project is what its services run by.
	const today = project !== undefined && (mayHaveValues || committed === undefined) ? await readToday(options.home, project) : undefined;
	const compose = committed ?? (today && describeModel(today.stack, today.resolved));
	if (compose === undefined) {
		return {
			compose: null, variables: {}, runtime, images,
		};
	}

	const environmentNames = committed === undefined && today !== undefined
		? Object.fromEntries(Object.values(today.stack.services).map(service => [service.name, Object.keys(service.environment).toSorted()]))
		: Object.fromEntries(Object.entries(services).map(([service, {environmentNames: names}]) => [service, names]));
	const {text, variables} = portableCompose({
		stack: name, compose, environmentNames, ...(mayHaveValues && today !== undefined && {values: today.values}),
	});
	return {
		compose: text, variables, runtime, images,
	};
};
