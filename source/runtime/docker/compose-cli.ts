/**
The compose CLI: which one is here, and running it for a project.

Compose 2 as a plug-in (`docker compose`) is taken before a stand-alone one (`docker-compose`), which may be of version 2 or 1.
*/
import {CoppiceError} from '../../system/errors.ts';
import {tryCommand, type RunOptions, type RunResult} from '../../system/run-command.ts';

export type ComposeCli = {
	/** What its arguments are added to: `['docker', 'compose']`. */
	readonly command: readonly string[];

	/** `2.26.1`. */
	readonly version: string;
	readonly major: number;
};

/**
What a project's commands all need; a `Stack` has it.
*/
export type ComposeProject = {
	/** Absolute, in the order they are merged. None lets compose look for them in the project's folder. */
	readonly composeFiles: readonly string[];
	readonly projectFolder: string;

	/** Compose works it out where it is not said. */
	readonly name?: string;
	readonly activeProfiles?: readonly string[];
};

const candidates: ReadonlyArray<readonly string[]> = [['docker', 'compose'], ['docker-compose']];

const askVersion = async (command: readonly string[]): Promise<ComposeCli | undefined> => {
	try {
		const {stdout, exitCode} = await tryCommand([...command, 'version', '--short'], {timeout: 20_000});
		const version = stdout.trim().replace(/^v/v, '');
		return exitCode === 0 && /^\d/v.test(version) ? {command, version, major: Number(version.split('.', 1)[0])} : undefined;
	} catch (error) {
		if (error instanceof CoppiceError && error.code === 'precondition') {
			// Not installed.
			return undefined;
		}

		throw error;
	}
};

const find = async (): Promise<ComposeCli> => {
	for (const command of candidates) {
		const cli = await askVersion(command);
		if (cli !== undefined) {
			return cli;
		}
	}

	throw new CoppiceError('precondition', 'Docker Compose is not installed: neither `docker compose` nor `docker-compose` answers.', {
		hint: 'Install the package docker-compose-plugin (of Docker), docker-compose-v2 (Ubuntu) or docker-compose (Debian).',
	});
};

let found: Promise<ComposeCli> | undefined;

/**
The compose CLI of this machine. Looked for once.

@throws CoppiceError `precondition` where there is none, with what to install.
*/
export const findComposeCli = async (): Promise<ComposeCli> => {
	found ??= find();
	try {
		return await found;
	} catch (error) {
		// It may be installed by the time of the next question.
		found = undefined;
		throw error;
	}
};

/**
A compose command with the arguments that say which project it is for.
*/
export const composeCommand = (cli: ComposeCli, project: ComposeProject, arguments_: readonly string[]): readonly string[] => [
	...cli.command,
	...project.composeFiles.flatMap(file => ['-f', file]),
	'--project-directory',
	project.projectFolder,
	...(project.name === undefined ? [] : ['-p', project.name]),
	...(project.activeProfiles ?? []).flatMap(profile => ['--profile', profile]),
	...arguments_,
];

/**
Runs the compose CLI for a project and returns what it printed, whatever its exit code.

@param arguments_ - The subcommand and its arguments: `['up', '-d', 'db']`.
@param options - As for `tryCommand`; `env` should hold the engine's `location.environment`.
@throws CoppiceError `precondition` where there is no compose CLI; `interrupted` when the signal aborts it.
*/
export const runCompose = async (project: ComposeProject, arguments_: readonly string[], options: RunOptions = {}): Promise<RunResult> => {
	const cli = await findComposeCli();
	// In the user's folder, which a relative COMPOSE_ENV_FILES starts from; all else is said.
	return tryCommand(composeCommand(cli, project, arguments_), options);
};
