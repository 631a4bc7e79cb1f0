/**
The record of a project: found from where it was taken up, and without what an earlier one has left.
*/
import {
	mkdir,
	mkdtemp,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {findHome} from '../../source/host/home.ts';
import {
	findChosenProject,
	forgetProject,
	listProjects,
	readProject,
	writeProject,
} from '../../source/host/project-registry.ts';
import {hasComposeFile} from '../../source/stack/compose-files.ts';
import {leaveUnadopted} from '../../source/actions/workspace/project-stack.ts';
import type {Stack} from '../../source/stack/stack.ts';

const folders = async (t: {teardown(undo: () => Promise<void>): void}) => {
	const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-registry-'));
	t.teardown(async () => rm(root, {recursive: true, force: true}));
	return {root, home: findHome({COPPICE_HOME: path.join(root, 'home')})};
};

test('compose files that were chosen are found from the project\'s folders and from where they were chosen', async t => {
	const {root, home} = await folders(t);
	const folder = path.join(root, 'shop/deploy');
	const takenUpFrom = path.join(root, 'shop');
	await mkdir(path.join(folder, 'deep'), {recursive: true});
	const project = {
		folder, stack: 'shop', pool: '/pool', runtime: 'docker', composeFiles: [path.join(folder, 'dev.yaml')], profiles: ['extra'], unadopted: ['data'], takenUpFrom,
	} as const;
	await writeProject(home, project);
	for (const directory of [folder, path.join(folder, 'deep'), takenUpFrom]) {
		t.deepEqual(await findChosenProject(home, directory, hasComposeFile), project, `from ${directory}`);
	}

	t.is(await findChosenProject(home, root, hasComposeFile), undefined);
	// A project of its own below is nearer.
	await writeFile(path.join(folder, 'deep/compose.yaml'), 'services: {}');
	t.is(await findChosenProject(home, path.join(folder, 'deep'), hasComposeFile), undefined);

	const {takenUpFrom: _from, ...moved} = project;
	await writeProject(home, moved);
	t.deepEqual(await readProject(home, folder), moved);
	t.is(await readProject(home, takenUpFrom), undefined);
});

test('a project is forgotten everywhere', async t => {
	const {root, home} = await folders(t);
	const project = {
		folder: path.join(root, 'a'), stack: 'a', pool: '/pool', runtime: 'docker', takenUpFrom: root,
	} as const;
	await writeProject(home, project);
	await forgetProject(home, root);
	t.is(await readProject(home, project.folder), undefined);
	t.is(await readProject(home, root), undefined);
	await t.notThrowsAsync(forgetProject(home, root));
});

test('a record without the choices, and one that is damaged', async t => {
	const {root, home} = await folders(t);
	const project = {
		folder: root, stack: 'a', pool: '/pool', runtime: 'process',
	} as const;
	await writeProject(home, project);
	t.deepEqual(await readProject(home, root), project);
	t.is(await findChosenProject(home, root, hasComposeFile), undefined);
	await writeProject(home, {...project, profiles: [1] as unknown as string[]});
	await t.throwsAsync(readProject(home, root), {message: /damaged/v});
	await writeProject(home, project);
	t.deepEqual(await readProject(home, root), project, 'a damaged record can be replaced');
});

test('volumes that nobody took over are not managed', t => {
	const stack: Stack = {
		name: 'shop',
		projectFolder: '/shop',
		composeFiles: [],
		services: {},
		volumes: {
			data: {
				name: 'data', managed: true, external: false, engineName: 'shop_data',
			},
			other: {name: 'other', managed: true, external: false},
			out: {
				name: 'out', managed: false, external: true, unmanagedReason: 'it is external',
			},
		},
		settings: {},
		notices: [],
	};
	const left = leaveUnadopted(stack, ['data', 'out']);
	t.deepEqual(Object.values(left.volumes).map(({managed}) => managed), [false, true, false]);
	t.regex(left.volumes.data?.unmanagedReason ?? '', /shop_data.*--adopt/v);
	t.is(left.volumes.out?.unmanagedReason, 'it is external');
	t.is(leaveUnadopted(stack), stack);
});

test('all projects are listed, each once, and a damaged record is no project that is not there', async t => {
	const {root, home} = await folders(t);
	t.deepEqual(await listProjects(home), []);
	const one = {
		folder: path.join(root, 'one'), stack: 'one', pool: '/pool', runtime: 'process',
	} as const;
	const two = {
		folder: path.join(root, 'two/deploy'), stack: 'two', pool: '/pool', runtime: 'docker', takenUpFrom: path.join(root, 'two'),
	} as const;
	await writeProject(home, two);
	await writeProject(home, one);
	t.deepEqual(await listProjects(home), [one, two]);
	await writeFile(path.join(home.state, 'projects/damaged.json'), '{"folder": ');
	await t.throwsAsync(listProjects(home), {message: /is damaged/v});
});
