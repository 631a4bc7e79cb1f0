/**
Containers standing still for a snapshot: a freezer that is killed, freezes that overlap, and what people had paused themselves.
*/
import {spawn, type ChildProcess} from 'node:child_process';
import {mkdir, readdir, symlink} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {connectEngine} from '../../../source/runtime/docker/engine.ts';
import {CoppiceError} from '../../../source/system/errors.ts';
import {identify, readStat, withDescendants} from '../../../source/system/process-table.ts';
import {runCommand} from '../../../source/system/run-command.ts';
import {dockerMissing} from '../../fixtures/docker/engine.ts';
import {skipAloud} from '../../fixtures/skip-aloud.ts';
import {openEngineProxy} from '../fixtures/engine-proxy.ts';
import {makeService} from '../fixtures/make-stack.ts';
import {baseImage, openDockerStack, type OpenDockerStack} from '../fixtures/open-docker-stack.ts';
import {fieldOf, forever, until} from '../runtime-contract.ts';

const runtimeModule = path.join(import.meta.dirname, '../../../source/runtime/docker/docker-runtime.ts');

const docker = async (...arguments_: readonly string[]): Promise<string> => {
	const {stdout} = await runCommand(['docker', ...arguments_]);
	return stdout;
};

const mounts = [{
	kind: 'volume', volume: 'data', target: '/data', readOnly: false,
}] as const;

const open = async (t: ExecutionContext, names: readonly string[]): Promise<OpenDockerStack> => {
	const stack = await openDockerStack(t, names.map(name => makeService(name, {mounts, command: ['/bin/sh', '-c', forever], stopGraceMilliseconds: 1000})));
	await stack.runtime.start();
	return stack;
};

/** What it holds is let go on by its guard, when it is killed, or after the lease. */
const freezeInChild = (t: ExecutionContext, {stack, context}: OpenDockerStack, services: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess => {
	const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', `
import path from 'node:path';
import {createDockerRuntime} from ${JSON.stringify(runtimeModule)};
const runtime = createDockerRuntime(${JSON.stringify(stack)}, {
	volumePath: volume => path.join(${JSON.stringify(context.pool)}, volume, 'current/data'),
	runFolder: ${JSON.stringify(context.runFolder)},
	stateFolder: ${JSON.stringify(context.stateFolder)},
});
await runtime.freeze(${JSON.stringify(services)}, {leaseMilliseconds: 60_000});
console.log('frozen');
setInterval(() => {}, 1000);
`], {stdio: ['ignore', 'pipe', 'inherit'], env: {...process.env, ...env}});
	t.teardown(() => child.kill('SIGKILL'));
	return child;
};

const hears = async (child: ChildProcess): Promise<void> => new Promise(resolve => {
	child.stdout?.once('data', () => {
		resolve();
	});
});

const missing = await dockerMissing();
if (missing === undefined) {
	test('a freezer that is killed leaves nothing paused, at the end or at any moment of the freeze', async t => {
		const stack = await open(t, ['a', 'b']);
		const {runtime, context} = stack;
		const statuses = async (): Promise<string[]> => {
			const states = await runtime.states();
			return states.map(state => state.status);
		};

		const whole = freezeInChild(t, stack, ['a', 'b']);
		await hears(whole);
		t.deepEqual(await statuses(), ['paused', 'paused']);
		whole.kill('SIGKILL');
		await until('both run', async () => (await statuses()).every(status => status === 'running'));
		for (let round = 0; round < 3; round++) {
			const early = freezeInChild(t, stack, ['a', 'b']);
			await until('the first is paused', async () => (await statuses()).includes('paused'));
			early.kill('SIGKILL');
			await until('both run', async () => (await statuses()).every(status => status === 'running'));
		}

		const holds = path.join(context.runFolder, 'holds');
		await until('the guards have tidied up', async () => (await readdir(holds)).length === 0);

		// Its guard as well: then the next command does it.
		const last = freezeInChild(t, stack, ['a', 'b']);
		await hears(last);
		const [name = ''] = await readdir(holds);
		const guard = Number(name.split('.', 2)[1]);
		const identity = identify(guard);
		for (const processId of withDescendants([guard])) {
			try {
				process.kill(processId, 'SIGKILL');
			} catch {
				// It ended with the one before it.
			}
		}

		last.kill('SIGKILL');
		await until('the guard is gone', () => readStat(guard)?.startTime !== identity?.startTime || readStat(guard)?.state === 'Z');
		t.deepEqual(await statuses(), ['paused', 'paused']);
		await until('it is noticed', async () => (await stack.reopen().states()).every(state => state.status === 'running'));
		t.deepEqual(await readdir(holds), []);
	});

	test('the guard needs no docker; where it can\'t reach the engine the next command does its work', async t => {
		const stack = await open(t, ['a']);
		const {runtime, context} = stack;
		const bare = path.join(context.runFolder, 'bin');
		await mkdir(bare, {recursive: true});
		await Promise.all(['cat', 'mv', 'rm', 'timeout', 'tr'].map(async program => symlink(`/usr/bin/${program}`, path.join(bare, program))));
		const proxy = await openEngineProxy();
		t.teardown(async () => proxy.dispose());
		const env = {PATH: bare, DOCKER_HOST: proxy.url, NODE_OPTIONS: '--no-warnings'};

		const first = freezeInChild(t, stack, ['a'], env);
		await hears(first);
		t.is(await fieldOf(runtime, 'a', 'status'), 'paused');
		first.kill('SIGKILL');
		await until('it runs', async () => await fieldOf(runtime, 'a', 'status') === 'running');
		const holds = path.join(context.runFolder, 'holds');
		await until('its guard has tidied up', async () => (await readdir(holds)).length === 0);

		const second = freezeInChild(t, stack, ['a'], env);
		await hears(second);
		const [name = ''] = await readdir(holds);
		const guard = identify(Number(name.split('.', 2)[1]))!;
		proxy.interfere = method => method === 'POST' ? {status: 503} : undefined;
		second.kill('SIGKILL');
		await until('its guard has given up', () => identify(guard.processId)?.startTime !== guard.startTime);
		t.is(await docker('inspect', '-f', '{{.State.Status}}', `${stack.project.name}-a-1`), 'paused');
		t.is(await fieldOf(stack.reopen(), 'a', 'status'), 'running');
		t.deepEqual(await readdir(holds), []);
	});

	test('containers of another machine\'s engine are not frozen for data of this one', async t => {
		const {freezeContainers} = await import('../../../source/runtime/docker/freeze.ts');
		const engine = await connectEngine();
		const error = await t.throwsAsync(freezeContainers({
			engine: {...engine, location: {...engine.location, isLocal: false, url: 'ssh://staging'}},
			folder: '/nowhere',
			leaseMilliseconds: 1000,
			findWriters: async () => [],
		}), {instanceOf: CoppiceError});
		t.is(error.code, 'precondition');
	});

	test('what somebody had paused stays paused; what somebody lets go on, or starts anew, is told', async t => {
		const {runtime, project} = await open(t, ['mine', 'theirs']);
		await docker('pause', `${project.name}-theirs-1`);
		const freeze = await runtime.freeze(['mine', 'theirs']);
		t.is(await fieldOf(runtime, 'mine', 'status'), 'paused');
		t.true((await freeze.thaw()).held);
		t.deepEqual(await freeze.thaw(), await freeze.thaw(), 'a second thaw says the same');
		t.is(await fieldOf(runtime, 'mine', 'status'), 'running');
		t.is(await fieldOf(runtime, 'theirs', 'status'), 'paused');

		const released = await runtime.freeze(['mine', 'theirs']);
		await docker('unpause', `${project.name}-theirs-1`);
		t.false((await released.thaw()).held);

		const restarted = await runtime.freeze(['mine']);
		await docker('restart', '-t', '0', `${project.name}-mine-1`);
		await docker('pause', `${project.name}-mine-1`);
		t.false((await restarted.thaw()).held, 'paused again, but it had run');
		t.is(await fieldOf(runtime, 'mine', 'status'), 'running');
	});

	test('whatever else writes to the volumes stands still too, what only reads does not', async t => {
		const {runtime, project} = await open(t, ['one', 'two']);
		const start = async (name: string, mount: string): Promise<void> => {
			await docker('run', '--detach', '--name', `${project.name}-${name}`, '--label', `com.docker.compose.project=${project.name}`, '-v', mount, baseImage, 'sleep', '600');
		};

		const stateOf = async (name: string): Promise<string> => docker('inspect', '-f', '{{.State.Status}}', `${project.name}-${name}`);
		await start('writer', `${project.name}_data:/x`);
		await start('reader', `${project.name}_data:/x:ro`);
		const freeze = await runtime.freeze(['one']);
		t.is(await stateOf('writer'), 'paused');
		t.is(await stateOf('reader'), 'running');
		t.is(await fieldOf(runtime, 'two', 'status'), 'running');

		const other = await runtime.freeze(['one', 'two']);
		t.true((await freeze.thaw()).held);
		t.is(await stateOf('writer'), 'paused', 'the other freeze still holds it');
		t.is(await fieldOf(runtime, 'one', 'status'), 'paused');
		t.true((await other.thaw()).held);
		t.is(await stateOf('writer'), 'running');
		t.deepEqual((await runtime.states()).map(state => state.status), ['running', 'running']);

		t.deepEqual((await runtime.otherUsers(['data'])).toSorted(), [
			`the container ${project.name}-reader, which mounts data`,
			`the container ${project.name}-writer, which mounts data`,
		]);
		await docker('rm', '-f', `${project.name}-writer`, `${project.name}-reader`);
		t.deepEqual(await runtime.otherUsers(['data']), []);
	});
} else {
	skipAloud('freezing containers', missing);
}
