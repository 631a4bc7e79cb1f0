/**
The check of the layers finds what it is there to find: each kind of wrong import, planted in a tree of its own.
*/
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {execa} from 'execa';

const root = fileURLToPath(new URL('../..', import.meta.url));
const checker = path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
const manifest = JSON.stringify({name: 'planted', type: 'module', devDependencies: {'fast-check': '*'}});

/** A tree in which every import goes down. */
const clean: Readonly<Record<string, string>> = {
	'package.json': manifest,
	'source/system/errors.ts': 'export type Code = number;\nexport const code: Code = 1;\n',
	'source/storage/driver.ts': 'import {code} from \'../system/errors.ts\';\nexport const driver = code;\n',
	'source/history/history.ts': 'import {driver} from \'../storage/driver.ts\';\nexport const history = driver;\n',
	'source/actions/commit.ts': 'import {history} from \'../history/history.ts\';\nexport const commit = history;\n',
	'source/cli/main.ts': 'import {commit} from \'../actions/commit.ts\';\nexport const main = commit;\n',
};

type Report = {readonly summary: {readonly violations: ReadonlyArray<{readonly from: string; readonly rule: {readonly name: string}}>}};

/** What the check finds in such a tree, as `rule file` lines. */
const findViolations = async (files: Readonly<Record<string, string>>): Promise<string[]> => {
	const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'coppice-layers-'));
	for (const [name, text] of Object.entries(files)) {
		const file = path.join(folder, name);
		await fs.mkdir(path.dirname(file), {recursive: true});
		await fs.writeFile(file, text);
	}

	await fs.copyFile(path.join(root, '.dependency-cruiser.cjs'), path.join(folder, '.dependency-cruiser.cjs'));
	const {stdout} = await execa(
		process.execPath,
		[checker, 'source', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'],
		{cwd: folder, reject: false},
	);
	await fs.rm(folder, {recursive: true, force: true});
	const report = JSON.parse(stdout) as Report;
	return report.summary.violations.map(({rule, from}) => `${rule.name} ${from}`).toSorted((a, b) => a.localeCompare(b));
};

const planted: ReadonlyArray<{readonly title: string; readonly files: Readonly<Record<string, string>>; readonly finds: readonly string[]}> = [
	{
		title: 'the lowest layer importing a face',
		files: {'source/system/units.ts': 'import {commit} from \'../actions/commit.ts\';\nexport const units = commit;\n'},
		finds: ['no-import-up-from-system source/system/units.ts'],
	},
	{
		title: 'a type that points upwards',
		files: {
			'source/actions/progress.ts': 'export type Progress = string;\n',
			'source/storage/zfs.ts': 'import type {Progress} from \'../actions/progress.ts\';\nexport type Report = Progress;\n',
		},
		finds: ['no-import-up-from-storage source/storage/zfs.ts'],
	},
	{
		title: 'an action importing the CLI',
		files: {'source/actions/log.ts': 'import {main} from \'../cli/main.ts\';\nexport const log = main;\n'},
		finds: ['no-import-up-from-actions source/actions/log.ts'],
	},
	{
		title: 'a face going around the actions',
		files: {'source/cli/show.ts': 'import {driver} from \'../storage/driver.ts\';\nexport const show = driver;\n'},
		finds: ['no-face-around-actions source/cli/show.ts'],
	},
	{
		title: 'a circle within a layer',
		files: {
			'source/stack/a.ts': 'import {b} from \'./b.ts\';\nexport const a = (): unknown => b;\n',
			'source/stack/b.ts': 'import {a} from \'./a.ts\';\nexport const b = (): unknown => a;\n',
		},
		finds: ['no-circle source/stack/a.ts'],
	},
	{
		title: 'source importing a test',
		files: {
			'test/fixture.ts': 'export const fixture = 1;\n',
			'source/host/pool-host.ts': 'import {fixture} from \'../../test/fixture.ts\';\nexport const home = fixture;\n',
		},
		finds: ['no-import-from-outside-source source/host/pool-host.ts'],
	},
	{
		title: 'a folder that belongs to no layer',
		files: {
			'source/utils/misc.ts': 'export const misc = 1;\n',
			'source/host/home.ts': 'import {misc} from \'../utils/misc.ts\';\nexport const home = misc;\n',
		},
		finds: ['no-folder-outside-the-layers source/host/home.ts'],
	},
	{
		title: 'a module that is not there',
		files: {'source/host/registry.ts': 'import {gone} from \'./gone.ts\';\nexport const home = gone;\n'},
		finds: ['no-missing-module source/host/registry.ts'],
	},
];

test('the layer check finds nothing in a tree whose imports all go down', async t => {
	t.deepEqual(await findViolations(clean), []);
});

// All in one tree: a run of the check takes long, and what it finds says where it is.
let found: Promise<string[]> | undefined;
const findPlanted = async (): Promise<string[]> => {
	found ??= findViolations(Object.fromEntries([clean, ...planted.map(({files}) => files)].flatMap(files => Object.entries(files))));
	return found;
};

for (const {title, files, finds} of planted) {
	test(`the layer check finds ${title}`, async t => {
		const lines = await findPlanted();
		t.deepEqual(lines.filter(line => Object.hasOwn(files, line.split(' ', 2)[1]!)), [...finds]);
	});
}

test('the layer check finds nothing else than what was planted', async t => {
	t.deepEqual(await findPlanted(), planted.flatMap(({finds}) => finds).toSorted((a, b) => a.localeCompare(b)));
});
