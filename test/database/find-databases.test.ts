/**
Which service of a stack is the server of data that lie in a volume. The data are marked as each engine marks its own; that real data are
recognised is in the contract suite.
*/
import {
	mkdir,
	mkdtemp,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {databaseVolume} from '../../source/database/recognise-database.ts';
import {findDatabases} from '../../source/database/find-databases.ts';
import type {Mount, Service, Stack} from '../../source/stack/stack.ts';
import {makeService} from './service.ts';

const marks = {
	postgres: ['PG_VERSION', 'global/pg_control', 'base/1/PG_VERSION'],
	mysql: ['ibdata1', 'mysql/db.MAD'],
	redis: ['appendonlydir/appendonly.aof.manifest'],
	snapshots: ['dump.rdb'],
	mongo: ['WiredTiger', 'WiredTiger.wt', 'storage.bson'],
} as const;

type Content = Readonly<Record<string, keyof typeof marks>>;

type Project = {
	readonly services: Readonly<Record<string, Partial<Service>>>;

	/** Where each volume or folder of the host holds what: `data/18/docker`. */
	readonly content: Content;
};

const volume = (name: string, target: string, readOnly = false): Mount => ({
	kind: 'volume', volume: name, target, readOnly,
});

const build = {build: '.'};
const secret = {POSTGRES_PASSWORD: 'pw'};
const portOf = (target: number): Pick<Service, 'ports'> => ({ports: [{target, protocol: 'tcp'}]});

const find = async (t: ExecutionContext, {services, content}: Project) => {
	const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-find-'));
	t.teardown(async () => rm(root, {recursive: true}));
	for (const [place, engine] of Object.entries(content)) {
		for (const mark of marks[engine]) {
			const file = path.join(root, place, mark);
			await mkdir(path.dirname(file), {recursive: true});
			await writeFile(file, '');
		}
	}

	const placed = Object.entries(services).map(([name, given]): [string, Service] => {
		const mounts = (given.mounts ?? []).map(mount => mount.kind === 'bind' ? {...mount, source: path.join(root, mount.source)} : mount);
		return [name, makeService({name, ...given, mounts})];
	});
	const stack: Stack = {
		name: 'shop', projectFolder: root, composeFiles: [], services: Object.fromEntries(placed), volumes: {}, settings: {}, notices: [],
	};
	const {databases, notices} = await findDatabases(stack, name => path.join(root, name));
	const found = Object.fromEntries([...databases].map(([name, database]) => {
		const place = databaseVolume(database, stack.services[name]!);
		const where = place === undefined ? 'no volume' : `${place.volume}:${place.folder}`;
		return [name, `${database.name} in ${where}${database.isCertain === false ? '?' : ''}`];
	}));
	return {found, notices};
};

const cases: ReadonlyArray<readonly [title: string, project: Project, found: Readonly<Record<string, string>>, notices: number]> = [
	['an image of one\'s own, with the engine\'s variables', {
		services: {db: {...build, environment: secret, mounts: [volume('data', '/srv/pg')]}}, content: {data: 'postgres'},
	}, {db: 'postgres in data:'}, 0],
	['and with nothing but its data: it may be', {
		services: {db: {...build, mounts: [volume('data', '/srv/pg')]}}, content: {data: 'postgres'},
	}, {db: 'postgres in data:?'}, 0],
	['its port shows it', {services: {db: {...build, ...portOf(3306), mounts: [volume('data', '/db')]}}, content: {'data/data': 'mysql'}}, {db: 'mysql in data:data'}, 0],
	['its port of its own shows it', {
		services: {
			db: {
				...build, ...portOf(7000), command: ['redis-server', '--port', '7000'], mounts: [volume('data', '/d')],
			},
		}, content: {data: 'snapshots'},
	}, {db: 'redis in data:'}, 0],
	['its command shows it', {services: {db: {image: 'shop/store', command: ['sh', '-c', 'exec mongod --bind_ip_all'], mounts: [volume('data', '/data/db')]}}, content: {data: 'mongo'}}, {db: 'mongo in data:'}, 0],
	['its health check shows it', {
		services: {
			db: {
				...build, mounts: [volume('data', '/x')], healthCheck: {
					command: ['/bin/sh', '-c', 'redis-cli ping | grep PONG'], intervalMilliseconds: 1, timeoutMilliseconds: 1, startPeriodMilliseconds: 0, retries: 1,
				},
			},
		},
		content: {data: 'redis'},
	}, {db: 'redis in data:'}, 0],
	['data in the folder of PGDATA', {
		services: {db: {...build, environment: {...secret, PGDATA: '/srv/deep/down/cluster'}, mounts: [volume('data', '/srv')]}}, content: {'data/deep/down/cluster': 'postgres'},
	}, {db: 'postgres in data:deep/down/cluster'}, 0],
	['data in a folder of their version', {services: {db: {...build, ...portOf(5432), mounts: [volume('data', '/var/lib/pg')]}}, content: {'data/15/main': 'postgres'}}, {db: 'postgres in data:15/main'}, 0],
	['an image that is known, with its data at another place', {
		services: {db: {image: 'timescale/timescaledb-ha:pg16', mounts: [volume('data', '/home/postgres/pgdata')]}}, content: {'data/data': 'postgres'},
	}, {db: 'postgres in data:data'}, 0],
	['an image that is known decides, whatever the content', {services: {db: {image: 'redis', mounts: [volume('data', '/data')]}}, content: {data: 'postgres'}}, {db: 'redis in data:'}, 0],
	['another service that writes to the volume of a known server is none', {
		services: {db: {image: 'postgres:16', mounts: [volume('data', '/var/lib/postgresql/data')]}, tool: {...build, environment: secret, mounts: [volume('data', '/pg')]}}, content: {data: 'postgres'},
	}, {db: 'postgres in data:'}, 0],
	['one that only reads is none', {services: {tool: {...build, environment: secret, mounts: [volume('data', '/pg', true)]}}, content: {data: 'postgres'}}, {}, 0],
	['of two that write, the one with the port', {
		services: {tool: {...build, mounts: [volume('data', '/pg')]}, db: {...build, ...portOf(5432), mounts: [volume('data', '/pg')]}}, content: {data: 'postgres'},
	}, {db: 'postgres in data:'}, 0],
	['of two that write, none where neither shows it', {
		services: {tool: {...build, environment: secret, mounts: [volume('data', '/pg')]}, db: {...build, environment: secret, mounts: [volume('data', '/pg')]}}, content: {data: 'postgres'},
	}, {}, 2],
	['nor where both do', {
		services: {one: {...build, ...portOf(5432), mounts: [volume('data', '/pg')]}, two: {...build, ...portOf(5432), mounts: [volume('data', '/pg')]}}, content: {data: 'postgres'},
	}, {}, 2],
	['a backup beside its server is none', {
		services: {db: {image: 'postgres', mounts: [volume('data', '/var/lib/postgresql/data')]}, backup: {...build, environment: secret, mounts: [volume('backups', '/backups')]}},
		content: {data: 'postgres', 'backups/data': 'postgres'},
	}, {db: 'postgres in data:'}, 1],
	['servers carried inside an application are none', {
		services: {all: {image: 'gitlab/gitlab-ce', ...portOf(80), mounts: [volume('data', '/var/opt/gitlab')]}}, content: {'data/postgresql/data': 'postgres', 'data/redis': 'snapshots'},
	}, {}, 0],
	['two engines in one volume, and nothing that tells', {services: {all: {...build, mounts: [volume('data', '/data')]}}, content: {'data/data': 'postgres', 'data/db': 'mongo'}}, {}, 2],
	['a folder of the host, where the service shows it', {
		services: {
			db: {
				...build, ...portOf(5432), mounts: [{
					kind: 'bind', source: 'pg', target: '/pg', readOnly: false,
				}],
			},
		},
		content: {pg: 'postgres'},
	}, {db: 'postgres in no volume'}, 0],
	['a folder of the host with anything in it', {
		services: {
			web: {
				...build, mounts: [{
					kind: 'bind', source: 'project', target: '/app', readOnly: false,
				}],
			},
		},
		content: {project: 'snapshots'},
	}, {}, 0],
	['a volume with files of an application', {services: {web: {...build, mounts: [volume('uploads', '/uploads')]}}, content: {}}, {}, 0],
];

for (const [title, project, expected, notices] of cases) {
	test(title, async t => {
		const result = await find(t, project);
		t.deepEqual(result.found, expected);
		t.is(result.notices.length, notices, result.notices.join('\n'));
	});
}

test('a volume that this user may not look into, or that is not there, says nothing', async t => {
	const service = makeService({...build, mounts: [volume('data', '/pg')]});
	const stack: Stack = {
		name: 'shop', projectFolder: '/', composeFiles: [], services: {db: service}, volumes: {}, settings: {}, notices: [],
	};
	for (const answer of [undefined, '/nonexistent/folder', '/dev/null']) {
		const {databases, notices} = await findDatabases(stack, () => answer);
		t.is(databases.size + notices.length, 0);
	}
});
