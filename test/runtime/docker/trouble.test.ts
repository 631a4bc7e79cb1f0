/**
The usual troubles with Docker, each told from facts in the shapes that `docker info`, `docker version` and `docker context ls` have.
*/
import test from 'ava';
import fc from 'fast-check';
import {findTroubles, type EngineFacts, type Trouble} from '../../../source/runtime/docker/trouble.ts';

/** `docker info` of an engine from Debian 12. */
const info = {
	OperatingSystem: 'Debian GNU/Linux 12 (bookworm)',
	KernelVersion: '6.1.0-18-amd64',
	ServerVersion: '20.10.24+dfsg1',
	DockerRootDir: '/var/lib/docker',
	SecurityOptions: ['name=apparmor', 'name=seccomp,profile=default', 'name=cgroupns'],
};

/** `docker version` of the same. */
const version = {
	Version: '20.10.24+dfsg1',
	ApiVersion: '1.41',
	Components: [{Name: 'Engine', Version: '20.10.24+dfsg1'}, {Name: 'containerd', Version: '1.6.20~ds1'}, {Name: 'runc', Version: '1.1.5+ds1'}],
};

const root = {id: 0, name: 'root', groupIds: [0]};
const ada = {id: 1000, name: 'ada', groupIds: [1000]};

const good: EngineFacts = {
	isNeeded: true,
	hasClient: true,
	location: {
		url: 'unix:///var/run/docker.sock', from: 'the default', isLocal: true, socket: '/var/run/docker.sock',
	},
	user: root,
	contexts: [],
	info,
	version,
	compose: {command: ['docker', 'compose'], version: '2.26.1', major: 2},
	kernel: '6.1.0-18-amd64',
	isSelinuxEnforcing: false,
	pool: {path: '/var/lib/coppice/pool'},
	boundVolumes: [],
	paused: [],
	unadopted: [],
};

const {info: _info, version: _version, ...silent} = good;
const denied: EngineFacts = {
	...silent,
	user: ada,
	failure: {message: 'connect EACCES', systemCode: 'EACCES'},
	socketGroup: {id: 103, name: 'docker', members: ['grace']},
};

type Case = {
	readonly title: string;
	readonly facts: EngineFacts;
	readonly result: Trouble['result'];
	readonly name?: string;

	/** Parts of the message and of the hint. */
	readonly says: readonly string[];
	readonly hints: readonly string[];
};

const withOptions = (...SecurityOptions: readonly string[]): Pick<EngineFacts, 'info'> => ({info: {...info, SecurityOptions}});

const desktopContexts = [
	{Name: 'default', DockerEndpoint: 'unix:///var/run/docker.sock', Current: true},
	{Name: 'desktop-linux', DockerEndpoint: 'unix:///home/ada/.docker/desktop/docker.sock', Current: false},
];

const cases: readonly Case[] = [
	{
		title: 'not installed',
		facts: {...silent, hasClient: false, failure: {message: 'There is no Docker engine.', systemCode: 'ENOENT'}},
		result: 'failed',
		says: ['Docker is not installed'],
		hints: ['apt-get install docker.io'],
	},
	{
		title: 'not installed, where services run as processes',
		facts: {
			...silent, isNeeded: false, hasClient: false, failure: {message: 'There is no Docker engine.', systemCode: 'ENOENT'},
		},
		result: 'warning',
		says: ['Docker is not installed', 'processes of this machine'],
		hints: ['apt-get install docker.io'],
	},
	{
		title: 'engine down, its socket gone',
		facts: {...silent, failure: {message: 'There is no Docker engine.', systemCode: 'ENOENT'}},
		result: 'failed',
		says: ['no engine runs at unix:///var/run/docker.sock'],
		hints: ['systemctl start docker'],
	},
	{
		title: 'engine down, its socket left behind',
		facts: {...silent, failure: {message: 'connect ECONNREFUSED', systemCode: 'ECONNREFUSED'}},
		result: 'failed',
		says: ['no engine runs at'],
		hints: ['systemctl start docker'],
	},
	{
		title: 'engine down, while another context has one',
		facts: {...silent, failure: {message: 'There is no Docker engine.', systemCode: 'ENOENT'}, contexts: desktopContexts},
		result: 'failed',
		says: ['no engine runs'],
		hints: ['desktop-linux (unix:///home/ada/.docker/desktop/docker.sock)', 'docker context use desktop-linux'],
	},
	{
		title: 'DOCKER_HOST names a socket that is not there',
		facts: {
			...silent,
			location: {
				url: 'unix:///run/user/1000/docker.sock', from: 'DOCKER_HOST', isLocal: true, socket: '/run/user/1000/docker.sock',
			},
			failure: {message: 'There is no Docker engine.', systemCode: 'ENOENT'},
		},
		result: 'failed',
		says: ['unix:///run/user/1000/docker.sock', 'DOCKER_HOST says'],
		hints: ['correct DOCKER_HOST'],
	},
	{
		title: 'a context that is not there',
		facts: {...silent, location: undefined, failure: {message: 'There is no Docker context "nowhere".', hint: '`docker context ls` lists them.'}},
		result: 'failed',
		says: ['no Docker context "nowhere"'],
		hints: ['docker context ls'],
	},
	{
		title: 'no permission, and not in the group',
		facts: denied,
		result: 'failed',
		says: ['ada may not talk to the engine'],
		hints: ['sudo usermod -aG docker ada', 'rootless'],
	},
	{
		title: 'no permission, in the group since after this session began',
		facts: {...denied, socketGroup: {id: 103, name: 'docker', members: ['ada']}},
		result: 'failed',
		says: ['ada may not talk'],
		hints: ['newgrp docker'],
	},
	{
		title: 'no permission, and no group that helps',
		facts: {...denied, socketGroup: {id: 0, name: 'root', members: []}},
		result: 'failed',
		says: ['ada may not talk'],
		hints: ['sudo'],
	},
	{
		title: 'compose missing',
		facts: {...good, compose: undefined},
		result: 'failed',
		name: 'docker compose',
		says: ['neither `docker compose` nor `docker-compose`'],
		hints: ['docker-compose-plugin'],
	},
	{
		title: 'compose too old',
		facts: {...good, compose: {command: ['docker-compose'], version: '1.29.2', major: 1}},
		result: 'warning',
		name: 'docker compose',
		says: ['docker-compose 1.29.2 is too old'],
		hints: ['Install Compose 2'],
	},
	{
		title: 'engine too old',
		facts: {...good, version: {Version: '19.03.15', ApiVersion: '1.40', Components: [{Name: 'Engine', Version: '19.03.15'}]}},
		result: 'failed',
		says: ['19.03.15 is too old'],
		hints: ['Update'],
	},
	{
		title: 'Podman in its place',
		facts: {...good, version: {Version: '4.3.1', ApiVersion: '1.41', Components: [{Name: 'Podman Engine', Version: '4.3.1'}]}},
		result: 'warning',
		says: ['Podman 4.3.1'],
		hints: ['copy'],
	},
	{
		title: 'Docker Desktop',
		facts: {
			...good,
			user: ada,
			location: {
				url: 'unix:///home/ada/.docker/desktop/docker.sock', from: 'the Docker context desktop-linux', isLocal: true, socket: '/home/ada/.docker/desktop/docker.sock',
			},
			info: {
				...info, OperatingSystem: 'Docker Desktop', KernelVersion: '6.6.12-linuxkit', SecurityOptions: ['name=seccomp,profile=unconfined', 'name=cgroupns'],
			},
		},
		result: 'failed',
		says: ['Docker Desktop', 'virtual machine'],
		hints: ['docker context use default'],
	},
	{
		title: 'a local socket that leads to another machine',
		facts: {...good, info: {...info, KernelVersion: '5.15.0-91-generic'}},
		result: 'failed',
		says: ['its kernel is 5.15.0-91-generic', '6.1.0-18-amd64'],
		hints: ['where the engine runs'],
	},
	{
		title: 'a remote engine',
		facts: {...good, location: {url: 'ssh://deploy@staging', from: 'the Docker context staging', isLocal: false}, info: {...info, KernelVersion: '5.15.0-91-generic'}},
		result: 'failed',
		says: ['ssh://deploy@staging', 'the Docker context staging', 'another machine'],
		hints: ['Run coppice on that machine', 'docker context use default'],
	},
	{
		title: 'coppice in a container, the engine outside',
		facts: {...good, container: {seesEngineFolder: false}},
		result: 'failed',
		says: ['runs in a container'],
		hints: ['Run coppice on the host'],
	},
	{
		title: 'rootless, as its own user',
		facts: {...good, ...withOptions('name=seccomp,profile=builtin', 'name=rootless', 'name=cgroupns'), user: ada},
		result: 'warning',
		says: ['rootless', '/etc/subuid'],
		hints: ['folder of yours'],
	},
	{
		title: 'rootless, without control groups',
		facts: {...good, info: {...withOptions('name=rootless').info, CgroupDriver: 'none'}, user: ada},
		result: 'warning',
		says: ['without control groups', 'stopped'],
		hints: ['coppice down'],
	},
	{
		title: 'rootless, as root',
		facts: {...good, ...withOptions('name=rootless')},
		result: 'warning',
		says: ['rootless'],
		hints: ['as the user whose engine it is'],
	},
	{
		title: 'an engine of root, used by another',
		facts: {...good, user: {...ada, groupIds: [1000, 103]}},
		result: 'failed',
		says: ['runs as root', 'belong to other users'],
		hints: ['sudo'],
	},
	{
		title: 'user namespaces',
		facts: {...good, ...withOptions('name=seccomp,profile=default', 'name=userns')},
		result: 'warning',
		says: ['userns-remap'],
		hints: ['userns_mode: host'],
	},
	{
		title: 'SELinux, the pool not labelled for containers',
		facts: {
			...good, ...withOptions('name=seccomp,profile=builtin', 'name=selinux', 'name=cgroupns'), isSelinuxEnforcing: true, pool: {path: '/var/lib/coppice/pool', label: 'unconfined_u:object_r:var_lib_t:s0'},
		},
		result: 'warning',
		name: 'selinux',
		says: ['enforcing', 'var_lib_t', ':z'],
		hints: ['semanage fcontext', '/var/lib/coppice/pool', 'context='],
	},
	{
		title: 'the pool in the engine\'s folder',
		facts: {...good, pool: {path: '/var/lib/docker/volumes/pool'}},
		result: 'failed',
		name: 'docker storage',
		says: ['lies in the engine\'s own folder /var/lib/docker'],
		hints: ['--pool'],
	},
	{
		title: 'a volume whose folder is gone',
		facts: {
			...good, boundVolumes: [
				{
					name: 'shop_data', pool: '/mnt/pool', folder: '/mnt/pool/stacks/shop/volumes/data/current/data', isThere: false,
				},
				{
					name: 'blog_data', pool: '/mnt/pool', folder: '/mnt/pool/stacks/blog/volumes/data/current/data', isThere: true,
				},
			],
		},
		result: 'failed',
		name: 'docker volumes',
		says: ['shop_data (/mnt/pool/stacks/shop/volumes/data/current/data) are gone'],
		hints: ['Is the pool mounted (/mnt/pool)?', 'docker volume rm shop_data`'],
	},
	{
		title: 'a container left paused',
		facts: {...good, paused: ['shop-cache-1', 'shop-db-1']},
		result: 'warning',
		name: 'docker containers',
		says: ['paused: shop-cache-1, shop-db-1'],
		hints: ['docker unpause shop-cache-1 shop-db-1'],
	},
	{
		title: 'volumes that wait for adoption',
		facts: {...good, unadopted: ['data', 'uploads']},
		result: 'warning',
		name: 'docker volumes',
		says: ['data, uploads', 'in no commit'],
		hints: ['coppice init --adopt'],
	},
];

for (const {title, facts, result, name = 'docker engine', says, hints} of cases) {
	test(title, t => {
		const troubles = findTroubles(facts).filter(trouble => trouble.result !== 'ok');
		t.is(troubles.length, 1, `one trouble, one check: ${JSON.stringify(troubles)}`);
		const [trouble] = troubles;
		t.is(trouble!.name, name);
		t.is(trouble!.result, result);
		for (const part of says) {
			t.true(trouble!.message.includes(part), `${part} is not in: ${trouble!.message}`);
		}

		for (const part of hints) {
			t.true(trouble!.hint?.includes(part), `${part} is not in: ${trouble!.hint}`);
		}
	});
}

test('nothing is wrong: a line each for the engine and compose', t => {
	t.deepEqual(findTroubles(good), [
		{name: 'docker engine', result: 'ok', message: '20.10.24+dfsg1 at unix:///var/run/docker.sock'},
		{name: 'docker compose', result: 'ok', message: 'docker compose 2.26.1'},
	]);
});

test('what is as it should be is no trouble', t => {
	const fine: readonly EngineFacts[] = [
		// Enforcing, but Docker does not take part in it.
		{...good, isSelinuxEnforcing: true},
		{
			...good, ...withOptions('name=selinux'), isSelinuxEnforcing: true, pool: {path: '/srv/pool', label: 'system_u:object_r:container_file_t:s0'},
		},
		{...good, ...withOptions('name=selinux')},
		// Coppice and the engine in one container.
		{...good, container: {seesEngineFolder: true}},
		{...good, pool: {path: '/var/lib/docker-pool'}},
		{...good, version: {Version: '28.2.2', ApiVersion: '1.50', Components: null}, info: {...info, SecurityOptions: null}},
		{
			...good, boundVolumes: [{
				name: 'shop_data', pool: '/p', folder: '/p/d', isThere: true,
			}],
		},
	];
	for (const facts of fine) {
		t.deepEqual(findTroubles(facts).filter(({result}) => result !== 'ok'), []);
	}
});

test('whatever the facts: every trouble has a next step, and nothing fails where no stack is on Docker and none is broken', t => {
	const option = fc.constantFrom('name=rootless', 'name=userns', 'name=selinux', 'name=seccomp,profile=default');
	const arbitrary = fc.record({
		isNeeded: fc.boolean(),
		hasClient: fc.boolean(),
		user: fc.constantFrom(root, ada),
		location: fc.constantFrom(good.location, {url: 'tcp://10.0.0.2:2376', from: 'DOCKER_HOST', isLocal: false}, undefined),
		failure: fc.record({message: fc.constant('it failed'), hint: fc.constant('do this'), systemCode: fc.constantFrom('ENOENT', 'EACCES', 'ECONNREFUSED', undefined)}),
		info: fc.option(fc.record({
			OperatingSystem: fc.constantFrom('Docker Desktop', 'Fedora'), KernelVersion: fc.constantFrom(good.kernel, '1'), SecurityOptions: fc.array(option), DockerRootDir: fc.constantFrom('', '/', '/var/lib'),
		}, {requiredKeys: []}), {nil: undefined}),
		version: fc.constantFrom(version, undefined, {}),
		compose: fc.constantFrom(good.compose, undefined),
		isSelinuxEnforcing: fc.boolean(),
		paused: fc.array(fc.constant('shop-db-1'), {maxLength: 2}),
		unadopted: fc.array(fc.constant('data'), {maxLength: 2}),
	});
	fc.assert(fc.property(arbitrary, facts => {
		const troubles = findTroubles({...good, ...facts});
		t.true(troubles.length > 0);
		for (const {result, hint} of troubles) {
			t.true(result === 'ok' || (hint !== undefined && hint.length > 5));
			t.true(result !== 'failed' || facts.isNeeded);
		}
	}));
});
