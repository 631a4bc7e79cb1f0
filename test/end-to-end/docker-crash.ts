/* eslint-disable ava/no-ignored-test-files -- Tests of soak.config.js. */
/**
Power cuts on Docker: see `crash-tests.ts`. No container may be left paused, and no volume may be lost. Of the verbs those that stop, pause or
start containers: what the others do, the process runtime shows.
*/
import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {runCommand} from '../../source/system/run-command.ts';
import {makeAdoptionStack, type AdoptionStack} from '../fixtures/docker/adoption-stack.ts';
import {dockerMissing} from '../fixtures/docker/engine.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {
	crashTests,
	definitionCrashTest,
	everywhere,
	prepareCrashStack,
	type CrashStack,
} from './crash-tests.ts';

const missing = await dockerMissing();
if (missing === undefined) {
	let made: AdoptionStack;
	let stack: CrashStack;

	test.before(async () => {
		made = await makeAdoptionStack();
		await made.init();
		const {name} = made.project;
		stack = {
			root: made.scratch,
			pool: made.pool,
			name,
			run: made.run,
			query: made.query,
			json: async (verb, ...rest) => made.json(verb, ...rest),
			async checkRuntime(t, where) {
				const {stdout: paused} = await runCommand(['docker', 'ps', '--quiet', '--filter', 'status=paused', '--filter', `name=${name}`]);
				t.is(paused, '', `${where}: a container is left paused`);
				t.deepEqual(await made.volumes(), [made.volume], where);
			},
		};
		await prepareCrashStack(stack);
	});

	test.after.always(async () => {
		await made?.dispose();
	});

	const {commit, reset, switch: switchBranch} = crashTests(() => stack, everywhere);
	const switchDefinition = definitionCrashTest(() => stack, {
		async write(version) {
			const file = path.join(made.project.folder, 'compose.yaml');
			const text = await readFile(file, 'utf8');
			await writeFile(file, text.replace(/(?<=app\.version: )\w+/v, () => version));
		},
		async running() {
			const {stdout} = await runCommand([
				'docker', 'ps', '--filter', `label=com.docker.compose.project=${made.project.name}`, '--format', '{{.Label "app.version"}}',
			]);
			return stdout;
		},
	}, everywhere);
	for (const [title, run] of Object.entries({
		commit, reset, switch: switchBranch, 'switch --definition': switchDefinition,
	})) {
		test.serial(title, async t => {
			t.timeout(900_000);
			await run!(t);
		});
	}
} else {
	skipAloud('killed in commit, reset, switch and switch --definition on Docker', missing);
}
