/**
The contract of runtimes, held by the process runtime.
*/
import test from 'ava';
import {makeService} from '../fixtures/make-stack.ts';
import {openProcessStack} from '../fixtures/open-stack.ts';
import {runtimeContract} from '../runtime-contract.ts';

runtimeContract(test, {
	name: 'process',
	keepsLogs: true,
	open: openProcessStack,
	script: (name, script, fields = {}) => makeService(name, {
		mounts: [{
			kind: 'volume', volume: 'data', target: '/data', readOnly: false,
		}],
		...fields,
		environment: {DATA: '/data', ...fields.environment},
		settings: {process: {command: ['/bin/sh', '-c', script]}},
	}),
});
