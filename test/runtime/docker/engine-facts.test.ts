/**
What is gathered of the engine of this machine, and what `doctor` says of it: with the engine there, at a socket that is not there, and as a user
who may not talk to it.
*/
import {
	chmod,
	mkdir,
	mkdtemp,
	rm,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {execa} from 'execa';
import type {Check} from '../../../source/actions/doctor.ts';
import {gatherEngineFacts} from '../../../source/runtime/docker/engine-facts.ts';
import {findTroubles} from '../../../source/runtime/docker/trouble.ts';
import {runCommand} from '../../../source/system/run-command.ts';
import {
	buildCli,
	cliEnvironment,
	cliPath,
	coppice,
} from '../../fixtures/built-cli.ts';
import {dockerMissing, makeDockerProject} from '../../fixtures/docker/engine.ts';
import {skipAloud} from '../../fixtures/skip-aloud.ts';

const noDocker = await dockerMissing();
const withEngine = (title: string, body: (t: ExecutionContext) => Promise<void>): void => {
	if (noDocker === undefined) {
		test.serial(title, body);
	} else {
		skipAloud(title, noDocker);
	}
};

const asked = {isNeeded: true, unadopted: []};
const socket = '/var/run/docker.sock';
const defaults = {...process.env, DOCKER_HOST: undefined, DOCKER_CONTEXT: undefined};

const engineCheck = (stdout: string): Check | undefined => (JSON.parse(stdout) as Check[]).find(({name}) => name === 'docker engine');

withEngine('the engine of this machine: its facts are there, and nothing is wrong with it', async t => {
	const facts = await gatherEngineFacts(asked, defaults);
	t.is(facts.failure, undefined);
	t.true(facts.hasClient);
	t.is(facts.location?.socket, socket);
	t.is(facts.info?.KernelVersion, facts.kernel);
	t.truthy(facts.info?.DockerRootDir);
	t.true(Array.isArray(facts.info?.SecurityOptions));
	t.regex(facts.version?.ApiVersion ?? '', /^1\.\d+$/v);
	t.true(facts.compose !== undefined && facts.compose.major >= 1);
	t.deepEqual(findTroubles({...facts, boundVolumes: [], paused: []}).filter(({result}) => result === 'failed'), []);
});

withEngine('a paused container on a volume of a pool, and a volume whose folder is gone', async t => {
	const project = await makeDockerProject({});
	t.teardown(async () => project.dispose());
	const folder = path.join(path.dirname(project.folder), 'current');
	await mkdir(folder);
	const volume = `${project.name}_data`;
	const container = `${project.name}-db-1`;
	const label = `com.docker.compose.project=${project.name}`;
	await runCommand([
		'docker', 'volume', 'create', '--label', label, '--label', `dev.coppice.managed=${folder}`, '--opt', 'type=none', '--opt', 'o=bind', '--opt', `device=${folder}`, volume,
	]);
	await runCommand(['docker', 'run', '--detach', '--name', container, '--label', label, '--volume', `${volume}:/data`, 'busybox:1.35', 'sleep', '600']);

	const here = await gatherEngineFacts(asked, defaults);
	t.false(here.paused.includes(container));
	t.like(here.boundVolumes.find(({name}) => name === volume), {pool: folder, folder, isThere: true});

	await runCommand(['docker', 'pause', container]);
	const paused = await gatherEngineFacts(asked, defaults);
	t.true(paused.paused.includes(container));
	const hint = findTroubles({...paused, paused: [container]}).find(({name}) => name === 'docker containers')?.hint ?? '';
	const [command = ''] = /docker unpause [^`]+/v.exec(hint) ?? [];
	await runCommand(command.split(' '));
	t.false((await gatherEngineFacts(asked, defaults)).paused.includes(container), 'the step that was told helps');

	await runCommand(['docker', 'rm', '--force', container]);
	await rm(folder, {recursive: true});
	const gone = await gatherEngineFacts(asked, defaults);
	t.like(gone.boundVolumes.find(({name}) => name === volume), {folder, isThere: false});
	t.true(findTroubles(gone).some(({name, result, message}) => name === 'docker volumes' && result === 'failed' && message.includes(volume)));
});

test.serial('a socket that is not there', async t => {
	const missing = path.join(os.tmpdir(), `coppice-no-engine-${process.pid}.sock`);
	const {stdout} = await coppice(['doctor', '--json'], {cwd: os.tmpdir(), env: {DOCKER_HOST: `unix://${missing}`}});
	t.like(engineCheck(stdout), {result: 'warning', message: `no engine runs at unix://${missing}, where DOCKER_HOST says it is`});

	const facts = await gatherEngineFacts(asked, {...defaults, DOCKER_HOST: `unix://${missing}`});
	t.is(facts.failure?.systemCode, 'ENOENT');
	t.is(findTroubles(facts)[0]?.result, 'failed', 'a stack needs it');
});

test.serial('a context that is not there, and an address that is none', async t => {
	const context = await coppice(['doctor', '--json'], {cwd: os.tmpdir(), env: {DOCKER_HOST: undefined, DOCKER_CONTEXT: 'coppice-nowhere'}});
	t.true(engineCheck(context.stdout)?.message.includes('coppice-nowhere'), `it said: ${context.stdout}`);
	const address = await coppice(['doctor', '--json'], {cwd: os.tmpdir(), env: {DOCKER_HOST: 'carrier-pigeon://coop'}});
	t.true(engineCheck(address.stdout)?.message.includes('carrier-pigeon://coop'), `it said: ${address.stdout}`);
});

withEngine('a user who may not talk to the engine', async t => {
	await buildCli();
	const home = await mkdtemp(path.join(os.tmpdir(), 'coppice-nobody-'));
	t.teardown(async () => rm(home, {recursive: true, force: true}));
	await chmod(home, 0o777);
	const {stdout, stderr} = await execa('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, cliPath, 'doctor', '--json'], {
		cwd: home,
		reject: false,
		extendEnv: false,
		env: cliEnvironment({
			HOME: home, COPPICE_HOME: path.join(home, 'home'), DOCKER_HOST: undefined, DOCKER_CONTEXT: undefined, DOCKER_CONFIG: home, NODE_COMPILE_CACHE: home,
		}),
	});
	const check = engineCheck(stdout);
	t.is(check?.message, `nobody may not talk to the engine at unix://${socket}`, `it said: ${stderr}`);
	t.regex(check?.hint ?? '', /sudo/v);
});
