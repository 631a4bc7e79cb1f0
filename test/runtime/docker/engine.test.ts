/**
The connection to an engine that is not there.
*/
import net from 'node:net';
import {once} from 'node:events';
import test from 'ava';
import {connectEngine} from '../../../source/runtime/docker/engine.ts';
import {CoppiceError} from '../../../source/system/errors.ts';

test('an engine that takes the connection and never answers is given up, and named', async t => {
	const sockets: net.Socket[] = [];
	const server = net.createServer(socket => {
		sockets.push(socket);
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => {
		for (const socket of sockets) {
			socket.destroy();
		}

		server.close();
	});
	const {port} = server.address() as net.AddressInfo;
	const url = `tcp://127.0.0.1:${port}`;
	const error = await t.throwsAsync(connectEngine({DOCKER_HOST: url}, {patience: 200}), {instanceOf: CoppiceError});
	t.is(error.code, 'host');
	t.true(error.message.includes(url), error.message);
});
