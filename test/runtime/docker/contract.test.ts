/**
The contract of runtimes, held by the docker runtime with real containers.
*/
import test from 'ava';
import {dockerMissing} from '../../fixtures/docker/engine.ts';
import {skipAloud} from '../../fixtures/skip-aloud.ts';
import {makeService} from '../fixtures/make-stack.ts';
import {openDockerStack} from '../fixtures/open-docker-stack.ts';
import {runtimeContract} from '../runtime-contract.ts';

const missing = await dockerMissing();
if (missing === undefined) {
	runtimeContract(test, {
		name: 'docker',
		keepsLogs: false,
		open: openDockerStack,
		script: (name, script, fields = {}) => makeService(name, {
			mounts: [{
				kind: 'volume', volume: 'data', target: '/data', readOnly: false,
			}],
			...fields,
			command: ['/bin/sh', '-c', script],
			environment: {DATA: '/data', ...fields.environment},
		}),
	});
} else {
	skipAloud('the contract of runtimes on docker', missing);
}
