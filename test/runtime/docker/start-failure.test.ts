/**
What compose and engines say when something does not start. The texts are what they printed.
*/
import test from 'ava';
import {recogniseFailure, type StartFailure} from '../../../source/runtime/docker/start-failure.ts';

const cases: ReadonlyArray<readonly [string, StartFailure]> = [
	[
		'Error response from daemon: driver failed programming external connectivity on endpoint shop-db-1 (d1e): Bind for 127.0.0.1:5432 failed: port is already allocated\n',
		{kind: 'port', port: 5432, address: '127.0.0.1'},
	],
	[
		' Container shop-db-1  Starting\nError response from daemon: driver failed programming external connectivity on endpoint shop-db-1 (d1e): Error starting userland proxy: listen tcp4 0.0.0.0:5432: bind: address already in use\n',
		{kind: 'port', port: 5432, address: '0.0.0.0'},
	],
	[
		'Error response from daemon: failed to set up container networking: driver failed programming external connectivity on endpoint shop-db-1 (d1e): failed to bind host port for 0.0.0.0:5432:172.18.0.2:5432/tcp: address already in use',
		{kind: 'port', port: 5432, address: '0.0.0.0'},
	],
	[
		'Error response from daemon: failed to set up container networking: driver failed programming external connectivity on endpoint shop-db-1 (d1e): failed to bind host port 127.0.0.1:5432/tcp: address already in use',
		{kind: 'port', port: 5432, address: '127.0.0.1'},
	],
	[
		' db Pulling \n db Error \nError response from daemon: pull access denied for nosuch/image, repository does not exist or may require \'docker login\': denied: requested access to the resource is denied\n',
		{kind: 'image', image: 'nosuch/image', isRefused: true},
	],
	['ERROR: manifest for postgres:99 not found: manifest unknown: manifest unknown\n', {kind: 'image', image: 'postgres:99', isRefused: true}],
	['ERROR: No such image: nosuch:1', {kind: 'image', image: 'nosuch:1', isRefused: true}],
	[
		'Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host\n',
		{kind: 'image', image: 'registry-1.docker.io', isRefused: false},
	],
	[
		'Building web\nThe command \'/bin/sh -c false\' returned a non-zero code: 1\nERROR: Service \'web\' failed to build : Build failed\n',
		{kind: 'build', service: 'web', reason: 'Service \'web\' failed to build : Build failed'},
	],
	[
		'#5 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1\nfailed to solve: process "/bin/sh -c false" did not complete successfully: exit code: 1\n',
		{kind: 'build', reason: 'process "/bin/sh -c false" did not complete successfully: exit code: 1'},
	],
	['dependency failed to start: container shop-db-1 is unhealthy\n', {kind: 'dependency', container: 'shop-db-1', reason: 'is unhealthy'}],
	['dependency failed to start: container shop-db-1 exited (1)\n', {kind: 'dependency', container: 'shop-db-1', reason: 'exited (1)'}],
	['service "seed" didn\'t complete successfully: exit 3\n', {kind: 'dependency', container: 'seed', reason: 'didn\'t complete successfully: exit 3'}],
	['ERROR: for web  Container "0d5c0ae6ae07" is unhealthy.\nERROR: Encountered errors while bringing up the project.\n', {kind: 'dependency', container: '0d5c0ae6ae07', reason: 'is unhealthy'}],
	[
		'Error response from daemon: Conflict. The container name "/fixed" is already in use by container "aa". You have to remove (or rename) that container to be able to reuse that name.',
		{kind: 'name', container: 'fixed'},
	],
	['failed to create network shop_default: Error response from daemon: could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network', {kind: 'subnets'}],
	[
		'time="2026-01-01T00:00:00Z" level=warning msg="the attribute `version` is obsolete"\n Container shop-db-1  Created\nError response from daemon: invalid mount config for type "bind": bind source path does not exist: /nowhere\n',
		{kind: 'other', reason: 'invalid mount config for type "bind": bind source path does not exist: /nowhere'},
	],
];

for (const [text, failure] of cases) {
	test(`${failure.kind}: ${text.trim().slice(-80)}`, t => {
		t.deepEqual(recogniseFailure(text), failure);
	});
}
