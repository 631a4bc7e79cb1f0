/**
The supervisor of the process runtime: outlived by its services, adopted from, asked by several commands, and gone without a trace.
*/
import {
	chmod,
	chown,
	readdir,
	readFile,
	rm,
	stat,
} from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {CoppiceError} from '../../../source/system/errors.ts';
import {isRoot} from '../../../source/system/run-command.ts';
import {isAlive, identify, readStat} from '../../../source/system/process-table.ts';
import {controlSocket, readState} from '../../../source/runtime/process/supervisor-state.ts';
import type {Service} from '../../../source/stack/stack.ts';
import {makeService} from '../fixtures/make-stack.ts';
import {openProcessStack} from '../fixtures/open-stack.ts';
import {childrenOf, commandLines} from '../fixtures/proc.ts';
import {
	collect,
	countLines,
	fieldOf,
	firstText,
	forever,
	needs,
	stateOf,
	textsOf,
	until,
} from '../runtime-contract.ts';

const script = (name: string, text: string, fields: Partial<Service> = {}): Service =>
	makeService(name, {...fields, settings: {process: {command: ['/bin/sh', '-c', text], ...fields.settings?.process}}});

const supervisorOf = (runFolder: string): number => {
	const state = readState(runFolder);
	if (state === undefined) {
		throw new Error('No supervisor has written its state.');
	}

	return state.supervisor.processId;
};

const isGone = (processId: number): boolean => !isAlive(identify(processId) ?? {processId, startTime: -1});

test('a killed supervisor leaves its services running, and the next start adopts them with their logs', async t => {
	const {runtime, reopen, context} = await openProcessStack(t, [
		script('tick', 'i=0; trap "exit 5" TERM; while :; do i=$((i+1)); echo "tick $i"; sleep 0.05; done'),
		script('other', forever),
	]);
	await runtime.start(['tick']);
	await until('it ticks', async () => await countLines(runtime, {}) > 2);
	const {processId} = await stateOf(runtime, 'tick');
	const supervisor = supervisorOf(context.runFolder);
	process.kill(supervisor, 'SIGKILL');
	await until('the supervisor is gone', () => isGone(supervisor));
	t.is(await fieldOf(runtime, 'tick', 'status'), 'running');
	await delay(300);
	t.is(await fieldOf(runtime, 'tick', 'processId'), processId);

	await reopen().start();
	t.is(await fieldOf(runtime, 'tick', 'processId'), processId, 'no second one was started');
	t.is(await fieldOf(runtime, 'other', 'status'), 'running');
	t.not(supervisorOf(context.runFolder), supervisor);

	await runtime.stop(['tick']);
	t.is(await fieldOf(runtime, 'tick', 'status'), 'stopped');
	t.true(isGone(processId!));
	const ticks = await textsOf(runtime, {services: ['tick']});
	t.deepEqual(ticks, ticks.map((_, index) => `tick ${index + 1}`), 'no line is missing and none is there twice');
});

test('a service that ended while nobody watched is started again, and what it left behind is ended first', async t => {
	const {runtime, context} = await openProcessStack(t, [script('parent', 'sleep 1000 & wait')]);
	await runtime.start();
	const {processId} = await stateOf(runtime, 'parent');
	await until('its child runs', () => childrenOf(processId!).length > 0);
	const [child = 0] = childrenOf(processId!);
	const supervisor = supervisorOf(context.runFolder);
	process.kill(supervisor, 'SIGKILL');
	await until('the supervisor is gone', () => isGone(supervisor));
	process.kill(processId!, 'SIGKILL');
	await until('the service is gone', async () => await fieldOf(runtime, 'parent', 'status') === 'failed');
	t.false(isGone(child));
	await runtime.start();
	t.true(isGone(child));
	t.is(await fieldOf(runtime, 'parent', 'status'), 'running');
	t.not(await fieldOf(runtime, 'parent', 'processId'), processId);
});

test('down after the supervisor was killed leaves no process and no run folder', async t => {
	const {runtime, context} = await openProcessStack(t, [script('one', forever)]);
	await runtime.start();
	const {processId} = await stateOf(runtime, 'one');
	process.kill(supervisorOf(context.runFolder), 'SIGKILL');
	await runtime.down();
	t.true(isGone(processId!));
	await t.throwsAsync(stat(context.runFolder), {code: 'ENOENT'});
});

test('a daemon that left its parent is ended with its service', async t => {
	const {runtime, root} = await openProcessStack(t, [
		script('one', `(setsid sh -c 'echo $$ >"$PIDFILE"; exec sleep 1000' &) ; ${forever}`, {
			environment: {PIDFILE: '/data/daemon'},
			mounts: [{
				kind: 'volume', volume: 'data', target: '/data', readOnly: false,
			}],
		}),
	]);
	await runtime.start();
	const file = path.join(root, 'volumes/data/data/daemon');
	await until('the daemon runs', async () => {
		const text = await readFile(file, 'utf8').catch(() => '');
		return text.endsWith('\n');
	});
	const daemon = Number(await readFile(file, 'utf8'));
	t.false(isGone(daemon));
	const freeze = await runtime.freeze(['one']);
	t.is(readStat(daemon)?.state, 'T', 'it stands still with its service');
	await freeze.thaw();
	await runtime.stop();
	t.true(isGone(daemon));
});

test('two commands at once get one supervisor and one process', async t => {
	const {reopen, runtime, context} = await openProcessStack(t, [script('one', 'echo begun; exec sleep 1000')]);
	await Promise.all([reopen().start(), reopen().start(), reopen().start()]);
	await until('it logs', async () => await countLines(runtime, {}) > 0);
	await delay(100);
	t.is(await countLines(runtime, {}), 1);
	// Those that came too late take a moment to go.
	await until('one is left', () => commandLines().filter(line => line.includes('supervise') && line.includes(context.runFolder)).length === 1);
});

test('a supervisor whose run folder was removed makes it again', async t => {
	const {runtime, context} = await openProcessStack(t, [script('one', forever)]);
	await runtime.start();
	const {processId} = await stateOf(runtime, 'one');
	await rm(context.runFolder, {recursive: true});
	await until('its state is there again', () => readState(context.runFolder) !== undefined);
	await runtime.start();
	t.is(await fieldOf(runtime, 'one', 'processId'), processId);
});

test('a supervisor of another version is replaced, and its services run on', async t => {
	const {runtime, context} = await openProcessStack(t, [script('one', forever)]);
	await runtime.start();
	const {processId} = await stateOf(runtime, 'one');
	const before = supervisorOf(context.runFolder);
	const ask = async (request: unknown): Promise<string> => {
		const socket = net.connect(controlSocket(context.runFolder));
		socket.write(`${JSON.stringify(request)}\n`);
		const chunks = await socket.setEncoding('utf8').toArray();
		return chunks.join('');
	};

	t.regex(await ask({version: 999, verb: 'start'}), /other-version/v);
	t.regex(await ask('nonsense'), /other-version/v);
	t.regex(await ask({version: 999, verb: 'leave'}), /done/v);
	await until('it is gone', () => isGone(before));
	t.is(await fieldOf(runtime, 'one', 'status'), 'running');
	await runtime.start();
	t.is(await fieldOf(runtime, 'one', 'processId'), processId);
});

test('the control socket is for its owner alone', async t => {
	const {runtime, context} = await openProcessStack(t, [script('one', forever)]);
	await runtime.start();
	const {mode} = await stat(controlSocket(context.runFolder));
	t.is(mode % 0o1000, 0o600);
});

test('a taken port is a conflict that names its holder, and leaves other services started', async t => {
	const server = net.createServer();
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	t.teardown(() => server.close());
	const {port} = server.address() as net.AddressInfo;
	const {runtime} = await openProcessStack(t, [
		script('web', forever, {ports: [{published: port, target: 80, protocol: 'tcp'}]}),
		script('other', forever),
		script('after', forever, {dependsOn: {web: needs('service_started')}}),
	]);
	const error = await t.throwsAsync(runtime.start(), {instanceOf: CoppiceError});
	t.is(error.code, 'conflict');
	t.true(error.message.includes(String(port)), error.message);
	t.true(error.message.includes(`process ${process.pid}`), error.message);
	t.is(await fieldOf(runtime, 'other', 'status'), 'running');
	t.not(await fieldOf(runtime, 'web', 'status'), 'running');
	t.not(await fieldOf(runtime, 'after', 'status'), 'running');
});

test('a port that the file leaves open is chosen, told to the process, and kept', async t => {
	const {runtime} = await openProcessStack(t, [
		script('web', `echo "$PORT $COPPICE_PORT_80 $COPPICE_ADDRESS_80"; ${forever}`, {ports: [{target: 80, protocol: 'tcp'}]}),
	]);
	const published = async (): Promise<number | undefined> => {
		const [port] = await fieldOf(runtime, 'web', 'ports');
		return port?.published;
	};

	await runtime.start();
	const port = await published();
	t.true(port !== undefined && port > 0);
	await until('it says so', async () => await countLines(runtime, {}) > 0);
	t.is(await firstText(runtime, {}), `${port} ${port} 127.0.0.1`);
	await runtime.stop();
	await runtime.start();
	t.is(await published(), port);
	await runtime.down();
	await runtime.start();
	t.is(await published(), port);
});

test('services that this runtime can\'t run are told and left out; naming one is an error', async t => {
	const {runtime, notices} = await openProcessStack(t, [
		makeService('built', {build: '.'}),
		makeService('foreign', {image: 'ghcr.io/someone/thing:1', otherKeys: ['networks']}),
		script('one', forever, {dependsOn: {built: needs('service_started')}, otherKeys: ['cap_add', 'container_name', 'deploy.resources']}),
	]);
	const told = runtime.notices();
	t.is(told.filter(text => text.startsWith('built ') && text.includes('x-coppice.process.command')).length, 1);
	t.is(told.filter(text => text.startsWith('foreign ')).length, 1);
	t.is(told.filter(text => text.startsWith('one: `cap_add`')).length, 1);
	t.is(told.filter(text => text.startsWith('one: `deploy.resources`')).length, 1);
	t.false(told.some(text => text.includes('container_name')));
	await runtime.start();
	t.is(await fieldOf(runtime, 'one', 'status'), 'running');
	t.is(await fieldOf(runtime, 'built', 'status'), 'created');
	t.true(notices.some(text => text.includes('built')));
	for (const name of ['built', 'foreign']) {
		const error = await t.throwsAsync(runtime.start([name]), {instanceOf: CoppiceError});
		t.is(error.code, 'precondition');
		t.true(error.message.includes(name));
	}
});

test('a program or a volume that is not there is a clear error', async t => {
	const {runtime, root} = await openProcessStack(t, [
		makeService('one', {settings: {process: {command: ['no-such-program']}}}),
		script('two', forever, {
			mounts: [{
				kind: 'volume', volume: 'data', target: '/data', readOnly: false,
			}],
		}),
	]);
	const missing = await t.throwsAsync(runtime.start(['one']), {instanceOf: CoppiceError});
	t.is(missing.code, 'precondition');
	t.true(missing.message.includes('no-such-program'));
	await rm(path.join(root, 'volumes/data'), {recursive: true});
	const unmounted = await t.throwsAsync(runtime.start(['two']), {instanceOf: CoppiceError});
	t.is(unmounted.code, 'precondition');
	t.is(unmounted.context.volume, 'data');
	await t.throwsAsync(stat(path.join(root, 'volumes/data')), {code: 'ENOENT'}, 'nothing is made up where the pool should be');
});

test('secrets of the environment are on no command line and in no file', async t => {
	const secret = `secret-${process.pid}-${Date.now()}`;
	const {runtime, root} = await openProcessStack(t, [script('one', forever, {environment: {PASSWORD: secret}})]);
	await runtime.start();
	t.false(commandLines().some(line => line.includes(secret)));
	const entries = await readdir(root, {recursive: true, withFileTypes: true});
	const files = entries.filter(entry => entry.isFile()).map(entry => path.join(entry.parentPath, entry.name));
	const contents = await Promise.all(files.map(async file => readFile(file, 'utf8')));
	t.deepEqual(files.filter((_, index) => contents[index]!.includes(secret)), []);
});

test('the environment of the command is not the services\'', async t => {
	process.env.COPPICE_TEST_SECRET_OF_CALLER = 'mine';
	process.env.AWS_SECRET_OF_CALLER = 'mine too';
	const {runtime} = await openProcessStack(t, [script('one', 'env | grep -c OF_CALLER; env | grep ^HOME=; exec sleep 1000')]);
	await runtime.start();
	await until('it has looked', async () => await countLines(runtime, {}) >= 2);
	t.is(await firstText(runtime, {}), '0');
});

const rootTest = isRoot() ? test : test.skip;
const needsRoot = isRoot() ? '' : ' (skipped: only root has a choice of users)';

rootTest(`a service runs as the owner of its data, else as whom the file names, else as nobody${needsRoot}`, async t => {
	const who = `id -un; ${forever}`;
	const {runtime, notices, volumeFolder} = await openProcessStack(t, [
		script('plain', who),
		script('named', who, {settings: {process: {command: [], user: 'daemon'}}}),
		script('compose', who, {user: 'games:games'}),
		script('stranger', who, {user: 'no-such-user'}),
		script('asked-root', who, {user: 'root'}),
		script('data', who, {
			mounts: [{
				kind: 'volume', volume: 'data', target: '/data', readOnly: false,
			}],
		}),
	].map(service => ({...service, settings: {process: {...service.settings.process, command: ['/bin/sh', '-c', who]}}})));
	await chown(volumeFolder('data'), 2, 2);
	await runtime.start();
	const first = async (name: string): Promise<string | undefined> => {
		const lines = await collect(runtime.logs({services: [name]}));
		return lines.find(line => line.stream === 'stdout')?.text;
	};

	const expected = {
		plain: 'nobody', named: 'daemon', compose: 'games', stranger: 'nobody', 'asked-root': 'root', data: 'bin',
	};
	for (const [name, user] of Object.entries(expected)) {
		await until(`${name} has said who it is`, async () => await first(name) !== undefined);
		t.is(await first(name), user, name);
	}

	t.true(notices.some(text => text.includes('stranger') && text.includes('no-such-user')));
});

rootTest(`data that the service's user can't reach are a clear error${needsRoot}`, async t => {
	const {runtime, root} = await openProcessStack(t, [script('one', forever, {
		mounts: [{
			kind: 'volume', volume: 'data', target: '/data', readOnly: false,
		}],
	})]);
	await chmod(path.join(root, 'volumes'), 0o700);
	const error = await t.throwsAsync(runtime.start(), {instanceOf: CoppiceError});
	t.is(error.code, 'precondition');
	t.true(error.message.includes(path.join(root, 'volumes')));
	t.true(error.hint?.includes('chmod o+x'));
});
