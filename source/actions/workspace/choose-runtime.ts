/**
What runs a stack's services where nobody has said it: Docker where an engine of this machine answers and compose is there, else processes.
*/
import {setTimeout as delay} from 'node:timers/promises';
import {CoppiceError} from '../../system/errors.ts';
import type {ProjectFiles} from '../../stack/locate-project.ts';
import {readStack} from '../../stack/read-stack.ts';
import type {RuntimeName} from '../../stack/stack.ts';

export type RuntimeChoice = {
	readonly runtime: RuntimeName;

	/** Part of a sentence for the user. */
	readonly why: string;
};

export type RuntimeWishes = {
	/** On the command line. */
	readonly flag?: RuntimeName;

	/** Under `x-coppice` in the compose file. */
	readonly file?: RuntimeName;

	/** What it was taken up with before. */
	readonly known?: RuntimeName;

	/** In the user's settings. */
	readonly user?: RuntimeName;
};

/**
The wish that wins, if there is any: the command line over the project over what is so already over the user's settings. Pure.
*/
export const wishedRuntime = ({flag, file, known, user}: RuntimeWishes): RuntimeChoice | undefined => {
	const wishes: ReadonlyArray<readonly [RuntimeName | undefined, string]> = [
		[flag, '--runtime says so'],
		[file, 'x-coppice.runtime in the compose file says so'],
		[known, 'it was taken up with it'],
		[user, 'your settings say so'],
	];
	for (const [runtime, why] of wishes) {
		if (runtime !== undefined) {
			return {runtime, why};
		}
	}

	return undefined;
};

/** An engine of this machine answers much sooner; one that is reached over a network would not be taken anyway. */
const answerMilliseconds = 5000;

const sentencePart = (error: unknown): string => error instanceof CoppiceError
	? error.message.replace(/\.$/v, '').replace(/^[A-Z](?=[a-z])/v, letter => letter.toLowerCase())
	: String(error);

/** A service that only a process can be. */
const serviceWithoutImage = async ({directory, files, outside}: ProjectFiles): Promise<string | undefined> => {
	try {
		const {services} = await readStack({directory, composeFiles: files, environment: outside});
		return Object.values(services).find(({image, build, settings}) => image === undefined && build === undefined && settings.process !== undefined)?.name;
	} catch {
		// Compose may understand what Coppice's own reader does not.
		return undefined;
	}
};

/**
Looks for an engine and for compose.
*/
export const detectRuntime = async (files: ProjectFiles): Promise<RuntimeChoice> => {
	const programOnly = await serviceWithoutImage(files);
	if (programOnly !== undefined) {
		return {runtime: 'process', why: `${programOnly} has no image, only a program of this machine`};
	}

	try {
		const {connectEngine, requireLocalEngine} = await import('../../runtime/docker/engine.ts');
		// Not kept waiting for: the program may end before.
		const engine = await Promise.race([connectEngine(), delay(answerMilliseconds, undefined, {ref: false})]);
		if (engine === undefined) {
			return {runtime: 'process', why: 'the Docker engine does not answer'};
		}

		await requireLocalEngine(engine);
		const {findComposeCli} = await import('../../runtime/docker/compose-cli.ts');
		const {command, version} = await findComposeCli();
		return {runtime: 'docker', why: `a Docker engine answers at ${engine.location.url}, and \`${command.join(' ')}\` ${version} is there`};
	} catch (error) {
		return {runtime: 'process', why: sentencePart(error)};
	}
};
