/* eslint no-template-curly-in-string: 'off' -- Commands of services hold variables. */
import {
	mkdir,
	mkdtemp,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {parseImage} from '../../source/database/image-name.ts';
import {mongo} from '../../source/database/mongo.ts';
import {mysql} from '../../source/database/mysql.ts';
import {postgres} from '../../source/database/postgres.ts';
import {administrator} from '../../source/database/postgres-service.ts';
import {databaseVolume, databases, recogniseDatabase} from '../../source/database/recognise-database.ts';
import {redis} from '../../source/database/redis.ts';
import type {DatabaseName, Mount, Service} from '../../source/stack/stack.ts';
import {makeService} from './service.ts';

const images: Readonly<Record<string, string | undefined>> = {
	postgres: 'postgres',
	'postgres:16-alpine': 'postgres',
	'docker.io/library/postgres:16@sha256:0123': 'postgres',
	'postgis/postgis:16-3.4': 'postgres',
	'pgvector/pgvector:pg16': 'postgres',
	'timescale/timescaledb:latest-pg16': 'postgres',
	'bitnami/postgresql:16': 'postgres',
	'localhost:5000/postgres': 'postgres',
	'mariadb:11': 'mysql',
	'mysql:8.4': 'mysql',
	'percona/percona-server:8': 'mysql',
	'redis:7-alpine': 'redis',
	'valkey/valkey:8': 'redis',
	'redis/redis-stack': 'redis',
	'mongo:7': 'mongo',
	'mongodb/mongodb-community-server:7.0-ubi8': 'mongo',
	'prometheuscommunity/postgres-exporter': undefined,
	'prodrigestivill/postgres-backup-local': undefined,
	'mongo-express': undefined,
	'phpmyadmin/phpmyadmin': undefined,
	'nginx:postgres': undefined,
};

for (const [image, name] of Object.entries(images)) {
	test(`${image} is ${name ?? 'no database'}`, async t => {
		const database = await recogniseDatabase(makeService({image}));
		t.is(database?.name, name as typeof database extends undefined ? undefined : 'postgres');
		t.is(databases.filter(candidate => candidate.matchesService(makeService({image}))).length, name === undefined ? 0 : 1);
	});
}

test('x-coppice.database says more than the image, and content tells where neither does', async t => {
	t.is((await recogniseDatabase(makeService({image: 'postgres', settings: {database: 'redis'}})))?.name, 'redis');
	t.is((await recogniseDatabase(makeService({build: '.', settings: {database: 'mongo'}})))?.name, 'mongo');

	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-recognise-'));
	t.teardown(async () => rm(folder, {recursive: true}));
	t.is(await recogniseDatabase(makeService({build: '.'}), folder), undefined);
	await mkdir(path.join(folder, 'mysql'));
	await writeFile(path.join(folder, 'ibdata1'), '');
	t.is((await recogniseDatabase(makeService({build: '.'}), folder))?.name, 'mysql');
	t.is(await recogniseDatabase(makeService({build: '.'})), undefined);
});

test('a service that has the image for its client alone is no server', async t => {
	const cases: ReadonlyArray<readonly [given: Partial<Service>, name: DatabaseName | undefined]> = [
		[{image: 'postgres', command: ['pg_dump', '-U', 'postgres']}, undefined],
		[{image: 'postgres', entrypoint: ['/bin/sh', '-c'], command: ['while true; do pg_dump -U postgres shop > /b/dump.sql; sleep 86400; done']}, undefined],
		[{image: 'postgres', entrypoint: ['sh', '-c', 'psql -c "select 1"; exec docker-entrypoint.sh postgres']}, 'postgres'],
		[{image: 'postgres', command: ['-c', 'fsync=off']}, 'postgres'],
		[{image: 'postgres', entrypoint: ['/start.sh']}, 'postgres'],
		[{image: 'mongo', entrypoint: ['mongosh', '--eval', 'rs.initiate()']}, undefined],
		[{image: 'redis', command: ['sh', '-c', 'redis-server --daemonize yes; redis-cli ping']}, 'redis'],
		[{image: 'mariadb', command: ['--user', 'mysql']}, 'mysql'],
		[{image: 'mariadb', command: ['mariadb-dump', '--all-databases']}, undefined],
		[{image: 'postgres', command: ['pg_dump'], settings: {database: 'postgres'}}, 'postgres'],
	];
	for (const [given, name] of cases) {
		const database = await recogniseDatabase(makeService(given));
		t.is(database?.name ?? 'none', name ?? 'none', JSON.stringify(given));
	}
});

test('image references are taken apart', t => {
	t.deepEqual(parseImage('localhost:5000/team/App:1.2@sha256:ab'), {namespace: 'localhost:5000/team', name: 'app', tag: '1.2'});
	t.deepEqual(parseImage('postgres'), {namespace: '', name: 'postgres', tag: ''});
});

const volumeAt = (target: string): Mount => ({
	kind: 'volume', volume: 'data', target, readOnly: false,
});

test('where the data are, and in which volume', t => {
	const cases: ReadonlyArray<readonly [given: Partial<Service>, database: typeof postgres, target: string, volume: string | undefined]> = [
		[{image: 'postgres:16', mounts: [volumeAt('/var/lib/postgresql/data')]}, postgres, '/var/lib/postgresql/data', 'data:'],
		[{image: 'postgres:18', mounts: [volumeAt('/var/lib/postgresql')]}, postgres, '/var/lib/postgresql/18/docker', 'data:18/docker'],
		[{image: 'postgres', mounts: [volumeAt('/var/lib/postgresql/data')]}, postgres, '/var/lib/postgresql/data', 'data:'],
		[{image: 'postgres', mounts: [volumeAt('/var/lib/postgresql')]}, postgres, '/var/lib/postgresql/18/docker', 'data:18/docker'],
		[{image: 'postgres:16', environment: {PGDATA: '/var/lib/postgresql/data/pgdata'}, mounts: [volumeAt('/var/lib/postgresql/data')]}, postgres, '/var/lib/postgresql/data/pgdata', 'data:pgdata'],
		[{image: 'postgres:16', mounts: [volumeAt('/backup')]}, postgres, '/var/lib/postgresql/data', undefined],
		[{image: 'bitnami/postgresql:16', mounts: [volumeAt('/bitnami/postgresql')]}, postgres, '/bitnami/postgresql/data', 'data:data'],
		[{image: 'mariadb', mounts: [volumeAt('/var/lib/mysql')]}, mysql, '/var/lib/mysql', 'data:'],
		[{image: 'mariadb', command: ['--datadir=/db/data'], mounts: [volumeAt('/db')]}, mysql, '/db/data', 'data:data'],
		[{image: 'redis', mounts: [volumeAt('/data')]}, redis, '/data', 'data:'],
		[{image: 'mongo', mounts: [volumeAt('/data')]}, mongo, '/data/db', 'data:db'],
	];
	for (const [given, database, target, volume] of cases) {
		const service = makeService(given);
		t.is(database.dataTarget(service), target);
		const found = databaseVolume(database, service);
		t.is(found === undefined ? undefined : `${found.volume}:${found.folder}`, volume);
	}
});

test('credentials by the rules of the images', t => {
	const of = (database: typeof postgres, given: Partial<Service>) => database.credentials(makeService(given));
	t.deepEqual(of(postgres, {environment: {POSTGRES_PASSWORD: 'pw'}}), {user: 'postgres', database: 'postgres', password: 'pw'});
	t.deepEqual(of(postgres, {environment: {POSTGRES_USER: 'shop'}}), {user: 'shop', database: 'shop'});
	t.deepEqual(of(postgres, {image: 'bitnami/postgresql', environment: {POSTGRESQL_USERNAME: 'shop', POSTGRESQL_PASSWORD: 'pw'}}), {user: 'shop', database: 'postgres', password: 'pw'});
	t.deepEqual(of(mysql, {environment: {MYSQL_ROOT_PASSWORD: 'pw'}}), {user: 'root', database: 'mysql', password: 'pw'});
	t.deepEqual(of(mysql, {environment: {MYSQL_ROOT_PASSWORD: 'pw', MYSQL_DATABASE: 'shop'}}), {user: 'root', database: 'shop', password: 'pw'});
	t.deepEqual(of(mysql, {environment: {MYSQL_USER: 'u', MYSQL_PASSWORD: 'pw'}}), {user: 'u', database: '', password: 'pw'});
	t.deepEqual(of(mongo, {environment: {MONGO_INITDB_ROOT_USERNAME: 'root', MONGO_INITDB_ROOT_PASSWORD: 'pw'}}), {user: 'root', database: '', password: 'pw'});
	const bitnami = {POSTGRESQL_USERNAME: 'shop', POSTGRESQL_PASSWORD: 'pw', POSTGRESQL_DATABASE: 'goods'};
	t.is(administrator(makeService({image: 'bitnami/postgresql', environment: bitnami})).user, 'shop');
	t.deepEqual(administrator(makeService({image: 'bitnami/postgresql', environment: {...bitnami, POSTGRESQL_POSTGRES_PASSWORD: 'root'}})), {user: 'postgres', database: 'goods', password: 'root'});
	const passwords: ReadonlyArray<readonly [Partial<Service>, string | undefined]> = [
		[{}, undefined],
		[{command: ['redis-server', '--requirepass', 'pw']}, 'pw'],
		[{command: ['redis-server', '--requirepass=pw']}, 'pw'],
		[{command: ['sh', '-c', 'redis-server --requirepass "$PW" --save ""'], environment: {PW: 'pw'}}, 'pw'],
		[{command: ['sh', '-c', 'redis-server --requirepass ${PW}'], environment: {PW: 'pw'}}, 'pw'],
		[{environment: {REDIS_PASSWORD: 'pw'}}, 'pw'],
		[{environment: {REDIS_ARGS: '--requirepass pw'}}, 'pw'],
		[{environment: {REDISCLI_AUTH: 'pw'}}, 'pw'],
		[{command: ['sh', '-c', 'redis-server --requirepass "$(cat /run/secrets/redis)"'], files: [{target: '/run/secrets/redis', content: 'pw'}]}, 'pw'],
		[{command: ['sh', '-c', 'redis-server --requirepass $(cat $REDIS_FILE)'], environment: {REDIS_FILE: '/run/secrets/redis'}, files: [{target: '/run/secrets/redis', content: 'pw'}]}, 'pw'],
		[{command: ['redis-server', '/etc/redis.conf'], files: [{target: '/etc/redis.conf', content: '# requirepass no\nrequirepass "pw"\nport 1'}]}, 'pw'],
	];
	for (const [given, password] of passwords) {
		t.is(of(redis, given).password, password);
	}
});

test('ports that a server listens on inside its service', t => {
	const on = (database: typeof postgres, given: Partial<Service>) => database.listensOn(makeService(given));
	t.is(on(postgres, {}), 5432);
	t.is(on(postgres, {environment: {PGPORT: '5433'}}), 5433);
	t.is(on(postgres, {command: ['-c', 'fsync=on', '-p', '5434']}), 5434);
	t.is(on(postgres, {command: ['sh', '-c', 'mkdir -p /run/x && exec postgres']}), 5432);
	t.is(on(postgres, {image: 'bitnami/postgresql', environment: {POSTGRESQL_PORT_NUMBER: '5435'}}), 5435);
	t.is(on(mysql, {command: ['--port=3307']}), 3307);
	t.is(on(redis, {command: ['redis-server', '--port', '6380']}), 6380);
	t.is(on(redis, {command: ['redis-server', '--port', '0']}), 6379);
	t.is(on(mongo, {command: ['mongod', '--port', '27018']}), 27_018);
});

test('addresses for clients', t => {
	const endpoint = {host: '::1', port: 5433};
	const service = makeService({environment: {POSTGRES_USER: 'a b', POSTGRES_PASSWORD: 'p@ss/word', POSTGRES_DB: 'x'}});
	t.is(postgres.connectionString({service, endpoint}), 'postgresql://a%20b@[::1]:5433/x');
	t.is(postgres.connectionString({service, endpoint}, {password: true}), 'postgresql://a%20b:p%40ss%2Fword@[::1]:5433/x');
	t.is(mongo.connectionString({service: makeService(), endpoint: {host: 'localhost', port: 1}}), 'mongodb://localhost:1/');
	t.is(redis.connectionString({service: makeService({environment: {REDIS_PASSWORD: 'pw'}}), endpoint: {host: 'localhost', port: 1}}, {password: true}), 'redis://:pw@localhost:1/0');
});
