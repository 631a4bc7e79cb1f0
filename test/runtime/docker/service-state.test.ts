/**
What the engine says of containers, as the state of a service.
*/
import test from 'ava';
import type {ContainerInspectInfo} from 'dockerode';
import {toServiceState} from '../../../source/runtime/docker/service-state.ts';
import type {ServiceStatus} from '../../../source/runtime/runtime.ts';
import {makeService} from '../fixtures/make-stack.ts';

type Facts = {
	readonly status: string;
	readonly exitCode?: number;
	readonly error?: string;
	readonly oomKilled?: boolean;
	readonly health?: string;
	readonly pid?: number;
	readonly restarts?: number;
	readonly stopSignal?: string;
	readonly ports?: Readonly<Record<string, ReadonlyArray<{HostIp: string; HostPort: string}> | null>>;
	readonly networks?: Readonly<Record<string, {NetworkID: string; IPAddress: string}>>;
	readonly startedAt?: string;
};

const container = (facts: Facts): ContainerInspectInfo => ({
	State: {
		Status: facts.status,
		ExitCode: facts.exitCode ?? 0,
		Error: facts.error ?? '',
		OOMKilled: facts.oomKilled ?? false,
		Pid: facts.pid ?? 0,
		StartedAt: facts.startedAt ?? '2026-01-02T03:04:05.678901234Z',
		...(facts.health !== undefined && {Health: {Status: facts.health}}),
	},
	Config: {Labels: {}, StopSignal: facts.stopSignal},
	RestartCount: facts.restarts ?? 0,
	NetworkSettings: {Ports: facts.ports ?? {}, Networks: facts.networks ?? {}},
}) as unknown as ContainerInspectInfo;

const stateOf = (...all: readonly Facts[]) => toServiceState(makeService('db', {ports: [{target: 5432, protocol: 'tcp'}]}), all.map(facts => container(facts)), new Set(['n1']));

test('a service without a container was never started, and has the ports of the file', t => {
	t.deepEqual(stateOf(), {
		name: 'db', status: 'created', restarts: 0, ports: [{target: 5432, protocol: 'tcp'}],
	});
});

test('one that ended is stopped or failed by its exit code', t => {
	const cases: ReadonlyArray<readonly [Omit<Facts, 'status'>, ServiceStatus]> = [
		[{exitCode: 0}, 'stopped'],
		[{exitCode: 143}, 'stopped'],
		[{exitCode: 137}, 'stopped'],
		[{exitCode: 137, oomKilled: true}, 'failed'],
		[{exitCode: 1}, 'failed'],
		[{exitCode: 130}, 'failed'],
		[{exitCode: 130, stopSignal: 'SIGINT'}, 'stopped'],
		[{exitCode: 130, stopSignal: 'INT'}, 'stopped'],
		[{exitCode: 130, stopSignal: '2'}, 'stopped'],
		[{exitCode: 127, error: 'no such program'}, 'failed'],
	];
	for (const [facts, status] of cases) {
		t.is(stateOf({status: 'exited', ...facts}).status, status, JSON.stringify(facts));
		t.is(stateOf({status: 'exited', ...facts}).exitCode, facts.exitCode);
	}

	t.is(stateOf({status: 'dead', exitCode: 1}).status, 'failed');
});

test('one that could not be started has failed; one that was only made has not', t => {
	t.is(stateOf({status: 'created', startedAt: '0001-01-01T00:00:00Z'}).status, 'created');
	t.is(stateOf({status: 'created', startedAt: '0001-01-01T00:00:00Z'}).startedAt, undefined);
	t.is(stateOf({status: 'created', error: 'port is already allocated', exitCode: 128}).status, 'failed');
});

test('one that runs has its process, health, ports and address', t => {
	t.deepEqual(stateOf({
		status: 'running',
		pid: 42,
		health: 'starting',
		restarts: 3,
		ports: {
			'9000/udp': null,
			'8008/tcp': null,
			'5432/tcp': [{HostIp: '::', HostPort: '32768'}, {HostIp: '0.0.0.0', HostPort: '32768'}],
			'53/udp': [{HostIp: '127.0.0.1', HostPort: '5353'}],
		},
		networks: {far: {NetworkID: 'n2', IPAddress: '10.0.0.2'}, near: {NetworkID: 'n1', IPAddress: '172.20.0.2'}},
	}), {
		name: 'db',
		status: 'running',
		processId: 42,
		health: 'starting',
		restarts: 3,
		startedAt: '2026-01-02T03:04:05.678901234Z',
		address: '172.20.0.2',
		declaredPorts: [8008],
		ports: [
			{
				address: '127.0.0.1', published: 5353, target: 53, protocol: 'udp',
			},
			{
				address: '0.0.0.0', published: 32_768, target: 5432, protocol: 'tcp',
			},
		],
	});
});

test('of several replicas what lives counts first, then what went wrong', t => {
	const [runs, paused, restarting, failed, stopped, made] = ['running', 'paused', 'restarting', 'exited', 'exited', 'created'].map((status, index) => ({status, exitCode: index === 3 ? 1 : 0}));
	t.is(stateOf(stopped!, runs!).status, 'running');
	t.is(stateOf(failed!, runs!).status, 'running', 'what runs has its files open');
	t.is(stateOf(runs!, paused!).status, 'paused');
	t.is(stateOf(restarting!, runs!).status, 'restarting');
	t.is(stateOf(stopped!, failed!).status, 'failed');
	t.is(stateOf(stopped!, made!).status, 'created');
	t.is(stateOf({...runs!, restarts: 1, health: 'healthy'}, {...runs!, restarts: 2, health: 'unhealthy'}).restarts, 3);
	t.is(stateOf({...runs!, health: 'healthy'}, {...runs!, health: 'unhealthy'}).health, 'unhealthy');
	t.is(stateOf({...runs!, pid: 7}, {...stopped!, health: 'unhealthy'}).health, undefined, 'the health of what has ended says nothing');
});
