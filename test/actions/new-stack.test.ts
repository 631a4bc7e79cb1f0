/**
New projects from templates: what is written and with which rights, what is refused, and that a kill leaves nothing half made.
*/
import {
	chmod,
	mkdir,
	mkdtemp,
	readdir,
	readFile,
	rm,
	stat,
	symlink,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import vm from 'node:vm';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {execa} from 'execa';
import {fillVariables, makePassword} from '../../source/actions/templates/fill-variables.ts';
import {newStack, type NewStackResult} from '../../source/actions/new-stack.ts';
import {templateNames} from '../../source/actions/templates/templates.ts';
import {mongo} from '../../source/database/mongo.ts';
import {readStack} from '../../source/stack/read-stack.ts';
import {CoppiceError} from '../../source/system/errors.ts';
import {processMark} from '../../source/system/process-table.ts';
import {isRoot} from '../../source/system/run-command.ts';
import {coppice} from '../fixtures/built-cli.ts';
import {composeVariants} from '../fixtures/docker/engine.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {isSoak} from '../fixtures/soak.ts';

const templatesFolder = path.resolve(import.meta.dirname, '../../templates');

const compose = await composeVariants();

const makeFolder = async (t: ExecutionContext): Promise<string> => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-new-'));
	t.teardown(async () => rm(folder, {recursive: true, force: true}));
	return folder;
};

const failure = async (t: ExecutionContext, action: Promise<unknown>): Promise<CoppiceError> => t.throwsAsync<CoppiceError>(action, {instanceOf: CoppiceError});

const variablesOf = (text: string): Map<string, string> => new Map(text.split('\n').flatMap(line => {
	const {name, value} = /^(?<name>\w+)=(?<value>.*)$/v.exec(line)?.groups ?? {};
	return name === undefined || value === undefined ? [] : [[name, value] as const];
}));

test('every folder of templates is in the list, and nothing else is', async t => {
	t.deepEqual((await readdir(templatesFolder)).toSorted(), [...templateNames].toSorted());
});

for (const template of templateNames) {
	test(`${template}: files, rights, passwords and a compose file that can be read`, async t => {
		const directory = await makeFolder(t);
		const made = await newStack({name: 'shop', directory, template});
		t.is(made.folder, path.join(directory, 'shop'));
		t.deepEqual(await readdir(directory), ['shop']);

		const there = await readdir(made.folder, {recursive: true, withFileTypes: true});
		const files = there.filter(entry => entry.isFile()).map(entry => path.relative(made.folder, path.join(entry.parentPath, entry.name)));
		t.deepEqual(files.toSorted(), [...made.files]);
		for (const file of ['.env', '.env.example', '.gitignore', 'README.md', 'compose.yaml']) {
			t.true(made.files.includes(file), `${file} is missing`);
		}

		for (const file of made.files) {
			const {mode} = await stat(path.join(made.folder, file));
			t.is((mode % 0o1000).toString(8), file === '.env' ? '600' : '644', file);
		}

		const variables = variablesOf(await readFile(path.join(made.folder, '.env'), 'utf8'));
		const example = variablesOf(await readFile(path.join(made.folder, '.env.example'), 'utf8'));
		const secrets = variables.entries().filter(([name]) => name.endsWith('_PASSWORD')).toArray();
		t.true(secrets.length > 0);
		t.deepEqual(variables.keys().toArray(), example.keys().toArray());
		t.is(new Set(secrets.map(([, value]) => value)).size, secrets.length, 'each has its own');
		t.true(secrets.every(([, value]) => /^[2-9A-Za-z]{24}$/v.test(value)));
		t.true((await readFile(path.join(made.folder, '.gitignore'), 'utf8')).split('\n').includes('.env'));
		t.true((await readFile(path.join(made.folder, 'README.md'), 'utf8')).startsWith('# shop\n'));

		const stack = await readStack({directory: made.folder});
		t.is(stack.name, 'shop');
		t.deepEqual(stack.notices, []);
		t.true(Object.values(stack.services).every(service => service.healthCheck !== undefined));
		t.true(Object.values(stack.volumes).length > 0 && Object.values(stack.volumes).every(volume => volume.managed));
		const published = Object.values(stack.services).flatMap(service => service.ports.map(port => port.published));
		t.is(published.length, Object.keys(made.ports).length);
		t.true(Object.values(made.ports).every(port => published.includes(port)));
		t.true(Object.values(stack.services).every(service => service.ports.every(({address}) => address === '127.0.0.1')), 'nothing listens beyond this machine');
		t.false(JSON.stringify(made).includes(secrets[0]![1]), 'no password is printed');
	});
}

test('what the templates share is the same in each', async t => {
	const serviceOf = async (template: string, service: string): Promise<string> => {
		const text = await readFile(path.join(templatesFolder, template, 'compose.yaml'), 'utf8');
		return new RegExp(String.raw`\n  ${service}:\n(?<body>(?: {4}.*\n|\n(?= {4}))+)`, 'v').exec(text)!.groups!.body!;
	};

	const database = await serviceOf('postgres', 'db');
	t.true(database.includes('--full_page_writes=on'));
	t.is(await serviceOf('postgres-redis', 'db'), database);
	t.is(await serviceOf('web', 'db'), database);
	t.is(await serviceOf('web', 'cache'), await serviceOf('postgres-redis', 'cache'));
});

test('mongo: its service is recognised, and its seed data is JavaScript whose references hold', async t => {
	const directory = await makeFolder(t);
	const {folder} = await newStack({name: 'shop', directory, template: 'mongo'});
	const stack = await readStack({directory: folder});
	t.true(mongo.matchesService(stack.services.db!));
	t.is(mongo.dataTarget(stack.services.db!), '/data/db');

	type Entry = {readonly _id: number; readonly customer?: number; readonly lines?: ReadonlyArray<{readonly product: number}>};
	const collections = new Map<string, Entry[]>();
	const database = new Proxy({}, {
		get: (_, name: string) => ({
			insertMany(entries: Entry[]) {
				collections.set(name, entries);
			},
			createIndex() {},
		}),
	});
	vm.runInNewContext(await readFile(path.join(folder, 'init/01-shop.js'), 'utf8'), {db: database, Decimal128: Number});
	const ids = (name: string): ReadonlySet<number> => new Set(collections.get(name)!.map(({_id}) => _id));
	t.deepEqual(collections.keys().toArray(), ['customers', 'products', 'orders']);
	for (const order of collections.get('orders')!) {
		t.true(ids('customers').has(order.customer!));
		t.true(order.lines!.length > 0 && order.lines!.every(({product}) => ids('products').has(product)));
	}
});

for (const template of templateNames) {
	const title = `${template}: the compose CLI takes it, and no empty password`;
	if (compose.length === 0) {
		skipAloud(title, 'there is no compose CLI (npm run setup fetches it)');
		continue;
	}

	// Each version reads each template in the soak; here the newest reads all, and all read the one that has most in it.
	const asked = isSoak || template === 'web' ? compose : compose.slice(0, 1);
	test(`${title} (${asked.map(({title: variant, version}) => `${variant} ${version}`).join(', ')})`, async t => {
		const directory = await makeFolder(t);
		const {folder} = await newStack({name: 'shop', directory, template});
		const readAll = async () => Promise.all(asked.map(async ({command, environment}) => {
			const [program = '', ...words] = command;
			return execa(program, [...words, 'config', '--quiet'], {cwd: folder, env: environment, reject: false});
		}));
		for (const {exitCode, stderr} of await readAll()) {
			t.is(exitCode, 0, `it said: ${stderr}`);
			t.is(stderr, '');
		}

		await rm(path.join(folder, '.env'));
		for (const {exitCode, stderr} of await readAll()) {
			t.not(exitCode, 0);
			t.true(stderr.includes('Copy .env.example to .env'), `it said: ${stderr}`);
		}
	});
}

test('what is there already is never written over', async t => {
	const directory = await makeFolder(t);
	await mkdir(path.join(directory, 'empty'));
	await writeFile(path.join(directory, 'file'), 'mine');
	await symlink('nowhere', path.join(directory, 'link'));
	for (const name of ['empty', 'file', 'link']) {
		const error = await failure(t, newStack({name, directory}));
		t.is(error.code, 'conflict', `as for ${name}`);
	}

	t.deepEqual(await readdir(directory), ['empty', 'file', 'link']);
	t.is(await readFile(path.join(directory, 'file'), 'utf8'), 'mine');
});

test('names that compose would not take are refused, and say why', async t => {
	const directory = await makeFolder(t);
	for (const name of ['Shop', '.shop', '-shop', 'a b', 'ünder', 'a'.repeat(64), 'shop.new', '/']) {
		const error = await failure(t, newStack({name, directory}));
		t.is(error.code, 'usage', `as for ${name}`);
		t.truthy(error.hint);
	}

	t.deepEqual(await readdir(directory), []);
});

test('a template or a parent folder that is not there', async t => {
	const directory = await makeFolder(t);
	const noTemplate = await failure(t, newStack({name: 'shop', directory, template: 'postgers'}));
	t.is(noTemplate.code, 'not-found');
	t.true(noTemplate.message.includes('postgres'), `it said: ${noTemplate.message}`);
	const noParent = await failure(t, newStack({name: 'no/shop', directory}));
	t.is(noParent.code, 'not-found');
	t.deepEqual(await readdir(directory), []);
});

test('a folder in another folder, with a mask that lets nobody else read', async t => {
	const directory = await makeFolder(t);
	await mkdir(path.join(directory, 'apps'));
	const {exitCode, stdout, stderr} = await execa('sh', ['-c', 'umask 077; exec "$0" "$@"', process.execPath, '--input-type=module', '-e', `
		import {newStack} from ${JSON.stringify(path.resolve(import.meta.dirname, '../../source/actions/new-stack.ts'))};
		console.log(JSON.stringify(await newStack({name: 'apps/shop', directory: ${JSON.stringify(directory)}})));
	`], {reject: false});
	t.is(exitCode, 0, `it said: ${stderr}`);
	t.deepEqual((JSON.parse(stdout) as NewStackResult).next, ['cd apps/shop', 'coppice init', 'coppice up']);
	const modeOf = async (file: string): Promise<string> => ((await stat(path.join(directory, 'apps/shop', file))).mode % 0o1000).toString(8);
	t.is(await modeOf(''), '700');
	t.is(await modeOf('init'), '755', 'the database\'s own user reads it');
	t.is(await modeOf('init/01-shop.sql'), '644');
	t.is(await modeOf('.env'), '600');
});

const unwritable = 'a folder that may not be written: nothing is left, and it says so';
if (isRoot()) {
	skipAloud(unwritable, 'root may write everywhere');
} else {
	test(unwritable, async t => {
		const directory = await makeFolder(t);
		await chmod(directory, 0o555);
		const error = await failure(t, newStack({name: 'shop', directory}));
		await chmod(directory, 0o755);
		t.is(error.code, 'permission');
		t.deepEqual(await readdir(directory), []);
	});
}

test('killed at any point: either nothing of that name is there, or all of it; the next run removes what was left', async t => {
	const directory = await makeFolder(t);
	const run = async (failpoint?: string) => coppice(['new', 'shop', '--json'], {cwd: directory, ...(failpoint !== undefined && {env: {COPPICE_FAILPOINT: failpoint}})});

	t.is((await run('new:whole')).exitCode, 137);
	const [left, ...others] = await readdir(directory);
	t.regex(left!, /^\.shop\.new-\d+-\d+-[\da-f]{8}$/v);
	t.deepEqual(others, []);

	// Another run that still goes on keeps its folder.
	await mkdir(path.join(directory, `.shop.new-${processMark()}`));
	t.is((await run('new:made')).exitCode, 137);
	t.deepEqual(await readdir(directory), [`.shop.new-${processMark()}`, 'shop']);
	t.deepEqual((await readdir(path.join(directory, 'shop'))).toSorted(), ['.env', '.env.example', '.gitignore', 'README.md', 'compose.yaml', 'init']);
	const again = await run();
	t.is(again.exitCode, 5);
	t.like(JSON.parse(again.stderr), {error: {code: 'conflict'}});
});

test('the command line: the list, JSON, and what is wrong', async t => {
	const directory = await makeFolder(t);
	const list = await coppice(['new', '--list', '--json'], {cwd: directory});
	t.deepEqual((JSON.parse(list.stdout) as Array<{name: string}>).map(({name}) => name), [...templateNames]);
	const made = await coppice(['new', 'shop', '-t', 'mariadb', '--json'], {cwd: directory});
	t.like(JSON.parse(made.stdout), {name: 'shop', template: 'mariadb', next: ['cd shop', 'coppice init', 'coppice up']});
	t.is(made.stderr, '');
	const text = await coppice(['new', 'blog'], {cwd: directory});
	t.true(text.stdout.includes('Next: `cd blog && coppice init && coppice up`'), `it said: ${text.stdout}`);
	t.is((await coppice(['new'], {cwd: directory})).exitCode, 2);
	t.is((await coppice(['new', 'x', '--template', 'nonsense'], {cwd: directory})).exitCode, 2);
	t.deepEqual((await readdir(directory)).toSorted(), ['blog', 'shop']);
});

test('examples are filled in: passwords, ports that differ, and nothing else changes', async t => {
	const line = fc.oneof(
		fc.constant('A_PASSWORD=change-me'),
		fc.integer({min: 1, max: 65_535}).map(port => `B_PORT=${port}`),
		fc.constantFrom('# change-me', 'VERSION=17', '', 'HINT=say change-me', 'PORT_X=1', 'C_PORT=', 'D_PORT=a'),
	);
	await fc.assert(fc.asyncProperty(fc.array(line), async lines => {
		const {text, ports} = await fillVariables(lines.join('\n'), {choosePassword: () => 'secret', chooseFreePort: async (wished, taken) => taken.includes(wished) ? 70_000 : wished});
		const expected = lines.map(each => each === 'A_PASSWORD=change-me' ? 'A_PASSWORD=secret' : each);
		t.deepEqual(text.split('\n').map(each => each.replace('70000', '')).length, Math.max(1, lines.length));
		for (const [index, each] of text.split('\n').entries()) {
			t.true(each === (expected[index] ?? '') || each === 'B_PORT=70000');
		}

		t.is(Object.hasOwn(ports, 'B_PORT'), lines.some(each => each.startsWith('B_PORT')));
	}));
	t.not(makePassword(), makePassword());
});
