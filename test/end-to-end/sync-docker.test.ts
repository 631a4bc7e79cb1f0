/**
A stack on Docker (Postgres and Redis) goes between two machines, each with an engine and a pool of its own: cloned with its application, pulled and
pushed while its services run, and taken back on both sides.
*/
import {existsSync} from 'node:fs';
import {
	chmod,
	mkdir,
	readFile,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import type {CloneResult} from '../../source/actions/clone.ts';
import type {CommitResult} from '../../source/actions/commit.ts';
import type {PullResult} from '../../source/actions/pull.ts';
import type {PushResult} from '../../source/actions/push.ts';
import type {ServiceReport, UpResult} from '../../source/actions/services.ts';
import type {SwitchResult} from '../../source/actions/switch.ts';
import {runCommand} from '../../source/system/run-command.ts';
import {buildCli, coppice, type CliResult} from '../fixtures/built-cli.ts';
import {dockerMissing, makeDockerProject, type DockerProject} from '../fixtures/docker/engine.ts';
import {makeOtherMachine, type OtherMachine} from '../fixtures/docker/other-machine.ts';
import {loopBtrfs, loopBtrfsMissing, type LoopBtrfs} from '../fixtures/loop-btrfs.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {sshdObstacle} from '../fixtures/sshd.ts';

/** An image with a name of its own, one that is built, and a file that is mounted: none of them is where it is cloned to. */
const compose = (name: string): string => `
services:
  db:
    image: postgres:15
    environment:
      POSTGRES_PASSWORD: \${DB_PASSWORD}
    volumes: ["data:/var/lib/postgresql/data"]
  cache:
    image: ${name}-cache:1
    command: ["redis-server", "/etc/own.conf"]
    volumes:
      - cache:/data
      - ./settings/own.conf:/etc/own.conf:ro
    depends_on: {db: {condition: service_started}}
  worker:
    build: ./worker
    command: ["sleep", "600"]
    init: true
volumes:
  data: {}
  cache: {}
`;

/** What the repository of the application has beside the compose file. */
const writeApplication = async (folder: string): Promise<void> => {
	for (const [file, text] of Object.entries({'settings/own.conf': 'appendonly yes\nmaxclients 77\n', 'worker/Dockerfile': `FROM redis:7\nLABEL worker-in=${path.basename(folder)}\n`})) {
		await mkdir(path.dirname(path.join(folder, file)), {recursive: true});
		await writeFile(path.join(folder, file), text);
		await chmod(path.join(folder, file), 0o644);
	}
};

const missing = await dockerMissing() ?? await loopBtrfsMissing() ?? sshdObstacle();

if (missing === undefined) {
	let project: DockerProject;
	let disk: LoopBtrfs;
	let staging: OtherMachine;
	let there: readonly string[];
	let folderThere: string;

	const home = (): string => path.join(disk.path, 'home');
	const run = async (words: readonly string[], folder = project.folder): Promise<CliResult> => coppice(words, {
		cwd: folder, env: {COPPICE_HOME: home(), NO_COLOR: '1', ...staging.environment},
	});
	const json = async <Result>(words: readonly string[], folder?: string): Promise<Result> => {
		const {exitCode, stdout, stderr} = await run([...words, '--json'], folder);
		if (exitCode !== 0) {
			throw new Error(`coppice ${words.join(' ')} ended with ${exitCode}:\n${stderr}`);
		}

		return JSON.parse(stdout) as Result;
	};

	/** Runs a command in the container of a service, on this machine or on staging. */
	const inside = async (side: 'here' | 'there', service: string, ...command: readonly string[]): Promise<string> => {
		const words = ['exec', `${project.name}-${service}-1`, ...command];
		return side === 'there' ? staging.docker(...words) : (await runCommand(['docker', ...words])).stdout.trim();
	};

	const sql = async (side: 'here' | 'there', text: string): Promise<string> => inside(side, 'db', 'psql', '-U', 'postgres', '-qAtc', text);
	const sum = async (side: 'here' | 'there'): Promise<string> => sql(side, 'select sum(amount) from sales');
	const read = async (side: 'here' | 'there'): Promise<readonly string[]> => [await sum(side), await inside(side, 'cache', 'redis-cli', 'get', 'what')];
	const write = async (side: 'here' | 'there', amount: number, what: string): Promise<void> => {
		await sql(side, `insert into sales values (${amount})`);
		await inside(side, 'cache', 'redis-cli', 'set', 'what', what);
	};

	const commit = async (words: readonly string[], message: string): Promise<string> => (await json<CommitResult>([...words, 'commit', '-m', message])).commit.id;

	test.before(async () => {
		await buildCli();
		disk = await loopBtrfs({sizeBytes: 2 * (2 ** 30)});
		// Only its name: the folder is made by the clone.
		project = await makeDockerProject({});
		staging = await makeOtherMachine(['postgres:15', 'redis:7']);
		there = ['-H', 'staging', '--stack', project.name];
		folderThere = path.join(staging.folder, project.name);
		await mkdir(folderThere);
		await writeFile(path.join(folderThere, 'compose.yaml'), compose(project.name));
		await writeFile(path.join(folderThere, '.env'), 'DB_PASSWORD=secret-of-the-test\n');
		await writeApplication(folderThere);
		// One of its own, not another name of a shared one: what has the project's name in front is removed with the project.
		const cacheFolder = path.join(staging.folder, 'cache');
		await mkdir(cacheFolder);
		await writeFile(path.join(cacheFolder, 'Dockerfile'), `FROM redis:7\nLABEL cache-of=${project.name}\n`);
		await staging.docker('build', '--quiet', '--tag', `${project.name}-cache:1`, cacheFolder);
		await mkdir(path.join(home(), 'config'), {recursive: true});
		await writeFile(path.join(home(), 'config/config.json'), JSON.stringify({pool: path.join(disk.path, 'pool'), driver: 'btrfs'}));
		const parent = path.dirname(project.folder);
		await json(['host', 'add', 'staging', staging.address, '--engine', staging.engine], parent);
		await json(['-H', 'staging', '-C', folderThere, 'init', '--runtime', 'docker'], parent);
		await json([...there, 'up'], parent);
		await sql('there', 'create table sales as select i as amount from generate_series(1, 100) i');
		await inside('there', 'cache', 'redis-cli', 'set', 'what', 'first');
		await json([...there, 'commit', '-m', 'First'], parent);
		await write('there', 1000, 'second');
		await json([...there, 'commit', '-m', 'Second'], parent);
		await json([...there, 'branch', 'fix', 'HEAD~1'], parent);
	});

	test.after.always(async () => {
		await staging?.dispose();
		await project?.dispose();
		await disk?.dispose();
	});

	test.serial('clone brings the application, and names what is no part of it', async t => {
		t.timeout(120_000);
		const parent = path.dirname(project.folder);
		// What another project of the name has here, it could take for its own.
		await runCommand(['docker', 'volume', 'create', '--label', `com.docker.compose.project=${project.name}`, `${project.name}_data`]);
		const taken = await run(['clone', 'staging', project.name], parent);
		t.is(taken.exitCode, 5, taken.stderr);
		t.true(taken.stderr.includes(`docker volume rm ${project.name}_data`), taken.stderr);
		await runCommand(['docker', 'volume', 'rm', `${project.name}_data`]);

		const result = await run(['clone', 'staging', project.name, '--json'], parent);
		t.is(result.exitCode, 0, result.stderr);
		const cloned = JSON.parse(result.stdout) as CloneResult;
		t.is(cloned.init.runtime, 'docker');
		t.deepEqual(cloned.fetched.snapshots.map(({volume}) => volume).toSorted(), ['cache', 'data']);
		t.deepEqual(cloned.missingVariables, []);
		t.regex(await readFile(path.join(project.folder, '.env'), 'utf8'), /=secret-of-the-test$/mv);
		t.deepEqual(cloned.missingFiles, [
			{service: 'cache', file: './settings/own.conf', use: 'mounted'},
			{service: 'worker', file: './worker', use: 'built from'},
		]);
		const images = new Map(cloned.missingImages.map(({service, image, ways}) => [service, [image, ...ways].join('\n')]));
		t.deepEqual(images.keys().toArray().toSorted(), ['cache', 'worker']);
		t.true(images.get('cache')!.includes(`ssh -p ${staging.address.split(':', 2)[1]!} root@127.0.0.1 docker save ${project.name}-cache:1 | docker load`), images.get('cache'));
		t.true(images.get('worker')!.includes('docker compose build worker'), images.get('worker'));

		// The same again is not taken for another project's.
		const again = await run(['clone', 'staging', project.name], parent);
		t.is(again.exitCode, 5, again.stderr);
		t.regex(again.stderr, /coppice pull/v);
		await writeApplication(project.folder);
		const archive = path.join(disk.path, 'cache.tar');
		await staging.docker('save', '--output', archive, `${project.name}-cache:1`);
		await runCommand(['docker', 'load', '--input', archive]);
		const up = await json<UpResult>(['up']);
		t.true(up.services.every(service => service.ready));
		t.deepEqual(await read('here'), ['6050', 'second']);
		t.regex(await inside('here', 'cache', 'redis-cli', 'config', 'get', 'maxclients'), /77/v);
	});

	test.serial('a second home on the engine can\'t have a stack of the same name', async t => {
		const env = {COPPICE_HOME: path.join(disk.path, 'second/home'), NO_COLOR: '1', ...staging.environment};
		const second = async (...words: readonly string[]): Promise<CliResult> => coppice(words, {cwd: disk.path, env});
		t.is((await second('host', 'add', 'staging', staging.address, '--engine', staging.engine)).exitCode, 0);
		const refused = await second('clone', 'staging', project.name, '--pool', path.join(disk.path, 'second/pool'));
		t.is(refused.exitCode, 5, refused.stderr);
		t.regex(refused.stderr, /The Docker engine here has a project .* already, with its data in the pool/v);
		t.false(existsSync(path.join(disk.path, project.name)));
		t.false(existsSync(path.join(disk.path, 'second/pool/stacks', project.name)));
	});

	test.serial('pull moves the current branch and its running services', async t => {
		t.timeout(120_000);
		await write('there', 10, 'third');
		const made = await commit(there, 'Third');
		await write('here', 1, 'not committed');
		const pulled = await json<PullResult>(['pull']);
		t.like(pulled, {did: 'fast-forward', to: made, hadChanges: true});
		t.deepEqual(pulled.restarted.toSorted(), ['cache', 'db']);
		t.is(pulled.kept.length, 1);
		t.deepEqual(await read('here'), ['6060', 'third']);
		const services = await json<readonly ServiceReport[]>(['ps']);
		t.deepEqual(services.filter(({ready}) => !ready), []);
		await json(['undo']);
		t.deepEqual(await read('here'), ['6051', 'not committed']);
		await json(['pull']);
		t.deepEqual(await read('here'), ['6060', 'third']);
	});

	test.serial('a branch that only staging has is made here, and pushed back; what runs there stays', async t => {
		t.timeout(120_000);
		await json(['fetch']);
		const {upstream, created} = await json<SwitchResult>(['switch', 'fix']);
		t.deepEqual([upstream, created], [{host: 'staging', branch: 'fix'}, true]);
		t.deepEqual(await read('here'), ['5050', 'first']);
		await write('here', 5, 'fixed');
		const fixed = await commit([], 'Fixed');
		t.like(await json<PushResult>(['push']), {remoteBranch: 'fix', to: fixed, restarted: []});
		t.deepEqual(await read('there'), ['6060', 'third']);
	});

	test.serial('a push to what runs there needs --switch: a safety commit, the services restart, and undo takes it back', async t => {
		t.timeout(120_000);
		await json(['switch', 'main']);
		await write('here', 100, 'fourth');
		const fourth = await commit([], 'Fourth');
		await write('there', 2, 'theirs, not committed');
		const refused = await run(['push']);
		t.is(refused.exitCode, 5, refused.stderr);
		t.regex(refused.stderr, /--switch/v);
		t.deepEqual(await read('there'), ['6062', 'theirs, not committed']);

		const pushed = await json<PushResult>(['push', '--switch']);
		t.is(pushed.to, fourth);
		t.deepEqual(pushed.restarted.toSorted(), ['cache', 'db']);
		t.is(pushed.kept.length, 1);
		t.deepEqual(await read('there'), ['6160', 'fourth']);
		await json([...there, 'undo']);
		t.deepEqual(await read('there'), ['6062', 'theirs, not committed']);
		// What was pushed before is there to go to.
		await json([...there, 'switch', 'fix']);
		t.deepEqual(await read('there'), ['5055', 'fixed']);
	});
} else {
	skipAloud('a stack on Docker between two machines', missing);
}
