/**
The shape of a compose file, as far as Coppice has to know it, and the names of all keys that compose knows.

Source: https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json. `zod/mini` rather than `zod`: it costs a
tenth of the start-up time. Messages follow a key (`services.db.image: …`), so they begin with a verb.
*/
/* eslint unicorn/max-nested-calls: 'off' -- A schema is nested as the file that it describes. */
import * as z from 'zod/mini';
import {suggestion, editDistance} from './closest-name.ts';

/**
Checks that a map has no key but these and extensions (`x-…`), and suggests the one that was meant.
*/
const onlyKeys = (known: readonly string[], what: string): z.core.$ZodCheck<Record<string, unknown>> => z.check(context => {
	for (const key of Object.keys(context.value)) {
		// A mistyped `x-coppice` would pass for somebody else's extension and be ignored.
		if (!known.includes(key) && (!key.startsWith('x-') || (known.includes('x-coppice') && editDistance(key, 'x-coppice') <= 2))) {
			context.issues.push({
				code: 'custom', input: context.value, path: [key], params: {isUnknownKey: true}, message: `is not a key of ${what}${suggestion(key, known)}`,
			});
		}
	}
});

const text = z.string('must be a text');
const scalar = z.union([z.string(), z.number(), z.boolean()], 'must be a text or a number');
const truthy = new Set(['true', 'yes', 'y', 'on', '1']);
const falsy = new Set(['false', 'no', 'n', 'off', '0']);
const flagText = z.pipe(
	z.union([z.boolean(), z.string().check(z.refine(value => truthy.has(value.toLowerCase()) || falsy.has(value.toLowerCase())))], 'must be true or false'),
	z.transform(value => typeof value === 'boolean' ? value : truthy.has(value.toLowerCase())),
);
const wholeNumber = z.pipe(
	z.union([z.number().check(z.refine(value => Number.isSafeInteger(value) && value >= 0)), z.string().check(z.regex(/^\d+$/v))], 'must be a whole number'),
	z.transform(Number),
);
const texts = z.array(scalar, 'must be a list of texts');
const textOrTexts = z.union([scalar, z.array(scalar)], 'must be a text or a list of texts');
const commandLine = z.optional(z.union([z.string(), z.array(scalar)], 'must be a text or a list of texts'));
const pairs = z.union([z.record(z.string(), z.optional(scalar)), z.array(scalar)], 'must be a map of texts, or a list of NAME=VALUE');
const anything = z.optional(z.unknown());

const portKeys = ['name', 'mode', 'host_ip', 'target', 'published', 'protocol', 'app_protocol'];
const longPort = z.looseObject({
	host_ip: z.optional(text),
	target: z.union([z.number(), z.string()], 'must be a port'),
	published: z.optional(z.union([z.number(), z.string()], 'must be a port')),
	protocol: z.optional(text),
}, 'must be a text such as "8080:80", a number or a map').check(onlyKeys(portKeys, 'a port'));

const mountKeys = ['type', 'source', 'target', 'read_only', 'consistency', 'bind', 'volume', 'tmpfs', 'image'];
const longMount = z.looseObject({
	type: z.optional(text),
	source: z.optional(text),
	target: z.optional(text),
	read_only: z.optional(flagText),
	volume: z.optional(z.looseObject({subpath: z.optional(text)}, 'must be a map')),
}, 'must be a text such as "data:/var/lib/data" or a map').check(onlyKeys(mountKeys, 'a mount'));

const dependency = z.looseObject({
	condition: z.optional(z.enum(['service_started', 'service_healthy', 'service_completed_successfully'], 'must be "service_started", "service_healthy" or "service_completed_successfully"')),
	required: z.optional(flagText),
	restart: z.optional(flagText),
}, 'must be a map with a condition').check(onlyKeys(['condition', 'required', 'restart'], 'a dependency'));

const healthCheck = z.looseObject({
	test: z.optional(z.union([z.string(), z.array(z.string())], 'must be a text or a list of texts')),
	interval: z.optional(text),
	timeout: z.optional(text),
	start_period: z.optional(text),
	start_interval: z.optional(text),
	retries: z.optional(wholeNumber),
	disable: z.optional(flagText),
}, 'must be a map').check(onlyKeys(['test', 'interval', 'timeout', 'start_period', 'start_interval', 'retries', 'disable'], 'a health check'));

const envFile = z.union([
	z.string(),
	z.array(z.union([z.string(), z.looseObject({path: z.string(), required: z.optional(flagText), format: z.optional(z.string())})
		.check(onlyKeys(['path', 'required', 'format'], 'an env_file'))])),
], 'must be a path or a list of paths');

const grant = z.union([z.string(), z.looseObject({source: z.string(), target: z.optional(z.string())})], 'must be a name or a map with a source');

const serviceSettings = z.looseObject({
	process: z.optional(z.looseObject({
		command: z.union([z.string(), z.array(scalar)], 'must be a text or a list of texts'),
		user: z.optional(scalar),
		working_dir: z.optional(text),
	}, 'must be a map with a command').check(onlyKeys(['command', 'user', 'working_dir'], 'x-coppice.process'))),
	database: z.optional(z.enum(['postgres', 'mysql', 'redis', 'mongo'], 'must be "postgres", "mysql", "redis" or "mongo"')),
}, 'must be a map').check(onlyKeys(['process', 'database'], 'x-coppice in a service'));

/** Keys of a service that become a part of `Service`. */
export const modelledKeys: ReadonlySet<string> = new Set([
	'image',
	'build',
	'command',
	'entrypoint',
	'environment',
	'env_file',
	'ports',
	'volumes',
	'tmpfs',
	'depends_on',
	'healthcheck',
	'restart',
	'stop_signal',
	'stop_grace_period',
	'user',
	'working_dir',
	'profiles',
	'extends',
]);

/** All keys of a service that compose knows. */
export const serviceKeys: readonly string[] = [
	...modelledKeys,
	'annotations',
	'attach',
	'blkio_config',
	'cap_add',
	'cap_drop',
	'cgroup',
	'cgroup_parent',
	'configs',
	'container_name',
	'cpu_count',
	'cpu_percent',
	'cpu_period',
	'cpu_quota',
	'cpu_rt_period',
	'cpu_rt_runtime',
	'cpu_shares',
	'cpus',
	'cpuset',
	'credential_spec',
	'deploy',
	'develop',
	'device_cgroup_rules',
	'devices',
	'dns',
	'dns_opt',
	'dns_search',
	'domainname',
	'expose',
	'external_links',
	'extra_hosts',
	'gpus',
	'group_add',
	'hostname',
	'init',
	'ipc',
	'isolation',
	'label_file',
	'labels',
	'links',
	'logging',
	'mac_address',
	'mem_limit',
	'mem_reservation',
	'mem_swappiness',
	'memswap_limit',
	'models',
	'network_mode',
	'networks',
	'oom_kill_disable',
	'oom_score_adj',
	'pid',
	'pids_limit',
	'platform',
	'post_start',
	'pre_stop',
	'privileged',
	'provider',
	'pull_policy',
	'pull_refresh_after',
	'read_only',
	'runtime',
	'scale',
	'secrets',
	'security_opt',
	'shm_size',
	'stdin_open',
	'storage_opt',
	'sysctls',
	'tty',
	'ulimits',
	'use_api_socket',
	'userns_mode',
	'uts',
	'volumes_from',
	'x-coppice',
];

const service = z.looseObject({
	image: z.optional(text),
	build: anything,
	command: commandLine,
	entrypoint: commandLine,
	environment: z.optional(pairs),
	env_file: z.optional(envFile),
	ports: z.optional(z.array(z.union([z.string(), z.number(), longPort]), 'must be a list')),
	volumes: z.optional(z.array(z.union([z.string(), longMount]), 'must be a list')),
	tmpfs: z.optional(textOrTexts),
	depends_on: z.optional(z.union([z.array(z.string()), z.record(z.string(), dependency)], 'must be a list of services, or a map by service')),
	healthcheck: z.optional(healthCheck),
	restart: z.optional(text),
	stop_signal: z.optional(scalar),
	stop_grace_period: z.optional(text),
	user: z.optional(scalar),
	working_dir: z.optional(text),
	profiles: z.optional(texts),
	secrets: z.optional(z.array(grant, 'must be a list')),
	configs: z.optional(z.array(grant, 'must be a list')),
	links: z.optional(texts),
	volumes_from: z.optional(texts),
	network_mode: z.optional(text),
	ipc: z.optional(text),
	pid: z.optional(text),
	deploy: z.optional(z.looseObject({}, 'must be a map')),
	'x-coppice': z.optional(serviceSettings),
}, 'must be a map').check(onlyKeys(serviceKeys, 'a service'));

const volumeKeys = ['name', 'driver', 'driver_opts', 'external', 'labels', 'x-coppice'];
const volume = z.optional(z.looseObject({
	name: z.optional(scalar),
	driver: z.optional(text),
	driver_opts: z.optional(z.record(z.string(), z.optional(scalar), 'must be a map')),
	external: z.optional(z.union([flagText, z.looseObject({name: z.optional(z.string())})], 'must be true or false')),
	'x-coppice': z.optional(z.looseObject({managed: z.optional(flagText)}, 'must be a map').check(onlyKeys(['managed'], 'x-coppice in a volume'))),
}, 'must be a map').check(onlyKeys(volumeKeys, 'a volume')));

const fileKeys = ['name', 'file', 'environment', 'content', 'external', 'labels', 'driver', 'driver_opts', 'template_driver'];
const sharedFile = z.optional(z.looseObject({
	file: z.optional(text),
	environment: z.optional(text),
	content: z.optional(scalar),
}, 'must be a map').check(onlyKeys(fileKeys, 'a secret or config')));

const settings = z.looseObject({
	runtime: z.optional(z.enum(['process', 'docker'], 'must be "process" or "docker"')),
	pool: z.optional(text),
}, 'must be a map').check(onlyKeys(['runtime', 'pool'], 'x-coppice'));

/** All keys at the top of a compose file. */
export const topKeys: readonly string[] = ['name', 'services', 'volumes', 'networks', 'secrets', 'configs', 'include', 'models', 'version', 'x-coppice'];

/**
A whole compose file, after merging.
*/
export const composeSchema = z.looseObject({
	name: z.optional(scalar),
	services: z.optional(z.record(z.string(), service, 'must be a map of services')),
	volumes: z.optional(z.record(z.string(), volume, 'must be a map of volumes')),
	secrets: z.optional(z.record(z.string(), sharedFile, 'must be a map of secrets')),
	configs: z.optional(z.record(z.string(), sharedFile, 'must be a map of configs')),
	'x-coppice': z.optional(settings),
}, 'must be a map').check(onlyKeys(topKeys, 'a compose file'));

export type RawCompose = z.output<typeof composeSchema>;
export type RawService = z.output<typeof service>;
export type RawVolume = z.output<typeof volume>;
export type RawSharedFile = z.output<typeof sharedFile>;
