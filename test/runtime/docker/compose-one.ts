/* eslint-disable ava/no-ignored-test-files -- Tests of soak.config.js. */
/**
Compose 1, which refuses volumes whose options its files don't say, brings a stack with managed volumes up all the same.
*/
import process from 'node:process';
import test from 'ava';
import {composeVariants, dockerMissing} from '../../fixtures/docker/engine.ts';
import {skipAloud} from '../../fixtures/skip-aloud.ts';
import {writtenVersion} from '../../../source/runtime/docker/compose-one.ts';
import {makeService} from '../fixtures/make-stack.ts';
import {openDockerStack} from '../fixtures/open-docker-stack.ts';
import {fieldOf, forever} from '../runtime-contract.ts';

const missing = await dockerMissing();
const variants = missing === undefined ? await composeVariants() : [];
const one = variants.find(variant => variant.title === 'docker-compose 1');
test('the version that a compose file says', t => {
	t.is(writtenVersion('services: {}\nversion: "3.8"\n'), '3.8');
	t.is(writtenVersion('{\n"version": "2.4"}'), '2.4');
	t.is(writtenVersion('services:\n  version: 3\n'), undefined);
});

if (one === undefined) {
	skipAloud('a stack brought up by Compose 1', missing ?? 'Compose 1 is not here');
} else {
	test('start, stop, resume, start again, down', async t => {
		const {runtime, notices} = await openDockerStack(t, [makeService('a', {
			mounts: [{
				kind: 'volume', volume: 'data', target: '/data', readOnly: false,
			}], command: ['/bin/sh', '-c', forever],
		})]);
		// A test file runs in a process of its own.
		Object.assign(process.env, one.environment);
		await runtime.start();
		t.is(await fieldOf(runtime, 'a', 'status'), 'running');
		t.regex(notices.join('\n'), /Compose 1/v);
		const before = await fieldOf(runtime, 'a', 'processId');
		await runtime.start(['a']);
		t.is(await fieldOf(runtime, 'a', 'processId'), before, 'what runs is left alone');
		await runtime.stop();
		await runtime.resume(['a']);
		t.is(await fieldOf(runtime, 'a', 'status'), 'running');
		await runtime.down();
		t.is(await fieldOf(runtime, 'a', 'status'), 'created');
	});
}
