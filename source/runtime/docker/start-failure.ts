/**
Why services did not start, from what compose or the engine has said, in words for people.
*/
import type Docker from 'dockerode';
import {CoppiceError} from '../../system/errors.ts';
import type {Stack} from '../../stack/stack.ts';
import {containerName} from './containers.ts';
import type {Engine} from './engine.ts';

export type StartFailure =
	| {readonly kind: 'port'; readonly port: number; readonly address?: string}
	| {readonly kind: 'image'; readonly image: string; readonly isRefused: boolean}
	| {readonly kind: 'build'; readonly service?: string; readonly reason: string}
	| {readonly kind: 'dependency'; readonly container: string; readonly reason: string}
	| {readonly kind: 'name'; readonly container: string}
	| {readonly kind: 'subnets'}
	| {readonly kind: 'other'; readonly reason: string};

/** What compose prints while it works, as against what went wrong. */
const progress = /^(?:Container|Network|Volume|Image|#\d+|Creating|Recreating|Starting|Building|Pulling|\S+ (?:Pulling|Pulled|Warning))\b/v;

const lastWords = (text: string): string => {
	const lines = text.split('\n').map(line => line.trim()).filter(line => line !== '' && !/level=warning|^time=|^Encountered errors/v.test(line));
	const errors = lines.filter(line => /error|failed|cannot|invalid|denied|no such|not found/iv.test(line) && !progress.test(line));
	return (errors.at(-1) ?? lines.at(-1) ?? '').replace(/^(?:ERROR:|Error response from daemon:|Error:)\s*/v, '');
};

type Groups = Readonly<Record<string, string>>;

const toPort = ({address = '', port}: Groups): StartFailure => ({kind: 'port', port: Number(port), ...(address !== '' && {address})});
const toImage = ({image = ''}: Groups): StartFailure => ({kind: 'image', image, isRefused: true});
const toDependency = ({container = '', reason = ''}: Groups): StartFailure => ({kind: 'dependency', container, reason});

/** Messages of engines 20 to 28, Compose 2 and Compose 1, which passes the engine's on. */
const patterns: ReadonlyArray<readonly [RegExp, (groups: Groups, text: string) => StartFailure]> = [
	[/Bind for (?<address>\S+):(?<port>\d+) failed: port is already allocated/v, toPort],
	[/listen (?:tcp|udp)[46]? (?<address>\S*):(?<port>\d+): bind: address already in use/v, toPort],
	[/failed to bind (?:host )?port(?: for)? (?<address>[\d.]+|\[[\d:a-f]+\]):(?<port>\d+)[\/:]/v, toPort],
	[/pull access denied for (?<image>[^\s,]+)/v, toImage],
	[/manifest for (?<image>\S+) not found/v, toImage],
	[/No such image: (?<image>\S+)/v, toImage],
	[/Get "?https?:\/\/(?<image>[^\s"\/]+)\/v2\/[^\n]*(?:dial|lookup|timeout|canceled|EOF|refused)/v, ({image = ''}) => ({kind: 'image', image, isRefused: false})],
	[/Service '(?<service>[^']+)' failed to build/v, ({service = ''}, text) => ({kind: 'build', service, reason: lastWords(text)})],
	[/target (?<service>[^\s:]+): failed to solve: (?<reason>[^\n]*)/v, ({service = '', reason = ''}) => ({kind: 'build', service, reason})],
	[/failed to solve: (?<reason>[^\n]*)/v, ({reason = ''}) => ({kind: 'build', reason})],
	[/container (?<container>\S+) (?<reason>is unhealthy|exited \(\d+\)|has no healthcheck configured)/v, toDependency],
	[/service "(?<container>[^"]+)" (?<reason>didn't complete successfully: [^\n]*)/v, toDependency],
	[/Container "?(?<container>[^\s"]+)"? (?<reason>is unhealthy|exited with code \d+)/v, toDependency],
	[/container name "\/?(?<container>[^"]+)" is already in use/v, ({container = ''}) => ({kind: 'name', container})],
	[/non-overlapping IPv4 address pool|all predefined address pools have been fully subnetted/v, () => ({kind: 'subnets'})],
];

/**
What kind of failure a text is: pure.

@param text - The stderr of compose, or a message of the engine.
*/
export const recogniseFailure = (text: string): StartFailure => {
	for (const [pattern, make] of patterns) {
		const match = pattern.exec(text);
		if (match !== null) {
			return make({...match.groups}, text);
		}
	}

	return {kind: 'other', reason: lastWords(text)};
};

/**
The service that a container of this stack is of, by its name (`shop-db-1`, in Compose 1 `shop_db_1`), or by an id in the text.
*/
const serviceOf = (stack: Stack, name: string): string => {
	const match = /^(?<rest>.+)[\-_]\d+$/v.exec(name)?.groups?.rest ?? name;
	const service = match.startsWith(stack.name) ? match.slice(stack.name.length + 1) : match;
	return stack.services[service] === undefined ? name : service;
};

const publishersOf = (stack: Stack, port: number): string[] => Object.values(stack.services)
	.filter(service => service.ports.some(({published, publishedEnd = published}) => published !== undefined && published <= port && port <= publishedEnd!))
	.map(service => service.name);

const holderOf = async (docker: Docker, stack: Stack, port: number, address: string): Promise<string> => {
	const containers = await docker.listContainers().catch(() => []);
	const holder = containers.find(({Ports: ports}) => ports.some(({PublicPort: published}) => published === port));
	if (holder !== undefined) {
		const project = holder.Labels['com.docker.compose.project'];
		return `the container ${containerName(holder)}${project === undefined || project === stack.name ? '' : ` of the project ${project}`}`;
	}

	const {findPortHolder} = await import('../process/ports.ts');
	const program = findPortHolder(address, port);
	return program === undefined ? 'a process of another user' : `${program.name} (process ${program.processId})`;
};

type Explained = {readonly engine: Engine; readonly stack: Stack; readonly text: string; readonly started: readonly string[]};

/** The service that a failure must be of, where only one was started. */
const onlyOne = ({started}: Explained): string | undefined => started.length === 1 ? started[0] : undefined;

const named = (service: string | undefined): {readonly service?: string} => service === undefined ? {} : {service};

const explainPort = async (explained: Explained, port: number, address = '0.0.0.0'): Promise<CoppiceError> => {
	const {engine, stack, text, started} = explained;
	const publishers = publishersOf(stack, port);
	const service = publishers.find(name => started.includes(name)) ?? publishers[0] ?? onlyOne(explained);
	const holder = await holderOf(engine.docker, stack, port, address);
	const what = service === undefined ? 'a service' : `the service ${service}`;
	return new CoppiceError('conflict', `Port ${port} on ${address} is taken by ${holder}, so ${what} can't be started.`, {
		stack: stack.name, stderr: text, ...named(service), hint: `Stop what listens there, or change \`ports:\` of ${service ?? 'it'} in the compose file.`,
	});
};

const explainImage = (explained: Explained, image: string, isRefused: boolean): CoppiceError => {
	const {stack, text} = explained;
	const [name] = image.split(':', 1);
	const service = Object.values(stack.services).find(each => each.image === image || each.image?.split(':', 1)[0] === name)?.name ?? onlyOne(explained);
	const options = {stack: stack.name, stderr: text, ...named(service)};
	return isRefused
		? new CoppiceError('precondition', `The image ${image}${service === undefined ? '' : ` of the service ${service}`} is neither here nor in its registry.`, {
			...options, hint: 'Check its name in the compose file; for a private one, `docker login`.',
		})
		: new CoppiceError('precondition', `The registry ${image} can't be reached, and an image${service === undefined ? '' : ` of the service ${service}`} is not here.`, {
			...options, hint: 'Try again with a network, or load the image with `docker load`.',
		});
};

const explainBuild = (explained: Explained, reason: string, service = onlyOne(explained)): CoppiceError => {
	const whose = service === undefined ? 'a service' : `the service ${service}`;
	return new CoppiceError('failed', `The image of ${whose} can't be built: ${reason.replace(/\.?$/v, '.')}`, {
		stack: explained.stack.name, stderr: explained.text, ...named(service), hint: `\`docker compose build${service === undefined ? '' : ` ${service}`}\` shows all of it.`,
	});
};

const explainOther = (explained: Explained, reason: string): CoppiceError => {
	const service = onlyOne(explained);
	const what = service === undefined ? `services of stack ${explained.stack.name}` : `the service ${service}`;
	return new CoppiceError('failed', `Docker could not start ${what}${reason === '' ? '.' : `: ${reason.replace(/\.?$/v, '.')}`}`, {
		stack: explained.stack.name, stderr: explained.text, ...named(service), hint: '`coppice logs` and `docker compose up` may say more.',
	});
};

/**
The failure of a start as an error that names the service and what is in its way.

@param text - The stderr of compose, or a message of the engine.
@param started - The services that were to be started, where they were named.
*/
export const explainFailure = async (engine: Engine, stack: Stack, text: string, started: readonly string[] = []): Promise<CoppiceError> => {
	const explained = {
		engine, stack, text, started,
	};
	const options = {stack: stack.name, stderr: text};
	const failure = recogniseFailure(text);
	switch (failure.kind) {
		case 'port': {
			return explainPort(explained, failure.port, failure.address);
		}

		case 'image': {
			return explainImage(explained, failure.image, failure.isRefused);
		}

		case 'build': {
			return explainBuild(explained, failure.reason, failure.service);
		}

		case 'dependency': {
			const service = serviceOf(stack, failure.container);
			return new CoppiceError('failed', `What needs the service ${service} was not started: ${service} ${failure.reason}.`, {
				...options, service, hint: `Its log says more: \`coppice logs ${service}\`.`,
			});
		}

		case 'name': {
			return new CoppiceError('conflict', `There is another container named ${failure.container}, so a service with that \`container_name\` can't be made.`, {
				...options, hint: `Remove it (\`docker rm ${failure.container}\`), or change \`container_name:\` in the compose file.`,
			});
		}

		case 'subnets': {
			return new CoppiceError('precondition', 'The Docker engine has no subnets left for another network.', {
				...options, hint: '`docker network prune` removes networks that nothing uses.',
			});
		}

		default: {
			return explainOther(explained, failure.reason);
		}
	}
};
