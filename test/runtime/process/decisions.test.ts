/**
Small decisions of the process runtime that need no process.
*/
import test from 'ava';
import {chooseProbe} from '../../../source/runtime/process/health.ts';
import {imageBaseName, recogniseService} from '../../../source/runtime/process/known-images.ts';
import {withRedisAddress} from '../../../source/runtime/process/exec.ts';
import {processNotices} from '../../../source/runtime/process/notices.ts';
import {restartPause} from '../../../source/runtime/process/restart-policy.ts';
import {makeService, makeStack} from '../fixtures/make-stack.ts';

test('images are known by the last part of their name', t => {
	t.is(imageBaseName('postgres'), 'postgres');
	t.is(imageBaseName('registry:5000/a/postgres:16@sha256:0f'), 'postgres');
	t.is(imageBaseName('docker.io/library/redis:7'), 'redis');
	t.is(recogniseService(makeService('a', {image: 'valkey/valkey:8'}))?.recipe, 'redis');
	t.is(recogniseService(makeService('a', {image: 'mysql:8'}))?.recipe, 'mariadb');
	t.is(recogniseService(makeService('a', {image: 'constructor'})), undefined);
	t.is(recogniseService(makeService('a', {image: 'postgres', build: '.'})), undefined);
	t.is(recogniseService(makeService('a', {build: '.', settings: {process: {command: ['x']}}}))?.recipe, 'custom');
});

test('restart policies', t => {
	t.is(restartPause({name: 'no'}, 1, 0), undefined);
	t.is(restartPause({name: 'always'}, 0, 0), 100);
	t.is(restartPause({name: 'unless-stopped'}, 0, 3), 800);
	t.is(restartPause({name: 'always'}, 1, 100), 60_000);
	t.is(restartPause({name: 'on-failure'}, 0, 0), undefined);
	t.is(restartPause({name: 'on-failure'}, undefined, 0), 100);
	t.is(restartPause({name: 'on-failure', maximumRetries: 2}, 1, 2), undefined);
});

test('a health check that asks a known engine in its container is answered at its real address', t => {
	const check = (...command: string[]) => ({
		command, intervalMilliseconds: 1, timeoutMilliseconds: 1, startPeriodMilliseconds: 1, retries: 1,
	});
	const shell = (line: string) => check('/bin/sh', '-c', line);
	const everything = () => true;
	t.is(chooseProbe(shell('pg_isready -U app'), 'postgres', everything)?.kind, 'command');
	t.is(chooseProbe(shell('pg_isready -h localhost -U app'), 'postgres', everything)?.kind, 'accept');
	t.is(chooseProbe(check('pg_isready', '-p', '5432'), 'postgres', everything)?.kind, 'accept');
	const missing = chooseProbe(check('pg_isready'), 'postgres', () => false);
	t.true(missing?.kind === 'accept' && missing.reason?.includes('pg_isready'));
	t.is(chooseProbe(check('redis-cli', 'ping'), 'redis', everything)?.kind, 'accept');
	t.is(chooseProbe(shell('curl -f localhost'), undefined, everything)?.kind, 'command');
	t.is(chooseProbe(undefined, 'postgres', everything)?.kind, 'accept');
	t.is(chooseProbe(undefined, undefined, everything), undefined);
});

test('the client of Redis is given the address of the service, unless it has one', t => {
	t.deepEqual(withRedisAddress(['redis-cli', 'flushall'], '/s'), ['redis-cli', '-s', '/s', 'flushall']);
	t.deepEqual(withRedisAddress(['redis-cli', '-p', '1', 'ping'], '/s'), ['redis-cli', '-p', '1', 'ping']);
	t.deepEqual(withRedisAddress(['sh'], '/s'), ['sh']);
});

test('every mount and port without effect is told', t => {
	const notices = processNotices(makeStack('/p', [makeService('db', {
		image: 'postgres:16',
		entrypoint: ['/x'],
		ports: [{target: 5432, protocol: 'tcp'}, {target: 9187, protocol: 'tcp'}],
		mounts: [
			{
				kind: 'volume', volume: 'data', target: '/var/lib/postgresql/data', readOnly: false,
			},
			{
				kind: 'bind', source: '/p/init', target: '/docker-entrypoint-initdb.d', readOnly: true,
			},
			{
				kind: 'bind', source: '/p/certs', target: '/certs', readOnly: true,
			},
			{
				kind: 'bind', source: '/p/conf', target: '/etc/pg.conf', readOnly: true,
			},
		],
		command: ['-c', 'config_file=/etc/pg.conf'],
		otherKeys: ['networks', 'labels'],
	})]));
	t.is(notices.length, 4);
	for (const part of ['/certs', '9187', 'entrypoint', 'networks']) {
		t.is(notices.filter(text => text.startsWith('db: ') && text.includes(part)).length, 1, `one notice of ${part}`);
	}
});
