/**
A project as public ones are (eight services, five volumes, profiles, `build`, two compose files), from plain Docker into Coppice and back:
with plain `docker compose` before, in between and afterwards, on the same data.
*/
import fs from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {buildCli, coppice} from '../fixtures/built-cli.ts';
import {dockerMissing, makeDockerProject, type DockerProject} from '../fixtures/docker/engine.ts';
import {freePort} from '../fixtures/free-port.ts';
import {loopBtrfs, loopBtrfsMissing, type LoopBtrfs} from '../fixtures/loop-btrfs.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import type {AdoptionResult} from '../../source/actions/adopt.ts';
import type {CommitResult} from '../../source/actions/commit.ts';
import type {EjectResult} from '../../source/actions/eject.ts';
import type {InitResult} from '../../source/actions/init.ts';
import type {ResetResult} from '../../source/actions/reset.ts';
import type {ServiceReport} from '../../source/actions/services.ts';
import {runCommand} from '../../source/system/run-command.ts';

const fixture = path.resolve(import.meta.dirname, '../../fixtures/shop-compose');
const missing = await dockerMissing() ?? await loopBtrfsMissing();
const volumes = ['db-data', 'ledger-data', 'cache-data', 'sessions-data', 'uploads'];

const readFixture = async (): Promise<Record<string, string>> => {
	const entries = await fs.readdir(fixture, {recursive: true, withFileTypes: true});
	const files = entries.filter(entry => entry.isFile()).map(entry => path.join(entry.parentPath, entry.name));
	return Object.fromEntries(await Promise.all(files.map(async file => [path.relative(fixture, file), await fs.readFile(file, 'utf8')] as const)));
};

/** What the stack has to say of the data that a user put in. */
type Content = Readonly<Record<'db' | 'ledger' | 'cache' | 'sessions' | 'uploads', string>>;

if (missing === undefined) {
	let project: DockerProject;
	let disk: LoopBtrfs;

	test.before(async () => {
		await buildCli();
		disk = await loopBtrfs({sizeBytes: 4 * (2 ** 30)});
		const files = await readFixture();
		const ports = `DB_PORT=${await freePort()}\nLEDGER_PORT=${await freePort()}\nWEB_PORT=${await freePort()}\n`;
		project = await makeDockerProject({...files, '.env': `${files['.env']}${ports}`});
	});

	test.after.always(async () => {
		await project?.dispose();
		await disk?.dispose();
	});

	const run = async <Result>(...words: readonly string[]): Promise<Result> => {
		const result = await coppice([...words, '--json'], {
			cwd: project.folder, env: {COPPICE_HOME: path.join(disk.path, 'home'), NO_COLOR: '1'},
		});
		if (result.exitCode !== 0) {
			throw new Error(`coppice ${words.join(' ')} ended with ${result.exitCode}:\n${result.stderr}`);
		}

		return JSON.parse(result.stdout) as Result;
	};

	const ask = async (service: string, ...command: readonly string[]): Promise<string> => {
		const {stdout} = await project.compose('exec', '-T', service, ...command);
		return stdout.trim();
	};

	const inDb = async (sql: string): Promise<string> => ask('db', 'psql', '-U', 'shop', '-qAtc', sql);
	const inLedger = async (sql: string): Promise<string> => ask('ledger', 'mariadb', '-ubook', '-pkeeper', '-N', 'ledger', '-e', sql);

	const write = async (what: string): Promise<void> => {
		await inDb(`update goods set name = '${what}' where id = 1`);
		await inLedger(`create table if not exists entries (id int primary key, what text); replace into entries values (1, '${what}')`);
		await ask('cache', 'redis-cli', 'set', 'what', what);
		await ask('sessions', 'redis-cli', 'set', 'what', what);
		await ask('web', 'sh', '-c', `echo '${what}' > /srv/uploads/what.txt`);
	};

	const read = async (): Promise<Content> => {
		const [db, ledger, cache, sessions, uploads] = await Promise.all([
			inDb('select name from goods where id = 1'),
			inLedger('select what from entries'),
			ask('cache', 'redis-cli', 'get', 'what'),
			ask('sessions', 'redis-cli', 'get', 'what'),
			ask('web', 'cat', '/srv/uploads/what.txt'),
		]);
		return {
			db, ledger, cache, sessions, uploads,
		};
	};

	const everywhere = (what: string): Content => ({
		db: what, ledger: what, cache: what, sessions: what, uploads: what,
	});

	const plainUp = async (): Promise<void> => {
		await project.compose('--profile', 'tools', 'up', '--detach', '--wait', '--quiet-pull');
	};

	test.serial('plain Docker: the project as its users run it', async t => {
		t.timeout(180_000);
		await plainUp();
		await write('plain');
		t.deepEqual(await read(), everywhere('plain'));
	});

	test.serial('init says what it finds and leaves the volumes alone', async t => {
		t.timeout(60_000);
		const result = await run<InitResult>('init', '--runtime', 'docker', '--profile', 'tools', '--pool', path.join(disk.path, 'pool'), '--driver', 'btrfs');
		t.deepEqual(Object.fromEntries(result.services.map(({name, database}) => [name, database ?? 'none'])), {
			db: 'postgres', ledger: 'mysql', cache: 'redis', sessions: 'redis', web: 'none', worker: 'none', backup: 'none', mail: 'none',
		});
		t.deepEqual(result.volumes.map(({name}) => name).toSorted(), volumes.toSorted());
		t.true(result.volumes.every(({managed, adoptable}) => !managed && adoptable));
		t.deepEqual(result.anonymousVolumes, [{service: 'web', target: '/var/cache/web'}]);
		t.deepEqual(await read(), everywhere('plain'));
	});

	test.serial('adopting moves every volume, and the services run on with their data', async t => {
		t.timeout(180_000);
		const {adoption} = await run<{adoption: AdoptionResult}>('init', '--adopt');
		t.deepEqual(adoption.adopted.map(({volume}) => volume).toSorted(), volumes.toSorted());
		t.true(adoption.adopted.every(({treeHash, keptAs}) => treeHash !== undefined && keptAs !== undefined));
		t.deepEqual(await read(), everywhere('plain'));
		const services = await run<readonly ServiceReport[]>('ps');
		const ready = services.filter(service => service.ready).map(({name}) => name);
		t.deepEqual(ready.toSorted(), ['backup', 'cache', 'db', 'ledger', 'sessions', 'web', 'worker']);
	});

	test.serial('commit, break, reset: what was is there again, and others keep running', async t => {
		t.timeout(180_000);
		await run('up');
		await write('committed');
		const {commit, notices} = await run<CommitResult>('commit', '-m', 'Committed');
		t.deepEqual(Object.keys(commit.volumes).toSorted(), volumes.toSorted());
		// All databases were asked, the one with an image of its own too: only what is none could not be.
		t.true(notices.every(notice => /^(?:web|worker) /v.test(notice)), notices.join('\n'));
		const startedAt = async (service: string): Promise<string> => {
			const {stdout} = await runCommand(['docker', 'inspect', '--format', '{{.Id}} {{.State.StartedAt}}', `${project.name}-${service}-1`]);
			return stdout;
		};

		const [backup, db] = await Promise.all([startedAt('backup'), startedAt('db')]);
		await write('broken');
		await inDb('drop table goods');
		await ask('cache', 'redis-cli', 'flushall');
		const {restarted} = await run<ResetResult>('reset', commit.id);
		t.deepEqual(restarted.toSorted(), ['cache', 'db', 'ledger', 'sessions', 'web', 'worker']);
		t.deepEqual(await read(), everywhere('committed'));
		t.is(await startedAt('backup'), backup, 'what mounts no volume runs on');
		const after = await startedAt('db');
		t.is(after.split(' ', 1)[0], db.split(' ', 1)[0], 'the same container');
		t.not(after, db);
	});

	test.serial('plain docker compose works on the same data, down and up', async t => {
		t.timeout(180_000);
		await project.compose('--profile', 'tools', 'down');
		await plainUp();
		t.deepEqual(await read(), everywhere('committed'));
		await write('by compose');
		const {commit} = await run<CommitResult>('commit', '-m', 'After compose');
		await write('broken');
		await run('reset', commit.id);
		t.deepEqual(await read(), everywhere('by compose'));
	});

	test.serial('eject gives everything back to plain Docker', async t => {
		t.timeout(180_000);
		const ejected = await run<EjectResult>('eject');
		t.deepEqual(ejected.volumes.map(({volume}) => volume).toSorted(), volumes.toSorted());
		t.deepEqual(await read(), everywhere('by compose'));
		await project.compose('--profile', 'tools', 'down');
		await plainUp();
		t.deepEqual(await read(), everywhere('by compose'));
		for (const {engineVolume} of ejected.volumes) {
			const {stdout} = await runCommand(['docker', 'volume', 'inspect', '--format', '{{json .Options}} {{json .Labels}}', engineVolume]);
			t.notRegex(stdout, /coppice\.managed|"device"/v, engineVolume);
		}
	});
} else {
	skipAloud('a project of eight services, from plain Docker into Coppice and back', missing);
}
