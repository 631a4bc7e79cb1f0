/**
What is the docker runtime's own: volumes bound to the pool, replicas, ports, and what goes wrong in an engine.
*/
import net from 'node:net';
import {once} from 'node:events';
import {readFile, writeFile} from 'node:fs/promises';
import process from 'node:process';
import test from 'ava';
import {CoppiceError} from '../../../source/system/errors.ts';
import {runCommand, tryCommand} from '../../../source/system/run-command.ts';
import type {LogLine} from '../../../source/runtime/runtime.ts';
import {dockerMissing} from '../../fixtures/docker/engine.ts';
import {freePort} from '../../fixtures/free-port.ts';
import {skipAloud} from '../../fixtures/skip-aloud.ts';
import {makeService} from '../fixtures/make-stack.ts';
import {baseImage, openDockerStack} from '../fixtures/open-docker-stack.ts';
import {
	fieldOf,
	forever,
	stateOf,
	textsOf,
	until,
} from '../runtime-contract.ts';

const docker = async (...arguments_: readonly string[]): Promise<string> => {
	const {stdout} = await runCommand(['docker', ...arguments_]);
	return stdout;
};

const dataMount = [{
	kind: 'volume', volume: 'data', target: '/data', readOnly: false,
}] as const;

const sleeper = (script = forever): {command: readonly string[]; stopGraceMilliseconds: number} => ({command: ['/bin/sh', '-c', script], stopGraceMilliseconds: 1000});

const missing = await dockerMissing();
if (missing === undefined) {
	test('a managed volume is an ordinary one, bound to the pool; plain compose uses the same data', async t => {
		const {runtime, project, volumeFolder, context} = await openDockerStack(t, [makeService('a', {mounts: dataMount, ...sleeper(`echo one >>/data/file; ${forever}`)})]);
		await runtime.start();
		await until('it has written', async () => await readFile(`${volumeFolder('data')}/file`, 'utf8').catch(() => '') === 'one\n');
		const [volume] = JSON.parse(await docker('volume', 'inspect', `${project.name}_data`)) as [{Options: object; Labels: Record<string, string>}];
		t.deepEqual(volume.Options, {device: volumeFolder('data'), o: 'bind', type: 'none'});
		t.deepEqual(volume.Labels, {
			'com.docker.compose.project': project.name, 'com.docker.compose.volume': 'data', 'dev.coppice.managed': context.pool,
		});
		await runtime.down();
		const {stderr} = await project.compose('up', '--detach');
		t.notRegex(stderr, /not created by|warning/iv, 'compose takes it for its own');
		await until('it has written again', async () => await readFile(`${volumeFolder('data')}/file`, 'utf8') === 'one\none\n');
		t.is(await fieldOf(runtime, 'a', 'status'), 'running');
	});

	test('a volume of that name with data of its own is never replaced', async t => {
		const {runtime, project} = await openDockerStack(t, [makeService('a', {mounts: dataMount, ...sleeper()})]);
		const name = `${project.name}_data`;
		await docker('run', '--rm', '-v', `${name}:/data`, baseImage, 'sh', '-c', 'echo precious >/data/file');
		const error = await t.throwsAsync(runtime.start(), {instanceOf: CoppiceError});
		t.is(error.code, 'conflict');
		t.regex(error.hint ?? '', /coppice init --adopt/v);
		t.is(await docker('run', '--rm', '-v', `${name}:/data`, baseImage, 'cat', '/data/file'), 'precious');
		await docker('volume', 'rm', name);

		// One that stands for another folder is none of ours either.
		await docker('volume', 'create', '-o', 'type=none', '-o', 'o=bind', '-o', 'device=/tmp', '--label', 'dev.coppice.managed=/elsewhere', name);
		const other = await t.throwsAsync(runtime.start(), {instanceOf: CoppiceError});
		t.is(other.code, 'conflict');
		t.regex(other.message, /\/tmp/v);
		await docker('volume', 'rm', name);

		// But one of a pool that is gone holds nothing.
		await docker('volume', 'create', '-o', 'type=none', '-o', 'o=bind', '-o', `device=${project.folder}/gone`, '--label', 'dev.coppice.managed=/gone', name);
		await runtime.start();
		t.is(await fieldOf(runtime, 'a', 'status'), 'running');
	});

	test('a port that is taken: the error names the service and who holds it', async t => {
		const [one, two] = [await freePort(), await freePort()];
		const service = (name: string, port: number) => makeService(name, {
			ports: [{
				address: '127.0.0.1', published: port, target: 80, protocol: 'tcp',
			}], ...sleeper(),
		});
		const {runtime, project, stack} = await openDockerStack(t, [service('first', one), service('second', one), service('third', two)]);
		await runtime.start(['first']);
		const byContainer = await t.throwsAsync(runtime.start(['second']), {instanceOf: CoppiceError});
		t.is(byContainer.code, 'conflict');
		t.regex(byContainer.message, new RegExp(`Port ${one} .*container ${project.name}-first-1.*second`, 'v'));

		const server = net.createServer().listen(two, '127.0.0.1');
		await once(server, 'listening');
		t.teardown(() => server.close());
		const byProgram = await t.throwsAsync(runtime.start(['third']), {instanceOf: CoppiceError});
		t.is(byProgram.code, 'conflict');
		t.regex(byProgram.message, new RegExp(`Port ${two} .*process ${process.pid}.*third`, 'v'));
		const again = await t.throwsAsync(runtime.resume(['third']), {instanceOf: CoppiceError});
		t.is(again.code, 'conflict', 'a resume tells the same');
		t.is(stack.services.third?.ports[0]?.published, two);
	});

	test('an image that is nowhere, and one that can\'t be built, are told with their service', async t => {
		const {runtime, project} = await openDockerStack(t, [
			makeService('absent', {image: 'coppice-nowhere.invalid/absent:1', ...sleeper()}),
			makeService('broken', sleeper()),
		], {broken: {build: {context: '.'}, image: undefined}});
		await writeFile(`${project.folder}/Dockerfile`, `FROM ${baseImage}\nRUN echo no such luck >&2; exit 9\n`);
		const absent = await t.throwsAsync(runtime.start(['absent']), {instanceOf: CoppiceError});
		t.is(absent.code, 'precondition');
		t.regex(absent.message, /image/v);
		const broken = await t.throwsAsync(runtime.start(['broken']), {instanceOf: CoppiceError});
		t.regex(broken.message, /broken can't be built/v);
	});

	test('replicas: one service, stopped, started and paused together; killed ones don\'t come back', async t => {
		const {runtime, project} = await openDockerStack(t, [
			makeService('many', {mounts: dataMount, restart: {name: 'always'}, ...sleeper(`echo up; ${forever}`)}),
			makeService('one', {
				...sleeper(), ports: [{
					address: '127.0.0.1', target: 80, protocol: 'tcp',
				}],
			}),
		], {many: {deploy: {replicas: 2}}});
		const statesOf = async (): Promise<string[]> => {
			const text = await docker('ps', '-a', '--filter', `name=${project.name}-many`, '--format', '{{.State}}');
			return text.split('\n');
		};

		await runtime.start();
		t.deepEqual(await statesOf(), ['running', 'running']);
		const {ports, address = '', processId} = await stateOf(runtime, 'one');
		t.is(ports.length, 1);
		t.true(ports[0]!.published! > 0, 'the port that the engine chose');
		t.regex(address, /^\d+\.\d+\.\d+\.\d+$/v);
		t.true(processId! > 0);
		const digests = await runtime.imageDigests();
		const id = await docker('image', 'inspect', '-f', '{{.Id}}', baseImage);
		t.deepEqual(digests, {many: id, one: id});

		const freeze = await runtime.freeze(['many']);
		t.deepEqual(await statesOf(), ['paused', 'paused']);
		t.true((await freeze.thaw()).held);
		await runtime.stop(['many'], {mode: 'now'});
		// The engine may still be at it; whoever asks the runtime waits for that.
		t.is(await fieldOf(runtime, 'many', 'status'), 'stopped');
		t.deepEqual(await statesOf(), ['exited', 'exited']);

		const before = await docker('inspect', '-f', '{{.Id}}', `${project.name}-many-1`);
		await runtime.resume(['many']);
		t.deepEqual(await statesOf(), ['running', 'running']);
		t.is(await docker('inspect', '-f', '{{.Id}}', `${project.name}-many-1`), before, 'the same container');
		t.is((await textsOf(runtime, {services: ['many'], tail: 1})).length, 1);

		// A paused one can be stopped, and one that is gone is made anew.
		await docker('pause', `${project.name}-many-2`);
		await runtime.stop(['many'], {mode: 'now'});
		t.is(await fieldOf(runtime, 'many', 'status'), 'stopped');
		t.deepEqual(await statesOf(), ['exited', 'exited']);
		await docker('rm', `${project.name}-many-1`, `${project.name}-many-2`);
		await runtime.resume(['many', 'one']);
		t.deepEqual(await statesOf(), ['running', 'running']);
	});

	test('resume honours the conditions of dependencies, and tells which one failed', async t => {
		const healthCheck = {
			command: ['/bin/sh', '-c', 'test -e /tmp/ok'], intervalMilliseconds: 50, timeoutMilliseconds: 2000, startPeriodMilliseconds: 20_000, retries: 5,
		};
		const dependsOn = (name: string) => ({[name]: {condition: 'service_healthy', required: true, restart: false} as const});
		const {runtime} = await openDockerStack(t, [
			makeService('web', {mounts: dataMount, dependsOn: dependsOn('db'), ...sleeper(`date +%s%N >/data/web; ${forever}`)}),
			makeService('db', {
				mounts: dataMount, healthCheck, ...sleeper(`test -e /data/broken && exit 5; sleep 0.3; date +%s%N >/data/db; touch /tmp/ok; ${forever}`),
			}),
			makeService('apart', sleeper()),
		]);
		await runtime.start();
		await runtime.stop();
		await runtime.resume(['web', 'db']);
		t.deepEqual((await runtime.states()).map(state => state.status), ['running', 'running', 'stopped']);
		const times = await runtime.exec('web', ['/bin/sh', '-c', 'sleep 0.2; cat /data/db /data/web'], {stdio: 'pipe'});
		const [db, web] = times.stdout.trim().split('\n').map(Number);
		t.true(db! < web!, times.stdout);

		await runtime.exec('web', ['touch', '/data/broken'], {stdio: 'pipe'});
		await runtime.stop(undefined, {mode: 'now'});
		const error = await t.throwsAsync(runtime.resume(['web', 'db', 'apart']), {instanceOf: CoppiceError});
		t.regex(error.message, /db has ended \(exit code 5\)/v);
		t.deepEqual((await runtime.states()).map(state => state.status), ['stopped', 'failed', 'running']);
	});

	test('logs follow a container that is started again, one made later, and one with a terminal', async t => {
		const {runtime} = await openDockerStack(t, [
			makeService('first', sleeper(`echo "up"; ${forever}`)),
			makeService('terminal', sleeper(`echo "grün"; ${forever}`)),
		], {terminal: {tty: true}});
		await runtime.start(['first']);
		const controller = new AbortController();
		const lines: LogLine[] = [];
		const following = (async () => {
			for await (const line of runtime.logs({follow: true, signal: controller.signal})) {
				lines.push(line);
			}
		})();
		const count = (service: string): number => lines.filter(line => line.service === service).length;
		await until('the first line came', () => count('first') === 1);
		await runtime.stop(['first'], {mode: 'now'});
		await runtime.resume(['first']);
		await until('it was started again', () => count('first') === 2);
		await runtime.start(['terminal']);
		await until('the new one is heard', () => count('terminal') === 1);
		controller.abort();
		await following;
		t.deepEqual(lines.map(line => line.text), ['up', 'up', 'grün']);
		t.deepEqual(await textsOf(runtime, {}), ['up', 'up', 'grün']);
	});

	test('an engine that can\'t be had: one clear sentence', async t => {
		const {connectEngine, requireLocalEngine} = await import('../../../source/runtime/docker/engine.ts');
		const attempts = [
			[{DOCKER_HOST: 'unix:///nowhere/docker.sock'}, 'precondition', /no Docker engine at \/nowhere\/docker\.sock/v],
			[{DOCKER_HOST: `tcp://127.0.0.1:${await freePort()}`}, 'precondition', /is not running/v],
			[{DOCKER_HOST: 'gopher://engine'}, 'usage', /DOCKER_HOST/v],
			[{DOCKER_CONTEXT: 'there-is-none'}, 'precondition', /no Docker context "there-is-none"/v],
			[{DOCKER_HOST: `ssh://nobody@127.0.0.1:${await freePort()}`}, 'host', /over ssh/v],
		] as const;
		for (const [environment, code, message] of attempts) {
			const error = await t.throwsAsync(connectEngine({...process.env, DOCKER_HOST: '', ...environment}), {instanceOf: CoppiceError});
			t.is(error.code, code, error.message);
			t.regex(error.message, message);
		}

		const engine = await connectEngine();
		await t.notThrowsAsync(requireLocalEngine(engine));
		const remote = await t.throwsAsync(requireLocalEngine({...engine, location: {...engine.location, isLocal: false, url: 'ssh://staging'}}), {instanceOf: CoppiceError});
		t.regex(remote.message, /another machine than the pool/v);
		t.is((await tryCommand(['docker', 'version'], {env: engine.location.environment})).exitCode, 0);
	});
} else {
	skipAloud('the docker runtime', missing);
}
