/**
Connections to a Docker engine over the system's ssh, so that the user's own configuration, keys and jump hosts work: each is an
`ssh HOST docker system dial-stdio`, kept for the next request.
*/
import {spawn} from 'node:child_process';
import http from 'node:http';
import {Duplex} from 'node:stream';
import {CoppiceError} from '../../system/errors.ts';

/**
The command that connects its input and output to the engine of a host.

@param url - `ssh://USER@HOST:PORT/PATH`; a path is that of the socket over there (`docker` CLI, `connhelper/ssh`).
*/
export const sshCommand = (url: string): readonly string[] => {
	const {hostname, username, port, pathname} = new URL(url);
	const socket = pathname === '' || pathname === '/' ? [] : ['--host', `unix://${pathname}`];
	return [
		'ssh',
		'-o',
		'ConnectTimeout=30',
		'-T',
		...(username === '' ? [] : ['-l', decodeURIComponent(username)]),
		...(port === '' ? [] : ['-p', port]),
		'--',
		hostname,
		'docker',
		...socket,
		'system',
		'dial-stdio',
	];
};

const connect = (url: string): Duplex => {
	const [file = '', ...arguments_] = sshCommand(url);
	const child = spawn(file, arguments_, {stdio: ['pipe', 'pipe', 'pipe']});
	const socket = new Duplex({
		read() {
			child.stdout.resume();
		},
		write(chunk, encoding, done) {
			child.stdin.write(chunk, encoding, () => {
				done();
			});
		},
		final(done) {
			child.stdin.end(done);
		},
		destroy(error, done) {
			child.kill();
			done(error);
		},
	});
	let said = '';
	const fail = (cause?: Error): void => {
		const last = said.trim().split('\n').at(-1) ?? '';
		socket.destroy(new CoppiceError('host', `The Docker engine at ${url} can't be reached over ssh${last === '' ? '.' : `: ${last}`}`, {
			hint: `Try \`ssh ${new URL(url).hostname} docker version\`.`, stderr: said, cause,
		}));
	};

	child.stdin.on('error', () => undefined);
	child.stdout.on('data', (chunk: Uint8Array) => {
		if (!socket.push(chunk)) {
			child.stdout.pause();
		}
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		said = (said + text).slice(-2000);
	});
	child.on('error', fail);
	// Why ssh has ended is known only after its output has.
	child.on('close', code => {
		if (code === 0) {
			socket.push(null);
		} else {
			fail();
		}
	});
	// What HTTP asks of its socket and a stream has not. One that waits for the next request keeps no program alive.
	const handles = [child, child.stdin, child.stdout, child.stderr] as Array<{ref: () => void; unref: () => void}>;
	return Object.assign(socket, {
		setKeepAlive() {},
		setNoDelay() {},
		setTimeout() {},
		ref() {
			for (const handle of handles) {
				handle.ref();
			}
		},
		unref() {
			for (const handle of handles) {
				handle.unref();
			}
		},
	});
};

/**
An agent whose connections are those of `sshCommand`.
*/
export const makeSshAgent = (url: string): http.Agent => {
	const agent = new http.Agent({keepAlive: true, maxFreeSockets: 2});
	return Object.assign(agent, {createConnection: () => connect(url)});
};
