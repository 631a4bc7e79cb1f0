/**
Branches that only another host has: what `switch` makes of them, what they follow, and what `pull` offers on a terminal where both have gone on.
*/
import {
	mkdir,
	mkdtemp,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {engineNameTaken} from '../../../source/actions/sync/check-engine-name.ts';
import {guessRemote} from '../../../source/actions/sync/follow-remote.ts';
import {findMissingFiles} from '../../../source/actions/sync/missing-files.ts';
import {readStack} from '../../../source/stack/read-stack.ts';
import {CoppiceError} from '../../../source/system/errors.ts';
import {cliPath} from '../../fixtures/built-cli.ts';
import {openTerminal} from '../../fixtures/terminal.ts';
import {makeTwoSides} from './two-sides.ts';

const main = new Set(['main']);

test('a branch is made of the one host that has one of that name, or of the one that is named', t => {
	const remote = new Set(['staging/main', 'staging/fix/one', 'staging/both', 'live/both']);
	const made = {branch: 'fix/one', remote: 'staging/fix/one', upstream: {host: 'staging', branch: 'fix/one'}};
	t.deepEqual(guessRemote('fix/one', main, remote), made);
	t.deepEqual(guessRemote('staging/fix/one', main, remote), made);
	t.like(guessRemote('live/both', main, remote), {branch: 'both', upstream: {host: 'live', branch: 'both'}});
	t.is(guessRemote('one', main, remote), undefined, 'the end of a name is no name');
	const several = t.throws(() => guessRemote('both', main, remote), {instanceOf: CoppiceError, message: /live\/both, staging\/both/v});
	t.is(several?.code, 'usage');
	const taken = t.throws(() => guessRemote('staging/main', main, remote), {instanceOf: CoppiceError});
	t.is(taken?.code, 'conflict');
	t.regex(taken?.hint ?? '', /`coppice switch main`.*`coppice pull staging main`/v);
});

test('a name that the Docker engine has is taken, unless the same clone has made what is there', t => {
	const wanted = {
		stack: 'shop', folder: '/shop', pool: '/pool', host: 'staging',
	};
	const own = {containers: [{name: 'shop-db-1', folder: '/shop'}], volumes: [{name: 'shop_data', pool: '/pool'}]};
	t.is(engineNameTaken(wanted, own), undefined);
	t.is(engineNameTaken(wanted, {containers: [], volumes: []}), undefined);
	t.regex(engineNameTaken(wanted, {...own, containers: [{name: 'shop-db-1', folder: '/other'}]})?.message ?? '', /already, in \/other\./v);
	t.regex(engineNameTaken(wanted, {...own, containers: [{name: 'shop-db-1'}]})?.message ?? '', /project shop already\./v);
	t.regex(engineNameTaken(wanted, {...own, volumes: [{name: 'shop_data', pool: '/other'}]})?.message ?? '', /in the pool \/other\./v);
	t.regex(engineNameTaken(wanted, {...own, volumes: [{name: 'shop_data'}]})?.hint ?? '', /docker volume rm shop_data/v);
});

test('files that services mount or are built from are named where they belong, the first that is missing of each', async t => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-missing-'));
	t.teardown(async () => rm(folder, {recursive: true, force: true}));
	await mkdir(path.join(folder, 'there'));
	await writeFile(path.join(folder, 'compose.yaml'), `
name: shop
services:
  web:
    build: .
    volumes: ["./there:/there", "./not/there:/not", "../beside.conf:/etc/beside.conf", "data:/data"]
  worker: {build: {context: ./worker, dockerfile: Own}}
  inline: {build: {context: ., dockerfile_inline: "FROM scratch"}}
  elsewhere: {build: "https://example.com/repository.git"}
  db: {image: postgres, configs: [tuning]}
configs: {tuning: {file: ./tuning.conf}}
volumes: {data: {}}
`);
	const stack = await readStack({directory: folder});
	const named = async (runtime: 'docker' | 'process') => {
		const missing = await findMissingFiles(stack, runtime, '/final/shop');
		return missing.map(({service, file, use}) => `${service} ${use} ${file}`);
	};

	const mounted = ['web mounted ./not/there', 'web mounted /final/beside.conf'];
	t.deepEqual(await named('process'), [...mounted, 'db mounted ./tuning.conf']);
	t.deepEqual(await named('docker'), [...mounted, 'web built from ./Dockerfile', 'worker built from ./worker', 'db mounted ./tuning.conf']);
});

test.serial('switch makes the branch of another host, with its data, and it follows that one; pull offers the ways out', async t => {
	const {root, here, there} = await makeTwoSides(t);
	await there.json('branch', 'other');
	await there.json('switch', '-c', 'fix');
	const fixed = await there.commit('fixed');
	await here.json('fetch');
	const made = await here.run(['switch', 'there/fix']);
	t.is(made.exitCode, 0, made.stderr);
	t.regex(made.stdout, /^Switched to new branch fix, which follows there\/fix/v);
	t.is(await here.tip('fix'), fixed);
	t.deepEqual((await here.files()).toSorted(), ['first', 'fixed']);
	await here.json('branch', 'copy', 'there/other');
	await here.json('branch', 'apart', 'main');
	t.deepEqual(await here.history.upstreams(), new Map([
		['main', {host: 'there', branch: 'main'}],
		['fix', {host: 'there', branch: 'fix'}],
		['copy', {host: 'there', branch: 'other'}],
	]));
	const unknown = await here.run(['switch', 'nowhere']);
	t.is(unknown.exitCode, 3, unknown.stderr);

	const theirs = await there.commit('theirs');
	const ours = await here.commit('ours');
	const pull = (...words: readonly string[]) => {
		const terminal = openTerminal([process.execPath, cliPath, 'pull', ...words], {cwd: here.folder, env: {COPPICE_HOME: path.join(root, 'home'), NO_COLOR: '1'}});
		t.teardown(() => {
			terminal.dispose();
		});
		return terminal;
	};

	const stopped = pull();
	t.regex(await stopped.until('Which?', 60), /fix and there\/fix have gone different ways: 1 commit here, 1 there\./v);
	stopped.write('\r');
	t.is(await stopped.exit(60), 5);
	t.is(await here.tip('fix'), ours);

	const into = pull();
	await into.until('Which?', 60);
	into.write('b\r');
	await into.until('Name of the new branch? [there-fix]');
	into.write('\r');
	t.is(await into.exit(60), 0, into.text());
	t.deepEqual([await here.tip('fix'), await here.tip('there-fix')], [ours, theirs]);

	const reset = pull();
	t.regex(await reset.until('Which?', 60), /yours stays as branch fix-before-pull/v);
	reset.write('r\r');
	t.is(await reset.exit(60), 0, reset.text());
	t.deepEqual([await here.tip('fix'), await here.tip('fix-before-pull')], [theirs, ours]);

	await here.json('branch', '-d', 'copy', '--yes');
	await here.json('branch', 'copy', 'main');
	const upstreams = await here.history.upstreams();
	t.deepEqual([upstreams.get('copy'), upstreams.get('there-fix')], [undefined, {host: 'there', branch: 'fix'}]);
});
