/**
Power cuts on Docker: see `crash-tests.ts`. No container may be left paused, and no volume may be lost. Of the verbs those that stop, pause or
start containers: what the others do, the process runtime shows. The soak kills at every step of all four; `npm test` with containers paused, with
data swapped under them, and with the services of one definition gone.
*/
import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {runCommand} from '../../source/system/run-command.ts';
import {makeAdoptionStack, type AdoptionStack} from '../fixtures/docker/adoption-stack.ts';
import {dockerMissing} from '../fixtures/docker/engine.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {isSoak} from '../fixtures/soak.ts';
import {
	crashTests,
	definitionCrashTest,
	prepareCrashStack,
	type ChooseCuts,
	type CrashStack,
} from './crash-tests.ts';

const shortly = new Set(['commit frozen', 'storage-swapped', 'definition services gone']);
const chooseCuts: ChooseCuts = failpoints => isSoak ? failpoints : failpoints.filter(name => shortly.has(name));

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

	const {commit, reset, switch: switchBranch} = crashTests(() => stack, chooseCuts);
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
	}, chooseCuts);
	for (const [title, run] of Object.entries({
		commit, reset, ...(isSoak && {switch: switchBranch}), 'switch --definition': switchDefinition,
	})) {
		test.serial(title, async t => {
			t.timeout(900_000);
			await run!(t);
		});
	}
} else {
	skipAloud('killed in commit, reset, switch and switch --definition on Docker', missing);
}
