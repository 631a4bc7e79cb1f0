/**
The definition of a stack as it goes into a commit, and what differs between two. Nothing here does I/O.

It holds names and digests, never values of the environment: a commit is readable with `cat`, and goes to other hosts.
*/
import path from 'node:path';
import {describeModel, flattenModel} from './describe-model.ts';
import {hideSecrets} from './hide-secrets.ts';
import {formatPort} from './ports.ts';
import {joinCommand} from './split-command.ts';
import type {
	Definition,
	Mount,
	Service,
	Stack,
} from './stack.ts';

const describeMount = (mount: Mount, projectFolder: string): string => {
	switch (mount.kind) {
		case 'volume': {
			return `${mount.volume}:${mount.target}${mount.readOnly ? ':ro' : ''}`;
		}

		case 'bind': {
			// Relative to the project, so that one project in two places has one definition.
			const relative = path.relative(projectFolder, mount.source);
			const source = relative.startsWith('../../') ? mount.source : (relative.startsWith('..') ? relative : `./${relative}`);
			return `${source}:${mount.target}${mount.readOnly ? ':ro' : ''}`;
		}

		case 'anonymous': {
			return mount.target;
		}

		case 'tmpfs': {
			return `tmpfs:${mount.target}`;
		}
	}
};

const describeService = (service: Service, projectFolder: string, digest: string | undefined): Definition['services'][string] => {
	const {environment} = service;
	const command = service.writtenCommand ?? service.command;
	const entrypoint = service.writtenEntrypoint ?? service.entrypoint;
	return {
		...(service.image !== undefined && {image: service.image}),
		...(digest !== undefined && {imageDigest: digest}),
		...(command && {command: hideSecrets(command, environment)}),
		...(entrypoint && {entrypoint: hideSecrets(entrypoint, environment)}),
		environmentNames: Object.keys(environment).toSorted(),
		ports: service.ports.map(port => formatPort(port)),
		mounts: service.mounts.map(mount => describeMount(mount, projectFolder)),
		dependsOn: Object.keys(service.dependsOn).toSorted(),
	};
};

/**
The stack's definition for a commit.

`digests` has the digest of the image of each service, where the runtime has images.
*/
export const describeDefinition = (stack: Stack, digests: Readonly<Record<string, string>> = {}): Definition => ({
	services: Object.fromEntries(Object.entries(stack.services).map(([name, service]) => [name, describeService(service, stack.projectFolder, digests[name])])),
	volumes: Object.keys(stack.volumes),
	...(stack.resolved !== undefined && {compose: describeModel(stack, stack.resolved)}),
});

export type DefinitionChange = {
	/** `services.db.image`, say. */
	readonly key: string;

	/** Absent where there was nothing. */
	readonly from?: string;

	/** Absent where there is nothing now. */
	readonly to?: string;
};

type Facts = ReadonlyMap<string, string>;

/** What of a service the other facts tell already, and better. */
const toldOtherwise: ReadonlySet<string> = new Set(['image', 'command', 'entrypoint', 'environment', 'ports', 'volumes', 'depends_on']);

/** What only commits of stacks tell that compose has read: labels, networks, health checks and so on. */
const compareModels = (from: Definition, to: Definition): DefinitionChange[] => {
	if (from.compose === undefined || to.compose === undefined) {
		return [];
	}

	const isTold = (keyPath: readonly string[]): boolean => keyPath[0] === 'services' && (
		toldOtherwise.has(keyPath[2] ?? '') || from.services[keyPath[1] ?? ''] === undefined || to.services[keyPath[1] ?? ''] === undefined);
	const factsIn = (model: object): Facts => new Map(flattenModel(model).filter(leaf => !isTold(leaf.path)).map(leaf => [leaf.path.join('.'), leaf.value]));
	const [old, current] = [factsIn(from.compose), factsIn(to.compose)];
	return [...new Set([...old.keys(), ...current.keys()])].toSorted()
		.filter(key => old.get(key) !== current.get(key))
		.map(key => change(key, old.get(key), current.get(key)));
};

const factsOf = (service: Definition['services'][string]): Facts => {
	const facts = new Map<string, string>();
	const set = (key: string, value: string | undefined) => {
		if (value !== undefined && value !== '') {
			facts.set(key, value);
		}
	};

	set('image', service.image);
	set('imageDigest', service.imageDigest);
	set('command', service.command && joinCommand(service.command));
	set('entrypoint', service.entrypoint && joinCommand(service.entrypoint));
	set('environment', service.environmentNames.join(', '));
	set('ports', service.ports.join(', '));
	set('volumes', service.mounts.join(', '));
	set('depends_on', service.dependsOn.join(', '));
	return facts;
};

const change = (key: string, from: string | undefined, to: string | undefined): DefinitionChange => ({
	key, ...(from !== undefined && {from}), ...(to !== undefined && {to}),
});

/**
What differs between two definitions, in the order of the keys. A service or volume that came or went is one change.
*/
export const compareDefinitions = (from: Definition, to: Definition): readonly DefinitionChange[] => {
	const changes: DefinitionChange[] = [];
	for (const name of [...new Set([...Object.keys(from.services), ...Object.keys(to.services)])].toSorted()) {
		const [before, after] = [from.services[name], to.services[name]];
		if (before === undefined || after === undefined) {
			changes.push(change(`services.${name}`, before && (before.image ?? 'defined'), after && (after.image ?? 'defined')));
			continue;
		}

		const [old, current] = [factsOf(before), factsOf(after)];
		for (const key of new Set([...old.keys(), ...current.keys()])) {
			if (old.get(key) !== current.get(key)) {
				changes.push(change(`services.${name}.${key}`, old.get(key), current.get(key)));
			}
		}
	}

	for (const name of [...new Set([...from.volumes, ...to.volumes])].toSorted()) {
		const [before, after] = [from.volumes.includes(name), to.volumes.includes(name)];
		if (before !== after) {
			changes.push(change(`volumes.${name}`, before ? 'defined' : undefined, after ? 'defined' : undefined));
		}
	}

	return [...changes, ...compareModels(from, to)];
};
