/**
Who asks and does not read: what is answered waits for them, and so does what they ask next.
*/
import {Buffer} from 'node:buffer';
import {PassThrough, Writable} from 'node:stream';
import {setImmediate as breathe} from 'node:timers/promises';
import test from 'ava';
import {serveAgent} from '../../../source/actions/agent/serve.ts';
import {agentProtocol, type AgentService} from '../../../source/host/agent-protocol.ts';

test('answers that nobody reads do not pile up', async t => {
	let calls = 0;
	const service = {
		async hello() {
			calls++;
			return {
				protocol: agentProtocol, version: '0.1.0', hostName: 'a'.repeat(2000), pool: null, production: false, role: null,
			};
		},
	} as unknown as AgentService;
	const input = new PassThrough();
	const written: Array<() => void> = [];
	let isReading = false;
	const output = new Writable({
		write(_chunk, _encoding, callback) {
			if (isReading) {
				callback();
			} else {
				written.push(callback);
			}
		},
	});
	const ended = serveAgent(service, {input, output});
	const asked = 3000;
	for (let id = 0; id < asked; id++) {
		const body = JSON.stringify({
			jsonrpc: '2.0', id, method: 'hello', params: {protocol: agentProtocol, version: '0.1.0'},
		});
		input.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
	}

	for (let quiet = 0, before = -1; quiet < 200; quiet++) {
		if (calls !== before) {
			quiet = 0;
			before = calls;
		}

		await breathe();
	}

	t.true(calls > 0);
	t.true(calls < asked / 4, `${calls} of ${asked} were answered, and none was read`);

	// As soon as somebody reads, all of it comes.
	isReading = true;
	for (const next of written.splice(0)) {
		next();
	}

	input.end();
	await ended;
	t.is(calls, asked);
});
