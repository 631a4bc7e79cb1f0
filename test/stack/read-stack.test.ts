/* eslint no-template-curly-in-string: 'off' -- Texts of compose files hold variables. */
import path from 'node:path';
import test from 'ava';
import {normaliseProjectName, readStack} from '../../source/stack/read-stack.ts';
import {enabledServices} from '../../source/stack/profiles.ts';
import {hostFile} from '../../source/stack/host-path.ts';
import {fixture, makeProject, readText} from './project.ts';

const read = async (name: string, environment: Readonly<Record<string, string>> = {}) => readStack({directory: fixture(name), environment});

test('reads a project with a database, a cache, a web server and a tool', async t => {
	const stack = await read('shop');
	t.is(stack.name, 'shop');
	t.is(stack.projectFolder, fixture('shop'));
	t.deepEqual(stack.composeFiles, [path.join(fixture('shop'), 'compose.yaml')]);
	t.deepEqual(stack.settings, {runtime: 'process'});
	t.deepEqual(stack.notices, []);
	t.deepEqual(Object.keys(stack.services), ['db', 'cache', 'web', 'admin']);

	const {db, cache, web, admin} = stack.services;
	t.is(db?.image, 'postgres:16-alpine');
	t.deepEqual(db?.restart, {name: 'unless-stopped'});
	t.deepEqual(db?.ports, [{
		address: '127.0.0.1', published: 54_321, target: 5432, protocol: 'tcp',
	}]);
	t.deepEqual(db?.mounts, [
		{
			kind: 'volume', volume: 'dbdata', target: '/var/lib/postgresql/data', readOnly: false,
		},
		{
			kind: 'bind', source: path.join(fixture('shop'), 'init'), target: '/docker-entrypoint-initdb.d', readOnly: true,
		},
	]);
	t.deepEqual(db?.healthCheck, {
		command: ['/bin/sh', '-c', 'pg_isready -U ${POSTGRES_USER} -d ${POSTGRES_DB}'],
		intervalMilliseconds: 5000, timeoutMilliseconds: 3000, startPeriodMilliseconds: 90_000, retries: 10,
	});
	t.deepEqual(db?.otherKeys.toSorted(), ['logging', 'secrets', 'shm_size']);
	t.deepEqual(hostFile(db!, '/run/secrets/db_password'), {path: path.join(fixture('shop'), 'secrets/db_password.txt')});
	t.deepEqual(hostFile(db!, '/docker-entrypoint-initdb.d/one.sql'), {path: path.join(fixture('shop'), 'init/one.sql')});
	t.is(hostFile(db!, '/var/lib/postgresql/data/PG_VERSION'), undefined);

	t.deepEqual(cache?.command, ['redis-server', '--appendonly', 'yes', '--requirepass', 'from-dot-env']);
	t.deepEqual(cache?.writtenCommand, ['redis-server', '--appendonly', 'yes', '--requirepass', '${CACHE_PASSWORD}']);
	t.is(cache?.stopGraceMilliseconds, 60_000);

	t.is(web?.build, './web');
	t.deepEqual(web?.entrypoint, ['/usr/bin/env', '--', 'NODE_ENV=in development']);
	t.deepEqual(web?.environment, {
		LOG_LEVEL: 'info', GREETING: 'Hello,\nworld', LITERAL: '$NOT_A_VARIABLE', URL: 'http://localhost:8080/#start', EMPTY: '', DATABASE_HOST: 'db',
	});
	t.deepEqual(web?.dependsOn, {
		db: {condition: 'service_healthy', required: true, restart: true},
		cache: {condition: 'service_started', required: true, restart: false},
	});
	t.deepEqual(web?.restart, {name: 'on-failure', maximumRetries: 3});
	t.is(web?.user, '1000:1000');
	t.is(web?.workingDirectory, '/app');
	t.deepEqual(web?.otherKeys, ['deploy.resources']);

	t.deepEqual(Object.keys(admin?.dependsOn ?? {}), ['db'], 'links imply a dependency');
	t.deepEqual(enabledServices(stack), ['db', 'cache', 'web']);
	t.deepEqual(enabledServices(stack, ['admin']), ['db', 'cache', 'web', 'admin']);

	t.deepEqual(stack.volumes, {
		dbdata: {name: 'dbdata', managed: true, external: false},
		cache: {
			name: 'cache', managed: false, external: false, unmanagedReason: 'x-coppice says so',
		},
		shared: {
			name: 'shared', managed: false, external: true, unmanagedReason: 'it is external',
		},
	});
});

test('what is set outside wins over .env and env_file', async t => {
	const stack = await read('shop', {
		DB_PORT: '6000', LOG_LEVEL: 'debug', CACHE_PASSWORD: 'outside', COMPOSE_PROFILES: 'tools,other',
	});
	t.is(stack.services.db?.ports[0]?.published, 6000);
	t.is(stack.services.web?.environment.LOG_LEVEL, 'debug');
	t.is(stack.services.cache?.command?.at(-1), 'outside');
	t.deepEqual(stack.activeProfiles, ['tools', 'other']);
	t.deepEqual(enabledServices(stack), ['db', 'cache', 'web', 'admin']);
});

test('an override file is merged by the rules of compose', async t => {
	const {services, composeFiles} = await read('override');
	const {app, db} = services;
	t.deepEqual(composeFiles.map(file => path.basename(file)), ['docker-compose.yml', 'docker-compose.override.yml']);
	t.deepEqual(app?.command, ['serve', '--debug'], 'a command is replaced');
	t.deepEqual(app?.entrypoint, ['/entry']);
	t.deepEqual(app?.environment, {A: '1', B: '3', C: '4'}, 'a list and a map of variables are merged');
	t.deepEqual(app?.ports.map(({published}) => published), [80, 81], 'ports are appended, the same one once');
	t.deepEqual(app?.mounts, [
		{
			kind: 'volume', volume: 'data', target: '/data', readOnly: false,
		},
		{
			kind: 'bind', source: path.join(fixture('override'), 'override-config'), target: '/etc/app', readOnly: true,
		},
	], 'a mount replaces the one with its target');
	t.is(app?.dependsOn.db?.condition, 'service_healthy');
	t.deepEqual(db?.healthCheck?.command, ['pg_isready', '-q']);
	t.is(db?.healthCheck?.intervalMilliseconds, 10_000);
	t.deepEqual(db?.ports.map(({published}) => published), [5433], '!override replaces');
	t.deepEqual(db?.environment, {POSTGRES_HOST_AUTH_METHOD: 'trust'}, '!reset takes away');
});

test('extends takes over a service of this file and of others, with paths relative to theirs', async t => {
	const {services} = await read('extends');
	t.deepEqual(services.db?.environment, {TZ: 'Europe/Berlin', POSTGRES_PASSWORD: 'x'});
	t.deepEqual(services.db?.ports, [{target: 5432, protocol: 'tcp'}]);
	const {worker} = services;
	t.is(worker?.image, 'debian:12');
	t.deepEqual(worker?.command, ['run', '--fast']);
	t.deepEqual(worker?.environment, {QUEUE: 'jobs'});
	t.deepEqual(worker?.mounts, [{
		kind: 'bind', source: path.join(fixture('extends'), 'common/scripts'), target: '/scripts', readOnly: true,
	}]);
});

test('include brings in a project with its own folder and .env', async t => {
	const {services, volumes} = await read('include');
	t.is(services.db?.image, 'postgres:14');
	t.deepEqual(services.db?.mounts.at(1), {
		kind: 'bind', source: path.join(fixture('include'), 'database/conf'), target: '/conf', readOnly: false,
	});
	t.deepEqual(Object.keys(services.web?.dependsOn ?? {}), ['db']);
	t.true(volumes.dbdata?.managed);
});

test('anchors, merge keys and plain values are read as go-yaml reads them', async t => {
	const {services: {one, two, three, four}} = await read('anchors');
	t.deepEqual(one?.restart, {name: 'always'});
	t.is(two?.image, 'redis:6', 'own keys win');
	t.deepEqual(two?.restart, {name: 'no'}, 'earlier maps win over later ones');
	t.is(two?.stopGraceMilliseconds, 60_000);
	t.deepEqual(three?.environment, {
		MODE: '420', LONG: '12345678901234567890', ON: 'on', RATIO: '1.5', FLAG: 'true',
	});
	t.is(four?.environment.MODE, 'other');
	t.is(four?.environment.LONG, '12345678901234567890');
});

test('a service that shares volumes mounts them too', async t => {
	const {services, volumes} = await read('mysql-blog');
	t.deepEqual(services.wordpress?.mounts, [{
		kind: 'volume', volume: 'mysql', target: '/var/lib/mysql', readOnly: true,
	}]);
	t.deepEqual(Object.keys(services.wordpress?.dependsOn ?? {}), ['mysql']);
	t.true(volumes.mysql?.managed);
});

test('every key that compose knows is accepted, and named where it is not modelled', async t => {
	const {services: {all}, volumes} = await read('kitchen-sink', {HOME: '/home/someone'});
	t.is(all?.stopSignal, 'SIGUSR1');
	t.deepEqual(all?.ports, [
		{target: 3000, protocol: 'tcp'},
		{target: 3000, protocol: 'tcp'},
		{target: 3001, protocol: 'tcp'},
		{target: 3002, protocol: 'tcp'},
		{published: 49_100, target: 22, protocol: 'tcp'},
		{
			published: 8000, publishedEnd: 8002, target: 80, protocol: 'tcp',
		},
		{published: 9090, target: 8080, protocol: 'tcp'},
		{published: 9091, target: 8081, protocol: 'tcp'},
		{
			address: '127.0.0.1', published: 8001, target: 8001, protocol: 'tcp',
		},
		{address: '127.0.0.1', target: 5000, protocol: 'tcp'},
		{published: 6060, target: 6060, protocol: 'udp'},
		{
			address: '::1', published: 7000, target: 7000, protocol: 'tcp',
		},
	]);
	t.deepEqual(all?.mounts.map(({kind, target}) => `${kind} ${target}`), [
		'anonymous /anonymous', 'bind /home-data', 'bind /host-log', 'volume /named', 'tmpfs /scratch', 'bind /here', 'volume /part', 'tmpfs /run',
	]);
	t.is(all?.mounts.find(mount => mount.target === '/home-data' && mount.kind === 'bind')?.kind, 'bind');
	t.like(all?.mounts[1], {source: '/home/someone/data'});
	t.deepEqual(all?.files, [{target: '/etc/settings', content: 'level=info'}]);
	for (const key of ['cap_add', 'networks', 'privileged', 'ulimits', 'configs', 'volumes[6].volume.subpath']) {
		t.true(all?.otherKeys.includes(key), `${key} is named`);
	}

	t.is(volumes.nfs?.unmanagedReason, 'its driver_opts say where its data are');
	t.is(volumes.plugin?.unmanagedReason, 'it uses the driver rexray');
});

test('x-coppice says how a service runs without an image', async t => {
	const stack = await readText(t, `
x-coppice: {runtime: process, pool: ./pool}
services:
  api:
    x-coppice:
      process: {command: node "my server.js", user: nobody, working_dir: ./api}
      database: postgres
`);
	t.is(stack.settings.pool, path.join(stack.projectFolder, 'pool'));
	t.deepEqual(stack.services.api?.settings, {
		process: {command: ['node', 'my server.js'], user: 'nobody', workingDirectory: path.join(stack.projectFolder, 'api')},
		database: 'postgres',
	});
});

test('health checks in all forms', async t => {
	const {services} = await readText(t, `
services:
  text: {image: a, healthcheck: {test: curl -f http://localhost, retries: "5"}}
  none: {image: a, healthcheck: {test: [NONE]}}
  disabled: {image: a, healthcheck: {disable: true}}
  inherited: {image: a, healthcheck: {interval: 1s}}
  plain: {image: a}
`);
	t.deepEqual(services.text?.healthCheck, {
		command: ['/bin/sh', '-c', 'curl -f http://localhost'], intervalMilliseconds: 30_000, timeoutMilliseconds: 30_000, startPeriodMilliseconds: 0, retries: 5,
	});
	for (const name of ['none', 'disabled', 'inherited', 'plain']) {
		t.is(services[name]?.healthCheck, undefined, `of ${name}`);
	}

	t.deepEqual(services.inherited?.otherKeys, ['healthcheck']);
});

test('a variable without value or default stands for nothing, and is told', async t => {
	const {services, notices} = await readText(t, 'services: {a: {image: "busybox:${TAG}", command: "echo ${TAG}"}}');
	t.is(services.a?.image, 'busybox:');
	t.deepEqual(notices, ['The variable TAG is not set; it stands for an empty text.']);
});

test('what a shell would have to do is told', async t => {
	const {services, notices} = await readText(t, 'services: {a: {image: busybox, command: "echo one && echo two"}}');
	t.deepEqual(services.a?.command, ['echo', 'one']);
	t.is(notices.length, 1);
	t.regex(notices[0]!, /services\.a\.command.*"&&"/v);
});

test('the project name comes from COMPOSE_PROJECT_NAME, then name:, then the folder', async t => {
	const folder = await makeProject(t, {'compose.yaml': 'name: ${STAGE:-written}\nservices: {a: {image: "x:${COMPOSE_PROJECT_NAME}"}}', '.env': 'STAGE=dotenv'});
	const [written, given] = await Promise.all([readStack({directory: folder, environment: {}}), readStack({directory: folder, environment: {COMPOSE_PROJECT_NAME: 'given'}})]);
	t.is(written.name, 'dotenv');
	t.is(written.services.a?.image, 'x:dotenv');
	t.is(given.name, 'given');
	const {name} = await readText(t, 'services: {a: {image: x}}');
	t.is(name, 'project');
	t.is(normaliseProjectName('_My App.2'), 'myapp2');
	await t.throwsAsync(readStack({directory: folder, environment: {COMPOSE_PROJECT_NAME: 'Not OK'}}), {message: /COMPOSE_PROJECT_NAME/v});
	await t.throwsAsync(readText(t, 'name: Not OK\nservices: {a: {image: x}}'), {message: /^compose\.yaml:1:7: name: "Not OK"/v});
});

test('several documents in one file override each other', async t => {
	const {services} = await readText(t, 'services: {a: {image: x, ports: ["1:1"]}}\n---\nservices: {a: {image: y}}');
	t.is(services.a?.image, 'y');
	t.is(services.a?.ports.length, 1);
});

test('secrets from the environment are files of a service', async t => {
	const {services} = await readText(t, `
services: {a: {image: x, secrets: [one, {source: one, target: /else}]}}
secrets: {one: {environment: ONE}}
`, {ONE: 'value'});
	t.deepEqual(services.a?.files, [{target: '/run/secrets/one', content: 'value'}, {target: '/else', content: 'value'}]);
});
