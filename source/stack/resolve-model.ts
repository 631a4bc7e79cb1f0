/**
Lets the compose CLI resolve a project: files merged, `include` and `extends` followed, variables put in.
*/
import process from 'node:process';
import {parse} from 'yaml';
import {CoppiceError} from '../system/errors.ts';
import type {RunResult} from '../system/run-command.ts';
import {
	findComposeCli,
	runCompose,
	type ComposeCli,
	type ComposeProject,
} from '../runtime/docker/compose-cli.ts';
import type {Environment} from './compose-files.ts';
import type {ResolvedModel} from './stack.ts';

export type Resolved = ResolvedModel & {
	/** What compose warned of: one sentence each. */
	readonly warnings: readonly string[];

	/** By Compose 1. */
	readonly isOld: boolean;
};

const warningLine = /^time="[^"]*" level=(?<level>\w+) msg="(?<message>(?:[^"\\]|\\.)*)"/v;

const oldWarning = /^(?:WARNING: )?(?<text>The \S+ variable is not set\..+)$/v;

/**
The sentences of warnings in what compose has printed on its standard error, each once.
*/
export const readWarnings = (stderr: string): readonly string[] => {
	const messages = stderr.split('\n').flatMap(line => {
		const {level, message} = warningLine.exec(line)?.groups ?? {};
		if (message !== undefined) {
			// Of no use to somebody who runs `coppice`, and true of most projects that are older.
			return level === 'warning' && !message.includes('is obsolete') ? [message.replaceAll(/\\(?<character>.)/gv, '$<character>')] : [];
		}

		// Compose 1.
		const old = oldWarning.exec(line)?.groups?.text;
		return old === undefined ? [] : [old];
	});
	return [...new Set(messages)];
};

/**
What compose says is wrong, as one sentence.
*/
export const readFailure = (stderr: string): string => {
	const lines = stderr.split('\n').map(line => line.trim()).filter(line => line !== '' && !/^time="[^"]*" level=(?:warning|info|debug)/v.test(line) && !line.startsWith('WARNING: ') && !oldWarning.test(line));
	const text = lines.map(line => warningLine.exec(line)?.groups?.message ?? line.replace(/^ERROR: /v, '')).join(' ');
	return text === '' ? 'it said nothing' : text.replace(/\.$/v, '');
};

/** `*` for all profiles came with version 2.20. */
const knowsAllProfiles = ({major, version}: ComposeCli): boolean => major > 2 || (major === 2 && Number(version.split('.', 2)[1]) >= 20);

/** What differs from this process's environment. */
const changedVariables = (environment: Environment): Record<string, string> => {
	const changed: Record<string, string> = {};
	for (const [name, value] of Object.entries(environment)) {
		if (value !== undefined && process.env[name] !== value) {
			changed[name] = value;
		}
	}

	return changed;
};

/** Compose 1 shuffles lists that it merges: two readings of one file would differ. */
const inOrder = (model: object): object => {
	const {services} = model as {services?: Readonly<Record<string, Readonly<Record<string, unknown>>>>};
	const sorted = (list: unknown): unknown => Array.isArray(list) ? list.toSorted((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1) : list;
	return {
		...model,
		services: Object.fromEntries(Object.entries(services ?? {}).map(([name, service]) => [
			name,
			Object.fromEntries(Object.entries(service).map(([key, value]) => [key, key === 'volumes' || key === 'ports' ? sorted(value) : value])),
		])),
	};
};

const parseModel = (text: string): object | undefined => {
	const value: unknown = parse(text, {logLevel: 'silent'});
	return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
};

/**
Resolves a project with all its profiles.

@throws CoppiceError `usage` with what compose finds wrong; `precondition` where there is no compose CLI.
*/
export const resolveModel = async (project: ComposeProject, environment: Environment = process.env): Promise<Resolved> => {
	const cli = await findComposeCli();
	const env = changedVariables(environment);
	const failure = ({stderr}: RunResult): CoppiceError => new CoppiceError('usage', `Compose can't read this project: ${readFailure(stderr)}.`, {
		...(project.name !== undefined && {stack: project.name}), stderr, hint: `Correct the compose file; \`${cli.command.join(' ')} config\` in ${project.projectFolder} shows what it means.`,
	});
	let profiles: readonly string[] = cli.major === 1 ? [] : ['*'];
	if (cli.major > 1 && !knowsAllProfiles(cli)) {
		const listed = await runCompose(project, ['config', '--profiles'], {env});
		if (listed.exitCode !== 0) {
			throw failure(listed);
		}

		profiles = listed.stdout.split('\n').filter(profile => profile !== '');
	}

	// YAML, not JSON, which leaves out what extensions (`x-coppice`) a service or a volume has.
	const whole = {...project, activeProfiles: profiles};
	const [result, raw] = await Promise.all([
		runCompose(whole, ['config'], {env}),
		runCompose(whole, ['config', '--no-interpolate'], {env}),
	]);
	const model = result.exitCode === 0 ? parseModel(result.stdout) : undefined;
	if (model === undefined) {
		throw failure(result);
	}

	// Not every version can leave variables in where a number is wanted.
	const template = raw.exitCode === 0 ? parseModel(raw.stdout) : undefined;
	return {
		model: cli.major === 1 ? inOrder(model) : model,
		...(template !== undefined && {template}),
		warnings: readWarnings(result.stderr),
		isOld: cli.major === 1,
	};
};
