/**
The parts of an image reference, and the words of a command: what tells which engine a service runs. No I/O here.
*/
import type {Service} from '../stack/stack.ts';

export type ImageName = {
	/** Registry and namespace, such as `docker.io/bitnami`; empty for an official image. */
	readonly namespace: string;

	/** Last part: `postgres`. */
	readonly name: string;

	/** Empty where there is none. */
	readonly tag: string;
};

/**
Takes `ghcr.io/team/postgres:16-alpine@sha256:…` apart.
*/
export const parseImage = (image: string): ImageName => {
	const [reference = ''] = image.split('@', 1);
	const slash = reference.lastIndexOf('/');
	const last = reference.slice(slash + 1);
	const colon = last.indexOf(':');
	return {
		namespace: slash === -1 ? '' : reference.slice(0, slash),
		name: (colon === -1 ? last : last.slice(0, colon)).toLowerCase(),
		tag: colon === -1 ? '' : last.slice(colon + 1),
	};
};

/**
Whether a service's image has one of these names.
*/
export const hasImage = (service: Service, names: ReadonlySet<string>): boolean => service.image !== undefined && names.has(parseImage(service.image).name);

export const isBitnami = (service: Service): boolean => service.image !== undefined && /(?:^|\/)bitnami(?:legacy|secure)?$/v.test(parseImage(service.image).namespace);

/**
All words that a service runs, those inside `sh -c "…"` too.
*/
export const commandWords = (service: Service): string[] =>
	[...service.entrypoint ?? [], ...service.command ?? []].flatMap(word => /\s/v.test(word) ? word.split(/\s+/v).filter(part => part !== '') : [word]);

/**
The value of an option in a command: `--name value` or `--name=value`. Quotes of an inner shell are taken off.
*/
export const optionValue = (words: readonly string[], ...names: readonly string[]): string | undefined => {
	for (const [index, word] of words.entries()) {
		for (const name of names) {
			const value = word === name ? words[index + 1] : (word.startsWith(`${name}=`) ? word.slice(name.length + 1) : undefined);
			if (value !== undefined) {
				return value.replace(/^(?<quote>["'])(?<inner>.*)\k<quote>$/v, '$<inner>');
			}
		}
	}

	return undefined;
};

/**
The port that a server listens on: by an option of its command, else by the first of these variables, else its engine's own.
*/
export const portOf = (service: Service, own: number, given: {readonly options: readonly string[]; readonly variables: readonly string[]}): number => {
	const texts = [optionValue(commandWords(service), ...given.options), ...given.variables.map(name => service.environment[name])];
	const port = texts.map(Number).find(number => Number.isSafeInteger(number) && number > 0 && number < 65_536);
	return port ?? own;
};
