/**
Containers killed since their data are about to be changed: what `stop` may return on, and what goes wrong in the engine meanwhile.
*/
import process from 'node:process';
import test from 'ava';
import {isFirstProcess} from '../../../source/runtime/docker/dying-containers.ts';
import {CoppiceError} from '../../../source/system/errors.ts';
import {runCommand} from '../../../source/system/run-command.ts';
import {dockerMissing} from '../../fixtures/docker/engine.ts';
import {skipAloud} from '../../fixtures/skip-aloud.ts';
import {openEngineProxy, type Interference} from '../fixtures/engine-proxy.ts';
import {makeService} from '../fixtures/make-stack.ts';
import {openDockerStack} from '../fixtures/open-docker-stack.ts';
import {fieldOf, forever} from '../runtime-contract.ts';

const docker = async (...words: readonly string[]): Promise<string> => {
	const {stdout} = await runCommand(['docker', '--host', 'unix:///var/run/docker.sock', ...words]);
	return stdout;
};

type Look = {readonly id: string; readonly processId: number; readonly isRunning: boolean};

/** What the engine itself knows of a container now. */
const look = async (name: string): Promise<Look> => {
	const text = await docker('inspect', '-f', '{{.Id}} {{.State.Pid}} {{.State.Running}}', name);
	const [id = '', processId, isRunning] = text.split(' ', 3);
	return {id, processId: Number(processId), isRunning: isRunning === 'true'};
};

const isAlive = (processId: number): boolean => {
	try {
		process.kill(processId, 0);
		return true;
	} catch {
		return false;
	}
};

const isKill = /^POST \/containers\/[^\/]+\/kill/v;

const missing = await dockerMissing();
if (missing === undefined) {
	test('containers that are killed: dead when `stop` returns, down when anything else is asked, whatever the engine answers', async t => {
		const sleeper = {command: ['/bin/sh', '-c', forever], stopGraceMilliseconds: 1000, restart: {name: 'always'}} as const;
		const made = await openDockerStack(t, [makeService('many', sleeper), makeService('other', sleeper)], {many: {deploy: {replicas: 2}}});
		await made.runtime.start();
		const proxy = await openEngineProxy();
		t.teardown(async () => proxy.dispose());
		// A test file runs in a process of its own.
		process.env.DOCKER_HOST = proxy.url;
		const runtime = made.reopen();
		const names = ['many-1', 'many-2'].map(name => `${made.project.name}-${name}`);
		const lookAll = async (): Promise<readonly Look[]> => Promise.all(names.map(async name => look(name)));
		const interfere = (choose: (request: string, count: number) => Interference | undefined): void => {
			let count = 0;
			proxy.interfere = (method, url) => {
				const request = `${method} ${url}`;
				count += isKill.test(request) ? 1 : 0;
				return choose(request, count);
			};
		};

		// The engine tells late.
		await runtime.states();
		let before = await lookAll();
		t.true(before.every(({id, processId}) => isFirstProcess(processId, id)));
		t.false(isFirstProcess(process.pid, before[0]!.id));
		t.false(isFirstProcess(before[0]!.processId, before[1]!.id));
		let told = 0;
		interfere(request => {
			told += isKill.test(request) ? 1 : 0;
			return isKill.test(request) ? {answerAfter: 800} : undefined;
		});
		let isOver = false;
		const first = runtime.stop(['many'], {mode: 'now'});
		// Somebody else at the same time returns no sooner than it is true.
		await Promise.all([first, runtime.stop(['many'], {mode: 'now'})]);
		t.deepEqual(before.map(({processId}) => isAlive(processId)), [false, false]);
		t.is(told, 2, 'each is killed once');
		const states = runtime.states();
		void states.then(() => {
			isOver = true;
		});
		t.deepEqual(await runtime.otherUsers([]), []);
		t.false(isOver, 'what asks for states waits until they are down');
		t.deepEqual((await states).map(({status}) => status), ['stopped', 'running']);
		interfere(() => undefined);
		await runtime.resume(['many']);
		t.true((await lookAll()).every(({isRunning}) => isRunning));

		// Started anew since it was seen: the process that was seen is no proof.
		await runtime.states();
		await docker('restart', '-t', '0', ...names);
		before = await lookAll();
		interfere(request => isKill.test(request) ? {askAfter: 300} : undefined);
		await runtime.stop(['many'], {mode: 'now'});
		t.deepEqual(before.map(({processId}) => isAlive(processId)), [false, false]);
		interfere(() => undefined);
		await runtime.resume(['many']);

		// A kill that the engine refuses is told at once; what ran can be let run on.
		await runtime.states();
		before = await lookAll();
		interfere((request, count) => count === 1 && isKill.test(request) ? {status: 503} : undefined);
		const refused = await t.throwsAsync(runtime.stop(['many'], {mode: 'now'}), {instanceOf: CoppiceError});
		t.regex(refused.message, /could not stop services: .*so says the test/v);
		await runtime.resume(['many']);
		const now = await lookAll();
		t.true(now.every(({isRunning}) => isRunning), 'also the one that was killed');
		t.is(now.filter(({processId}) => before.some(each => each.processId === processId)).length, 1);

		// Dead, but the engine could not tell: it is asked again.
		await runtime.states();
		before = await lookAll();
		interfere((request, count) => count <= 2 && isKill.test(request) ? {answerAfter: 400, answer: 503} : undefined);
		await runtime.stop(['many'], {mode: 'now'});
		t.deepEqual(before.map(({processId}) => isAlive(processId)), [false, false]);
		await runtime.resume(['many']);
		t.true((await lookAll()).every(({isRunning}) => isRunning));

		// And where it goes on so, it is told in one sentence.
		await runtime.states();
		interfere(request => isKill.test(request) ? {answerAfter: 400, answer: 503} : undefined);
		await runtime.stop(['many'], {mode: 'now'});
		const failed = await t.throwsAsync(runtime.states(), {instanceOf: CoppiceError});
		t.regex(failed.message, /so says the test/v);
		interfere(() => undefined);

		// A command that was killed has killed them just before: another one starts them all the same.
		await runtime.resume(['many']);
		await Promise.all([docker('kill', ...names), made.reopen().resume(['many'])]);
		await made.reopen().resume(['many']);
		t.true((await lookAll()).every(({isRunning}) => isRunning));
		t.is(await fieldOf(runtime, 'other', 'restarts'), 0);
	});
} else {
	skipAloud('killing containers', missing);
}
