/**
Databases that no port leads to, asked by the client in their containers: what `Database.inside` says of real servers.
*/
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import type {Database, Readiness, RunInside} from '../../source/database/database.ts';
import {mysql} from '../../source/database/mysql.ts';
import {postgres} from '../../source/database/postgres.ts';
import {redis} from '../../source/database/redis.ts';
import {tryCommand} from '../../source/system/run-command.ts';
import type {Service} from '../../source/stack/stack.ts';
import {dockerMissing, makeDockerProject, type DockerProject} from '../fixtures/docker/engine.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {makeService} from './service.ts';

const missing = await dockerMissing();
const password = 'it\'s "a secret" $HOME';

type Kit = {readonly database: Database; readonly service: Service; readonly wrong: Service};

const ofPostgres = {
	name: 'postgres', image: 'postgres:15', environment: {POSTGRES_PASSWORD: password, POSTGRES_USER: 'shop', POSTGRES_DB: 'goods'},
};
const ofMysql = {
	name: 'mysql', image: 'mariadb:10.11', environment: {
		MARIADB_ROOT_PASSWORD: password, MARIADB_USER: 'blog', MARIADB_PASSWORD: 'of the user', MARIADB_DATABASE: 'posts',
	},
};
const ofRedis = {name: 'redis', image: 'redis:7', command: ['redis-server', '--requirepass', password, '--port', '7000']};

const kits: readonly Kit[] = [
	{
		database: postgres,
		service: makeService(ofPostgres),
		// The official image trusts whoever connects from inside; so it is the database that is wrong.
		wrong: makeService({...ofPostgres, environment: {...ofPostgres.environment, POSTGRES_DB: 'nowhere'}}),
	},
	{
		database: mysql,
		service: makeService(ofMysql),
		wrong: makeService({...ofMysql, environment: {...ofMysql.environment, MARIADB_PASSWORD: 'another', MARIADB_ROOT_PASSWORD: 'another'}}),
	},
	{
		database: redis,
		service: makeService(ofRedis),
		wrong: makeService({...ofRedis, command: ['redis-server', '--requirepass', 'another', '--port', '7000']}),
	},
];

if (missing === undefined) {
	let project: DockerProject;

	test.before(async () => {
		const services = Object.fromEntries(kits.map(({service: {name, image, environment, command}}) => [name, {
			image, environment: Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, value.replaceAll('$', '$$$$')])), ...(command !== undefined && {command: command.map(word => word.replaceAll('$', '$$$$'))}),
		}]));
		project = await makeDockerProject({
			'compose.yaml': JSON.stringify({services: {...services, bare: {image: 'busybox:1.35', command: ['sleep', '600'], init: true}}}),
		});
		await project.compose('up', '--detach');
	});

	test.after.always(async () => {
		await project?.dispose();
	});

	/** What was run, to see that no secret is among the words. */
	const words: string[] = [];

	const inside = (service: string): RunInside => async (command, environment) => {
		words.push(...command);
		const {exitCode, stdout, stderr} = await tryCommand([
			'docker', 'exec', ...Object.keys(environment).flatMap(name => ['--env', name]), `${project.name}-${service}-1`, ...command,
		], {env: environment, timeout: 60_000});
		return {exitCode, stdout, stderr};
	};

	for (const {database, service, wrong} of kits) {
		const client = database.inside!;
		test(`${database.name}: asked by the client in its container`, async t => {
			t.timeout(120_000);
			const reasons = new Set<string>();
			let readiness: Readiness | undefined;
			for (let round = 0; round < 300 && readiness?.ready !== true; round++) {
				readiness = await client.probe(service, inside(service.name));
				if (readiness?.ready !== false) {
					continue;
				}

				reasons.add(readiness.kind ?? '');
				await delay(50);
			}

			t.deepEqual(readiness, {ready: true});
			t.true([...reasons].every(kind => kind === 'absent' || kind === 'starting'), [...reasons].join(', '));
			await t.notThrowsAsync(client.checkpoint(service, inside(service.name)));

			t.like(await client.probe(wrong, inside(service.name)), {ready: false, kind: database === postgres ? 'failed' : 'denied'});
			await t.throwsAsync(client.checkpoint(wrong, inside(service.name)), {name: 'CoppiceError'});
			t.false(words.some(word => word.includes('secret') || word.includes('of the user')));
		});

		test(`${database.name}: an image without its client can't be asked`, async t => {
			t.is(await client.probe(service, inside('bare')), undefined);
			await t.throwsAsync(client.checkpoint(service, inside('bare')), {name: 'CoppiceError'});
		});
	}

	test('redis: with snapshots only, a checkpoint is one that the server has written', async t => {
		t.timeout(60_000);
		const run = inside('redis');
		const saves = async (): Promise<string> => {
			const {stdout} = await run(['sh', '-c', 'ls dump.rdb; redis-cli -p 7000 info persistence | grep rdb_last_bgsave_status'], {REDISCLI_AUTH: password});
			return stdout;
		};

		for (let round = 0; round < 300 && (await redis.inside!.probe(makeService(ofRedis), run))?.ready !== true; round++) {
			await delay(50);
		}

		await redis.inside!.checkpoint(makeService(ofRedis), run);
		t.regex(await saves(), /dump\.rdb[\s\S]*rdb_last_bgsave_status:ok/v);
	});
} else {
	skipAloud('databases asked by the client in their containers', missing);
}
