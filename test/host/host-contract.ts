/**
What holds for every kind of host, whatever is between it and here. The engine behind it is a real one, with nothing in its pool yet.
*/
import {Buffer} from 'node:buffer';
import type {ExecutionContext, TestFn} from 'ava';
import {transferProtocol} from '../../source/transfer/channel.ts';
import {agentProtocol} from '../../source/host/agent-protocol.ts';
import type {Host} from '../../source/host/host.ts';
import {CoppiceError} from '../../source/system/errors.ts';

export type HostUnderTest = {
	readonly host: Host;

	/** Ends the processes of the engine there as if the power were cut; asking again is to start anew. */
	cut(): Promise<void>;
};

const hello = {protocol: agentProtocol, version: '0.0.1'};
const request = {
	protocol: transferProtocol, stack: 'nowhere', volume: 'db', snapshot: '00000000-0000-4000-8000-000000000000', branch: 'main',
} as const;

const codeOf = async (promise: Promise<unknown>): Promise<CoppiceError> => {
	try {
		await promise;
	} catch (error) {
		if (error instanceof CoppiceError) {
			return error;
		}

		throw error;
	}

	throw new Error('it should have been refused');
};

/**
@param open - Opens a host for one test, which closes it.
*/
export const hostContract = (test: TestFn, kind: string, open: () => Promise<HostUnderTest>): void => {
	const check = (title: string, run: (t: ExecutionContext, under: HostUnderTest) => Promise<void>): void => {
		test(`${kind}: ${title}`, async t => {
			const under = await open();
			try {
				await run(t, under);
			} finally {
				await under.host.close();
			}
		});
	};

	check('says hello, and answers calls at once and again over one connection', async (t, {host}) => {
		const {name} = host.record;
		const [first, second, {stacks}] = await Promise.all([host.call('hello', hello), host.call('hello', hello), host.call('stacks', {})]);
		t.is(first.protocol, agentProtocol);
		t.is(first.hostName, second.hostName);
		t.deepEqual(stacks, []);
		const error = await codeOf(host.call('stack', {stack: 'nowhere'}));
		t.is(error.code, 'not-found');
		t.is(error.context.host, name);
	});

	check('a call that is aborted ends at once, and the next one is answered', async (t, {host}) => {
		await host.call('hello', hello);
		const before = await codeOf(host.call('stacks', {}, {signal: AbortSignal.abort()}));
		t.is(before.code, 'interrupted');
		const controller = new AbortController();
		const call = codeOf(host.call('stacks', {}, {signal: controller.signal}));
		controller.abort();
		t.is((await call).code, 'interrupted');
		t.deepEqual((await host.call('stacks', {})).stacks, []);
	});

	check('connecting can be aborted', async (t, {host}) => {
		const controller = new AbortController();
		const call = codeOf(host.call('hello', hello, {signal: controller.signal}));
		controller.abort();
		t.is((await call).code, 'interrupted');
		t.is((await host.call('hello', hello)).protocol, agentProtocol);
	});

	check('an engine that dies is a host that was lost, never one that has nothing; asking again connects anew', async (t, under) => {
		const {host} = under;
		await host.call('hello', hello);
		const calls = Array.from({length: 10}, async () => {
			try {
				await host.call('stacks', {});
				return undefined;
			} catch (error) {
				return error;
			}
		});
		await under.cut();
		const failures = (await Promise.all(calls)).filter(error => error !== undefined);
		t.true(failures.every(error => error instanceof CoppiceError && error.code === 'host' && error.context.host === host.record.name));

		// The end may not have been told here yet.
		const next = await host.call('hello', hello).catch((error: unknown) => error);
		t.true(!(next instanceof Error) || (next instanceof CoppiceError && next.code === 'host'));
		t.is((await host.call('hello', hello)).protocol, agentProtocol);
	});

	check('a channel carries bytes, tells what is refused, and ends when it is closed', async (t, {host}) => {
		const channel = await host.openChannel('send', request);
		const said = await channel.input.toArray() as Uint8Array[];
		t.true(said.reduce((sum, chunk) => sum + chunk.length, 0) > 0, 'the refusal is told in the channel');
		await channel.close();
	});

	check('a channel that was prepared waits for its request; one that died meanwhile is not used', async (t, under) => {
		const {host} = under;
		await host.call('hello', hello);
		host.prepareChannel('send');
		host.prepareChannel('send');
		const channel = await host.openChannel('send', request);
		const said = await channel.input.toArray() as Uint8Array[];
		t.true(said.reduce((sum, chunk) => sum + chunk.length, 0) > 0);
		await channel.close();

		host.prepareChannel('receive');
		await host.close();
		const next = await host.openChannel('receive', request);
		t.true(Buffer.concat(await next.input.toArray() as Uint8Array[]).length > 0);
		await next.close();
	});

	check('a channel that is prepared before anything was asked connects, and one of a host that is closed meanwhile is not started', async (t, {host}) => {
		host.prepareChannel('send');
		const channel = await host.openChannel('send', request);
		t.true((await channel.input.toArray()).length > 0);
		await channel.close();

		host.prepareChannel('receive');
		await host.close();
		t.is((await host.call('hello', hello)).protocol, agentProtocol);
	});

	check('a channel that was asked ahead answers that, and nothing else', async (t, {host}) => {
		const other = {...request, stack: 'other'};
		host.prepareChannel('send', request);
		host.prepareChannel('send', other);
		for (const asked of [request, other]) {
			const channel = await host.openChannel('send', asked);
			const said = Buffer.concat(await channel.input.toArray() as Uint8Array[]).toString('latin1');
			t.is(said.split(`There is no stack ${asked.stack} on this host.`).length, 2, said);
			t.is(said.split('There is no stack').length, 2, said);
			await channel.close();
			host.prepareChannel('send', request);
		}
	});

	check('a channel may be given up, and closing a host ends what it has open', async (t, {host}) => {
		const channel = await host.openChannel('receive', request);
		await channel.close();
		await host.openChannel('receive', request);
		await host.close();
		t.is((await host.call('hello', hello)).protocol, agentProtocol);
	});
};
