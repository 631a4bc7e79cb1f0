/* eslint no-template-curly-in-string: 'off' -- Texts of compose files hold variables. */
import test from 'ava';
import {compareDefinitions, describeDefinition} from '../../source/stack/definition.ts';
import {hideSecrets} from '../../source/stack/hide-secrets.ts';
import {readStack} from '../../source/stack/read-stack.ts';
import {fixture, readText} from './project.ts';

test('a definition names what a stack is made of, and holds no value of the environment', async t => {
	const stack = await readStack({directory: fixture('shop'), environment: {CACHE_PASSWORD: 'hunter2'}});
	const definition = describeDefinition(stack, {db: 'sha256:abc'});
	t.deepEqual(definition.services.db, {
		image: 'postgres:16-alpine',
		imageDigest: 'sha256:abc',
		environmentNames: ['POSTGRES_DB', 'POSTGRES_PASSWORD_FILE', 'POSTGRES_USER'],
		ports: ['127.0.0.1:54321:5432'],
		mounts: ['dbdata:/var/lib/postgresql/data', './init:/docker-entrypoint-initdb.d:ro'],
		dependsOn: [],
	});
	t.deepEqual(definition.services.cache?.command, ['redis-server', '--appendonly', 'yes', '--requirepass', '${CACHE_PASSWORD}']);
	t.deepEqual(definition.volumes, ['dbdata', 'cache', 'shared']);
	const text = JSON.stringify(definition);
	for (const value of ['hunter2', 'from-dot-env', '/run/secrets', fixture('shop')]) {
		t.false(text.includes(value), `without ${value}`);
	}
});

test('secrets in commands are hidden', t => {
	const environment = {DB_PASSWORD: 'hunter2!', MODE: 'fast'};
	const cases: ReadonlyArray<readonly [readonly string[], readonly string[]]> = [
		[['redis-server', '--requirepass', 'abc'], ['redis-server', '--requirepass', '***']],
		[['redis-server', '--requirepass', '${PW}'], ['redis-server', '--requirepass', '${PW}']],
		[['mysqld', '--password=abc', '--mode=fast'], ['mysqld', '--password=***', '--mode=fast']],
		[['web', 'postgres://shop:abc@db/shop'], ['web', 'postgres://shop:***@db/shop']],
		[['web', 'postgres://shop:${PW}@db/shop'], ['web', 'postgres://shop:${PW}@db/shop']],
		[['sh', '-c', 'redis-server --requirepass abc --port 1'], ['sh', '-c', 'redis-server --requirepass *** --port 1']],
		[['web', 'x-hunter2!-y'], ['web', 'x-***-y']],
		[['postgres', '-c', 'fsync=off'], ['postgres', '-c', 'fsync=off']],
		[['web', 'API_TOKEN=abc'], ['web', 'API_TOKEN=***']],
	];
	for (const [words, expected] of cases) {
		t.deepEqual(hideSecrets(words, environment), expected);
	}
});

test('a definition is the same whatever order the file has names in', async t => {
	const one = await readText(t, 'services: {a: {image: x, environment: {B: "1", A: "2"}, depends_on: [c, b]}, b: {image: x}, c: {image: x}}');
	const other = await readText(t, 'services: {a: {image: x, environment: [A=3, B=4], depends_on: [b, c]}, b: {image: x}, c: {image: x}}');
	t.deepEqual(describeDefinition(one), describeDefinition(other));
});

test('what differs between two definitions', async t => {
	const from = describeDefinition(await readText(t, `
services:
  db: {image: "postgres:15", environment: {A: "1"}, ports: ["5432"], volumes: ["data:/data"]}
  old: {image: "busybox"}
volumes: {data: , gone: }
`), {db: 'sha256:1'});
	const to = describeDefinition(await readText(t, `
services:
  db: {image: "postgres:16", environment: {A: "2", B: "1"}, command: [postgres, -c, "fsync=off now"], volumes: ["data:/data"]}
  new: {build: .}
volumes: {data: , came: }
`), {db: 'sha256:2'});
	t.deepEqual(compareDefinitions(from, to), [
		{key: 'services.db.image', from: 'postgres:15', to: 'postgres:16'},
		{key: 'services.db.imageDigest', from: 'sha256:1', to: 'sha256:2'},
		{key: 'services.db.environment', from: 'A', to: 'A, B'},
		{key: 'services.db.ports', from: '5432'},
		{key: 'services.db.command', to: 'postgres -c \'fsync=off now\''},
		{key: 'services.new', to: 'defined'},
		{key: 'services.old', from: 'busybox'},
		{key: 'volumes.came', to: 'defined'},
		{key: 'volumes.gone', from: 'defined'},
	].toSorted((a, b) => ['services.db', 'services.new', 'services.old', 'volumes'].findIndex(start => a.key.startsWith(start)) - ['services.db', 'services.new', 'services.old', 'volumes'].findIndex(start => b.key.startsWith(start))));
	t.deepEqual(compareDefinitions(from, from), []);
});
