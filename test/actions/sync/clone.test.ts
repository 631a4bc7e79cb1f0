/**
Cloning between two pools, through the built command; killed at each place, then done again.
*/
import {
	mkdir,
	readdir,
	readFile,
	stat,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import {parse} from 'yaml';
import test from 'ava';
import {readProject} from '../../../source/host/project-registry.ts';
import {findHome} from '../../../source/host/home.ts';
import {readStack} from '../../../source/stack/read-stack.ts';
import {coppice} from '../../fixtures/built-cli.ts';
import {some} from '../../fixtures/soak.ts';
import {makeTwoSides, type Side, type TwoSides} from './two-sides.ts';

const clone = async ({root, home}: TwoSides, {folder, pool}: Side, env: Readonly<Record<string, string>> = {}) =>
	coppice(['clone', 'there', 'shop', folder, '--pool', pool, '--driver', 'directory', '--runtime', 'process', '--json'], {
		cwd: root, env: {COPPICE_HOME: home, NO_COLOR: '1', ...env},
	});

test.serial('a clone has the definition, the variables, the branch with its data, and knows where it came from', async t => {
	const sides = await makeTwoSides(t);
	const {here, there} = sides;
	t.is(await here.tip(), await there.tip());
	t.deepEqual(await here.files(), ['first']);
	t.is(await here.history.currentBranch(), 'main');
	t.deepEqual(await here.history.upstreams(), new Map([['main', {host: 'there', branch: 'main'}]]));
	t.deepEqual((await readdir(here.folder)).toSorted(), ['.env', 'compose.yaml']);
	const {mode} = await stat(path.join(here.folder, '.env'));
	t.is(mode % 0o1000, 0o600);
	const compose = await readFile(path.join(here.folder, 'compose.yaml'), 'utf8');
	t.is((parse(compose) as {name: string}).name, 'shop');
	t.false(compose.includes('secret'), 'a password is in the compose file');
	const stack = await readStack({directory: here.folder, environment: {}});
	t.is(stack.services.db?.environment.POSTGRES_PASSWORD, 'it\'s a "secret" of $5');
	const status = await here.run(['status']);
	t.is(status.exitCode, 0, status.stderr);
	t.regex(status.stdout, /main/v);

	const again = await clone(sides, here);
	t.is(again.exitCode, 5, again.stderr);
	const other = sides.side('other', path.join(sides.root, 'taken'));
	await mkdir(other.folder);
	await writeFile(path.join(other.folder, 'file'), '');
	const taken = await clone(sides, other);
	t.is(taken.exitCode, 5, taken.stderr);
	t.deepEqual(await readdir(other.folder), ['file']);
	const none = await coppice(['clone', 'there', 'nothing'], {cwd: sides.root, env: {COPPICE_HOME: sides.home}});
	t.is(none.exitCode, 3, none.stderr);
});

test.serial('a clone that is killed leaves no half a project, and the same command goes on', async t => {
	const sides = await makeTwoSides(t, {isCloned: false});
	const {root, home, there} = sides;
	const log = path.join(root, 'failpoints');
	const reference = sides.side('reference');
	await mkdir(path.dirname(reference.folder), {recursive: true});
	const whole = await clone(sides, reference, {COPPICE_FAILPOINT_LOG: log});
	t.is(whole.exitCode, 0, whole.stderr);
	const passed = (await readFile(log, 'utf8')).split('\n').filter(name => /^clone |^fetch (?:received|promoted one)$/v.test(name));
	const names = [...new Set(passed)];
	t.true(names.includes('clone project made'), names.join(','));
	for (const [index, name] of some(names, 3).entries()) {
		const side = sides.side(`side${index}`);
		await mkdir(path.dirname(side.folder), {recursive: true});
		const killed = await clone(sides, side, {COPPICE_FAILPOINT: name});
		t.is(killed.exitCode, 137, `${name}: ${killed.stderr}`);
		const left = await readdir(path.dirname(side.folder));
		const made = left.includes('shop') ? [...await readdir(side.folder), ...await side.files()] : ['.env', 'compose.yaml', 'first'];
		t.deepEqual(made.toSorted(), ['.env', 'compose.yaml', 'first'], `${name}: a project that is not whole`);

		const again = await clone(sides, side);
		t.is(again.exitCode, 0, `${name}: ${again.stderr}`);
		t.deepEqual((await readdir(path.dirname(side.folder))).toSorted(), ['pool', 'shop'], name);
		t.deepEqual(await side.files(), ['first'], name);
		t.is(await side.tip(), await there.tip(), name);
		t.is((await readProject(findHome({COPPICE_HOME: home}), side.folder))?.stack, 'shop', name);
	}
});

test.serial('a clone that was cut between two volumes is of one commit, though the other side has gone on meanwhile', async t => {
	const sides = await makeTwoSides(t, {isCloned: false});
	const {here, there} = sides;
	await there.write('first', 'first', 'cache');
	await there.json('commit', '-m', 'both volumes');
	const begun = await there.tip();
	const killed = await clone(sides, here, {COPPICE_FAILPOINT: 'clone volume linked'});
	t.is(killed.exitCode, 137, killed.stderr);
	await there.write('second', 'second', 'cache');
	const second = await there.commit('second');

	const again = await clone(sides, here);
	t.is(again.exitCode, 0, again.stderr);
	t.is(await here.tip(), begun);
	t.deepEqual([await here.files(), await here.files('cache')], [['first'], ['first']]);
	t.is((await here.history.remoteBranches()).get('there/main'), second);
	await here.json('pull');
	t.is(await here.tip(), second);
	t.deepEqual([await here.files(), await here.files('cache')], [['first', 'second'], ['first', 'second']]);
});
