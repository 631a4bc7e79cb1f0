/**
An engine that is reached by TLS, as a Docker context names it: the engine of the tests behind a socket that takes only clients with a
certificate of its own authority.
*/
import {once} from 'node:events';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import tls from 'node:tls';
import test from 'ava';
import {connectEngine} from '../../../source/runtime/docker/engine.ts';
import {openHold} from '../../../source/runtime/hold-file.ts';
import {thawCommand} from '../../../source/runtime/docker/thaw-command.ts';
import {CoppiceError} from '../../../source/system/errors.ts';
import {runCommand} from '../../../source/system/run-command.ts';
import {dockerMissing} from '../../fixtures/docker/engine.ts';
import {skipAloud} from '../../fixtures/skip-aloud.ts';
import {makeService} from '../fixtures/make-stack.ts';
import {openDockerStack} from '../fixtures/open-docker-stack.ts';
import {fieldOf, forever, until} from '../runtime-contract.ts';

const engineSocket = '/var/run/docker.sock';

/** Certificates of an authority of the test's own, for the server at 127.0.0.1 and for a client. */
const makeCertificates = async (folder: string): Promise<(name: string) => string> => {
	const file = (name: string): string => path.join(folder, name);
	const openssl = async (...words: readonly string[]): Promise<unknown> => runCommand(['openssl', ...words]);
	const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
	await openssl('req', '-x509', ...key, '-days', '1', '-subj', '/CN=authority', '-keyout', file('ca-key.pem'), '-out', file('ca.pem'));
	await Promise.all([['server', 'subjectAltName=IP:127.0.0.1'], ['client', 'extendedKeyUsage=clientAuth']].map(async ([name = '', extension = '']) =>
		openssl('req', '-x509', ...key, '-days', '1', '-subj', `/CN=${name}`, '-addext', extension, '-CA', file('ca.pem'), '-CAkey', file('ca-key.pem'), '-keyout', file(`${name}-key.pem`), '-out', file(`${name}.pem`))));
	return file;
};

const missing = await dockerMissing();
if (missing === undefined) {
	test('an engine behind TLS, by a Docker context: asked, brought up, frozen, let go on; refused without the certificate', async t => {
		const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-tls-'));
		t.teardown(async () => rm(folder, {recursive: true, force: true}));
		const file = await makeCertificates(folder);
		const [ca, cert, key] = await Promise.all(['ca.pem', 'server.pem', 'server-key.pem'].map(async name => readFile(file(name))));
		const server = tls.createServer({
			ca, cert, key, requestCert: true, rejectUnauthorized: true,
		}, socket => {
			const engine = net.connect(engineSocket);
			engine.on('error', () => undefined);
			engine.on('close', () => {
				socket.destroy();
			});
			socket.on('error', () => undefined);
			socket.on('close', () => {
				engine.destroy();
			});
			socket.pipe(engine).pipe(socket);
		});
		server.on('tlsClientError', () => undefined);
		const sockets = new Set<net.Socket>();
		server.on('connection', (socket: net.Socket) => {
			sockets.add(socket);
		});
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		t.teardown(() => {
			server.close();
			for (const socket of sockets) {
				socket.destroy();
			}
		});
		const {port} = server.address() as net.AddressInfo;
		const url = `tcp://127.0.0.1:${port}`;

		// A test file runs in a process of its own. The configuration has to have `docker compose` too.
		const plugins = process.env.DOCKER_CONFIG!;
		process.env.DOCKER_CONFIG = folder;
		await runCommand(['ln', '-s', path.join(plugins, 'cli-plugins'), path.join(folder, 'cli-plugins')]);
		const endpoint = `host=${url},ca=${file('ca.pem')},cert=${file('client.pem')},key=${file('client-key.pem')}`;
		await runCommand(['docker', 'context', 'create', 'secured', '--docker', endpoint]);
		await runCommand(['docker', 'context', 'create', 'bare', '--docker', `host=${url}`]);

		const open = async (context: string) => connectEngine({...process.env, DOCKER_HOST: '', DOCKER_CONTEXT: context});
		const engine = await open('secured');
		t.like(engine.location, {url, from: 'the Docker context secured', isLocal: true});
		t.false(await engine.isRootless());
		await t.throwsAsync(open('bare'), {instanceOf: CoppiceError});

		const made = await openDockerStack(t, [makeService('a', {
			mounts: [{
				kind: 'volume', volume: 'data', target: '/data', readOnly: false,
			}], command: ['/bin/sh', '-c', forever], stopGraceMilliseconds: 1000,
		})]);
		process.env.DOCKER_CONTEXT = 'secured';
		const {runtime} = made;
		await runtime.start();
		t.is(await fieldOf(runtime, 'a', 'status'), 'running');
		const freeze = await runtime.freeze(['a']);
		t.is(await fieldOf(runtime, 'a', 'status'), 'paused');
		t.true((await freeze.thaw()).held);

		// The guard alone, by TLS too: its lease is over at once.
		const [id = ''] = (await engine.docker.listContainers({filters: {label: [`com.docker.compose.project=${made.project.name}`]}})).map(container => container.Id);
		const hold = await openHold({folder: path.join(folder, 'holds'), leaseMilliseconds: 2000, ...thawCommand(engine)});
		hold.add(id);
		await engine.docker.getContainer(id).pause();
		await until('the guard has let it go on', async () => await fieldOf(runtime, 'a', 'status') === 'running');
		hold.release().done();

		await runtime.states();
		await runtime.stop(['a'], {mode: 'now'});
		await runtime.resume(['a']);
		t.is(await fieldOf(runtime, 'a', 'status'), 'running');
		await runtime.down();
	});
} else {
	skipAloud('an engine behind TLS', missing);
}
