/* eslint no-template-curly-in-string: 'off' -- Texts of compose files hold variables. */

/**
Projects read by the compose CLI: what holds for every version of it.
*/
import {
	mkdir,
	readdir,
	readFile,
	rm,
	stat,
	symlink,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import type {ExecutionContext, TestFn} from 'ava';
import {CoppiceError} from '../../source/system/errors.ts';
import {describeDefinition} from '../../source/stack/definition.ts';
import {readResolvedStack} from '../../source/stack/read-resolved-stack.ts';
import type {Stack} from '../../source/stack/stack.ts';
import {makeProject} from './project.ts';

export type ResolveFacts = {
	/** Compose 1 knows no `include` and no `name:`. */
	readonly isOld: boolean;
};

const files = (isOld: boolean): Readonly<Record<string, string>> => ({
	'compose.yaml': `
${isOld ? '' : 'name: shop\ninclude: [parts/queue.yaml]'}
x-coppice: {runtime: docker, pool: ../pool}
services:
  db:
    image: postgres:\${TAG:-15}
    x-coppice: {database: postgres}
    environment: {POSTGRES_PASSWORD: "\${PASSWORD}", LITERAL: "a$$b", FROM_OUTSIDE: }
    env_file: [db.env]
    command: postgres -c "shared_buffers=\${BUFFERS:-16MB}" x$$y
    ports: ["127.0.0.1:\${PORT:-5432}:5432"]
    volumes: ["data:/var/lib/postgresql/data", "/scratch", "./init:/docker-entrypoint-initdb.d:ro"]
    healthcheck: {test: "pg_isready -U $$POSTGRES_USER", interval: 1m30s, retries: 3}
    stop_grace_period: 1m
  web:
    extends: {file: base.yaml, service: base}
    build: {context: ./web, args: {TOKEN: "\${PASSWORD}", NODE: "24"}}
    depends_on: {db: {condition: service_healthy}}
    labels: ["app.users=\${PASSWORD}"]
  tools:
    image: busybox:1.35
    profiles: [extra]
    volumes: ["data:/data:ro", "named:/named"]
volumes:
  data: {}
  named: {name: elsewhere}
`,
	'compose.override.yaml': 'services:\n  web:\n    environment: {MODE: development}\n',
	'base.yaml': 'services:\n  base:\n    working_dir: /srv/app\n    tmpfs: [/tmp]\n',
	'parts/queue.yaml': 'services:\n  queue:\n    image: redis:7\n    volumes: ["./conf:/conf"]\n',
	'.env': 'PASSWORD=\'se$cret-of-the-env\'\n',
	'db.env': 'POSTGRES_USER=shop\n',
	'web/Dockerfile': 'FROM busybox:1.35\n',
});

/** Everything as outside, and nothing that the surroundings of the test may set. */
const outside = (more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string | undefined>> => ({...process.env, ...more});

export const resolveContract = (test: TestFn, title: string, {isOld}: ResolveFacts): void => {
	const make = async (t: ExecutionContext) => {
		const folder = await makeProject(t, files(isOld));
		const cacheFolder = path.join(path.dirname(folder), 'state/models');
		const read = async (more: Readonly<Record<string, string>> = {}): Promise<Stack> =>
			readResolvedStack({directory: folder, environment: outside(more), cacheFolder});
		const write = async (name: string, text: string): Promise<void> => writeFile(path.join(folder, name), text);
		return {
			folder, cacheFolder, read, write,
		};
	};

	test(`${title}: a project of many parts is read as compose reads it`, async t => {
		const {folder, read} = await make(t);
		const stack = await read({FROM_OUTSIDE: 'passed'});
		t.is(stack.name, isOld ? 'project' : 'shop');
		t.deepEqual(stack.composeFiles, ['compose.yaml', 'compose.override.yaml'].map(name => path.join(folder, name)));
		t.deepEqual(stack.settings, {runtime: 'docker', pool: path.join(folder, '../pool')});
		t.deepEqual(Object.keys(stack.services).toSorted(), isOld ? ['db', 'tools', 'web'] : ['db', 'queue', 'tools', 'web']);
		t.is(stack.activeProfiles, undefined);
		t.like(stack.volumes, {
			data: {managed: true, engineName: `${stack.name}_data`}, named: {managed: true, engineName: 'elsewhere'},
		});

		const {db, web, tools, queue} = stack.services;
		t.is(db?.image, 'postgres:15');
		t.deepEqual(db?.settings, {database: 'postgres'});
		t.deepEqual(db?.environment, {
			POSTGRES_PASSWORD: 'se$cret-of-the-env', LITERAL: 'a$b', FROM_OUTSIDE: 'passed', POSTGRES_USER: 'shop',
		});
		t.deepEqual(db?.command, ['postgres', '-c', 'shared_buffers=16MB', 'x$y']);
		t.deepEqual(db?.ports, [{
			address: '127.0.0.1', published: 5432, target: 5432, protocol: 'tcp',
		}]);
		t.deepEqual(db?.mounts.toSorted((a, b) => b.target.localeCompare(a.target)), [
			{
				kind: 'volume', volume: 'data', target: '/var/lib/postgresql/data', readOnly: false,
			},
			{kind: 'anonymous', target: '/scratch'},
			{
				kind: 'bind', source: path.join(folder, 'init'), target: '/docker-entrypoint-initdb.d', readOnly: true,
			},
		]);
		t.like(db?.healthCheck, {command: ['/bin/sh', '-c', 'pg_isready -U $POSTGRES_USER'], intervalMilliseconds: 90_000});
		t.is(db?.stopGraceMilliseconds, 60_000);
		t.is(web?.workingDirectory, '/srv/app');
		t.deepEqual(web?.environment, {MODE: 'development'});
		t.like(web?.dependsOn, {db: {condition: 'service_healthy'}});
		t.deepEqual(tools?.profiles, ['extra']);
		t.is(tools?.mounts.length, 2);
		t.deepEqual(queue?.mounts, isOld
			? undefined
			: [{
				kind: 'bind', source: path.join(folder, 'parts/conf'), target: '/conf', readOnly: false,
			}]);
	});

	test(`${title}: a commit of it holds no value of the environment`, async t => {
		const {folder, read} = await make(t);
		const definition = describeDefinition(await read());
		const text = JSON.stringify(definition);
		t.false(text.includes('cret-of-the-env'));
		t.false(text.includes(folder));
		t.deepEqual(definition.services.db?.environmentNames, ['LITERAL', 'POSTGRES_PASSWORD', 'POSTGRES_USER']);
		const {services} = definition.compose as {services: Record<string, {labels?: unknown; build?: unknown; environment?: unknown}>};
		t.deepEqual(services.web?.labels, {'app.users': '${PASSWORD}'});
		t.like(services.web?.build, {context: './web', args: {TOKEN: '${PASSWORD}', NODE: '24'}});
		t.is(services.db?.environment, undefined);
	});

	test(`${title}: what compose finds wrong is passed on in one sentence`, async t => {
		const {read, write} = await make(t);
		await read();
		await write('compose.override.yaml', 'services: {web: {depends_on: [nobody]}}');
		const error = await t.throwsAsync(read(), {instanceOf: CoppiceError, code: 'usage'});
		t.regex(error.message, /^Compose can't read this project: .*nobody/v);
		t.false(error.message.includes('\n'));
		t.false(error.message.includes('level='));
		t.true((error.hint ?? '').includes('config'));
	});

	test(`${title}: a variable that is not set is told once, from the cache too`, async t => {
		const {read, write} = await make(t);
		await write('compose.override.yaml', 'services: {web: {command: ["a", "${NOWHERE_SET}", "${NOWHERE_SET}"]}}');
		for (const stack of [await read(), await read()]) {
			t.is(stack.notices.filter(notice => notice.includes('NOWHERE_SET')).length, 1);
		}
	});

	if (isOld) {
		// The rest does not depend on the version, and this one is slow.
		return;
	}

	test(`${title}: what was resolved is used again, and only for its owner to read`, async t => {
		const {cacheFolder, read} = await make(t);
		await read();
		const [name = '', ...others] = await readdir(cacheFolder);
		t.deepEqual(others, []);
		const file = path.join(cacheFolder, name);
		const [folderStats, fileStats] = await Promise.all([stat(cacheFolder), stat(file)]);
		t.is(folderStats.mode % 0o1000, 0o700);
		t.is(fileStats.mode % 0o1000, 0o600);
		// What is kept is changed, so that its use shows.
		const text = await readFile(file, 'utf8');
		await writeFile(file, text.replaceAll('postgres:15', 'postgres:kept'));
		const again = await read();
		t.is(again.services.db?.image, 'postgres:kept');
		await writeFile(file, '{"format":');
		const damaged = await read();
		t.is(damaged.services.db?.image, 'postgres:15');
	});

	test(`${title}: whatever changes is seen at once`, async t => {
		const {folder, read, write} = await make(t);
		const before = await read();
		t.is(before.services.db?.image, 'postgres:15');
		const changes: ReadonlyArray<readonly [what: string, change: () => Promise<unknown>, seen: (stack: Stack) => unknown, expected: unknown]> = [
			['a variable in .env', async () => write('.env', 'PASSWORD=other\nTAG=16\n'), ({services}) => services.db?.image, 'postgres:16'],
			['a file of variables of a service', async () => write('db.env', 'POSTGRES_USER=me\n'), ({services}) => services.db?.environment.POSTGRES_USER, 'me'],
			['an extended file', async () => write('base.yaml', 'services: {base: {working_dir: /other}}'), ({services}) => services.web?.workingDirectory, '/other'],
			['an override', async () => write('compose.override.yaml', 'services: {web: {environment: {MODE: test}}}'), ({services}) => services.web?.environment.MODE, 'test'],
			['an override that is gone', async () => rm(path.join(folder, 'compose.override.yaml')), ({services}) => services.web?.environment.MODE, undefined],
			['an included file', async () => write('parts/queue.yaml', 'services: {queue: {image: "redis:${REDIS:-6}"}}'), ({services}) => services.queue?.image, 'redis:6'],
			['.env beside an included file, where there was none', async () => write('parts/.env', 'REDIS=5\n'), ({services}) => services.queue?.image, 'redis:5'],
		];
		for (const [what, change, seen, expected] of changes) {
			await change();
			t.is(seen(await read()), expected, what);
		}

		const outsideNow = await read({TAG: '17'});
		t.is(outsideNow.services.db?.image, 'postgres:17', 'a variable of the environment');
		const passed = await read({FROM_OUTSIDE: 'x'});
		t.is(passed.services.db?.environment.FROM_OUTSIDE, 'x', 'a variable that is only passed on');
		const back = await read();
		t.is(back.services.db?.image, 'postgres:16');
		const named = await read({COMPOSE_PROJECT_NAME: 'other'});
		t.is(named.volumes.data?.engineName, 'other_data', 'the project\'s name');
		const profiles = await read({COMPOSE_PROFILES: 'extra'});
		t.deepEqual(profiles.activeProfiles, ['extra']);
	});

	test(`${title}: a link that points elsewhere is seen`, async t => {
		const {folder, cacheFolder, read} = await make(t);
		await mkdir(path.join(folder, 'real'));
		await read();
		const [name = ''] = await readdir(cacheFolder);
		const before = await readFile(path.join(cacheFolder, name), 'utf8');
		await symlink('real', path.join(folder, 'init'));
		await read();
		t.not(await readFile(path.join(cacheFolder, name), 'utf8'), before);
	});
};
