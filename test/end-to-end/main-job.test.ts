/**
The main job through the built command, on a real Postgres: commit, branch, switch, reset and undo under a writer whose
invariant is checked after each.
*/
import test from 'ava';
import {execa} from 'execa';
import {makeTestStack, type TestStack} from '../fixtures/test-stack.ts';
import {
	accounts,
	createAccounts,
	openingBalance,
	startTransfers,
	sumOfBalances,
} from '../fixtures/transfers.ts';

const whole = accounts * openingBalance;
let stack: TestStack;

test.before(async () => {
	stack = await makeTestStack();
	await stack.json('up');
	await createAccounts(stack);
});

test.after.always(async () => {
	await stack?.dispose();
});

const isThere = async (table: string): Promise<boolean> => {
	const [row] = await stack.query<{there: boolean}>('select to_regclass($1) is not null as there', [table]);
	return row?.there === true;
};

const at = <Value>(values: readonly Value[], index: number): Value => {
	const value = values[index];
	if (value === undefined) {
		throw new Error(`There is no number ${index} among ${values.length}`);
	}

	return value;
};

test.serial('status before the first commit', async t => {
	const status = await stack.json('status');
	t.is(status.stack, 'shop');
	t.is(status.branch, 'main');
	t.is(status.head, null);
	t.is(status.pool.driver, stack.driver);
	t.is(status.pool.path, stack.pool);
	t.like(status.services[0], {name: 'db', state: 'running', ready: true});
	t.is(status.services[0]?.ports[0]?.published, stack.port);
	const volume = at(status.volumes, 0);
	t.is(volume.name, 'data');
	t.true(volume.sharedBytes + volume.ownBytes > 1_000_000);
});

test.serial('reset, branch and diff before the first commit say what is missing', async t => {
	for (const arguments_ of [['reset'], ['branch', 'early'], ['switch', '-c', 'early'], ['diff']]) {
		const result = await stack.run(arguments_);
		t.is(result.exitCode, 6, arguments_.join(' '));
		t.regex(result.stderr, /commit/v);
	}
});

test.serial('a commit is quiesced, and the stack clean', async t => {
	const {commit, measure} = await stack.json('commit', '-m', 'Opening balances');
	t.is(commit.consistency, 'quiesced');
	t.is(commit.message, 'Opening balances');
	t.true(commit.stillMilliseconds > 0);
	t.true(measure.changedBytes > 1_000_000);
	const status = await stack.json('status');
	t.is(status.head, commit.id);
	t.false(status.changed);
});

test.serial('commits under load, each reset and checked', async t => {
	const writers = startTransfers(stack);
	const ids: string[] = [];
	try {
		for (let index = 0; index < 3; index++) {
			const {commit} = await stack.json('commit', '-m', `Under load ${index}`);
			ids.push(commit.id);
		}

		const before = writers.count();
		for (const id of ids.toReversed()) {
			const result = await stack.json('reset', id);
			t.is(result.commit, id);
			t.deepEqual(result.restarted, ['db']);
			t.is(await sumOfBalances(stack), whole, `the sum after the reset to ${id}`);
		}

		t.true(writers.count() > before, 'the writers got on after the resets');
	} finally {
		await writers.stop();
	}

	t.is(await sumOfBalances(stack), whole);
});

test.serial('a reset to the tip leaves the stack clean, and status says what undo would do', async t => {
	await stack.query('create table noise as select generate_series(1, 1000) as i');
	t.true((await stack.json('status')).changed);
	await stack.json('reset');
	const status = await stack.json('status');
	t.false(status.changed);
	t.regex(status.undo ?? '', /^reset main/v);
	t.false(await isThere('noise'));
});

test.serial('undo brings unsaved changes back, redo takes them away again', async t => {
	await stack.query('create table precious as select 42 as answer');
	await stack.json('reset', 'HEAD');
	t.false(await isThere('precious'));
	const undone = await stack.json('undo');
	t.is(undone.undone.verb, 'reset');
	t.true(await isThere('precious'));
	await stack.json('redo');
	t.false(await isThere('precious'));
	await stack.json('undo');
	const [row] = await stack.query<{answer: number}>('select answer from precious');
	t.is(row?.answer, 42);
});

test.serial('undo walks back through several verbs', async t => {
	const {head} = await stack.json('status');
	await stack.json('commit', '-m', 'One');
	await stack.query('create table second as select 1');
	await stack.json('commit', '-m', 'Two');
	await stack.json('tag', 'two');
	await stack.json('undo');
	t.deepEqual((await stack.json('tag')).map(tag => tag.name), []);
	await stack.json('undo');
	await stack.json('undo');
	t.is((await stack.json('status')).head, head);
	t.true(await isThere('second'), 'undoing a commit leaves the data alone');
	await stack.json('redo');
	await stack.json('redo');
	await stack.json('redo');
	const log = await stack.json('log');
	t.deepEqual(log.slice(0, 2).map(entry => entry.message), ['Two', 'One']);
	t.deepEqual(log[0]?.tags, ['two']);
});

test.serial('every branch keeps its own live data; switch needs no commit', async t => {
	await stack.json('switch', '-c', 'feature/login');
	await stack.query('create table on_feature as select 1');
	const {restarted, to} = await stack.json('switch', 'main');
	t.is(to, 'main');
	t.deepEqual(restarted, ['db']);
	t.false(await isThere('on_feature'));
	await stack.query('create table on_main as select 1');
	await stack.json('switch', 'feature/login');
	t.true(await isThere('on_feature'));
	t.false(await isThere('on_main'));
	t.true((await stack.json('status')).changed);
	await stack.json('switch', 'main');
	t.true(await isThere('on_main'));
	const branches = await stack.json('branch');
	t.deepEqual(branches.map(branch => [branch.name, branch.current]), [['feature/login', false], ['main', true]]);
});

test.serial('undo of switch -c deletes the branch and keeps its data; redo brings both back', async t => {
	await stack.json('switch', '-c', 'short');
	await stack.query('create table on_short as select 7 as seven');
	await stack.json('undo');
	t.is((await stack.json('status')).branch, 'main');
	t.false((await stack.json('branch')).some(branch => branch.name === 'short'));
	await stack.json('redo');
	t.is((await stack.json('status')).branch, 'short');
	t.true(await isThere('on_short'));
	await stack.json('switch', 'main');
});

test.serial('a branch is deleted and brought back with its unsaved data', async t => {
	await stack.json('branch', '-d', 'short', '--yes');
	t.false((await stack.json('branch')).some(branch => branch.name === 'short'));
	await stack.json('undo');
	await stack.json('switch', 'short');
	t.true(await isThere('on_short'));
	await stack.json('branch', '-m', 'short', 'long');
	t.true(await isThere('on_short'));
	t.is((await stack.json('status')).branch, 'long');
	await stack.json('switch', 'main');
});

test.serial('diff names volumes, files and bytes', async t => {
	await stack.json('reset');
	await stack.query('create table fat as select i, repeat(\'x\', 500) as pad from generate_series(1, 20000) as i');
	await stack.query('checkpoint');
	const live = await stack.json('diff');
	t.is(live.to, null);
	const volume = at(live.volumes, 0);
	t.is(volume.kind, 'changed');
	t.true(volume.bytes > 10_000_000);
	t.true(volume.files.length > 0);
	await stack.json('commit', '-m', 'Fat');
	const between = await stack.json('diff', 'HEAD~1', 'HEAD');
	t.true(at(between.volumes, 0).bytes > 10_000_000);
	const last = at(await stack.json('log'), 0);
	t.true((last.changedBytes ?? 0) > 10_000_000);
	for (const key of ['id', 'parents', 'time', 'message', 'tags', 'consistency', 'changedBytes']) {
		t.true(Object.hasOwn(last, key), `the log has ${key}`);
	}

	const same = await stack.json('diff', 'HEAD', 'HEAD');
	t.is(same.volumes[0]?.kind, 'same');
});

test.serial('commits are found by tag, prefix, ancestry and time', async t => {
	const log = await stack.json('log');
	const {id} = at(log, 0);
	const {id: parent} = at(log, 1);
	for (const [name, expected] of [['HEAD', id], ['HEAD~1', parent], ['main', id], [id.slice(0, 8), id], ['main@{0}', id]] as const) {
		const diff = await stack.json('diff', name, 'HEAD');
		t.is(diff.from, expected, `what ${name} names`);
	}

	const wrong = await stack.run(['reset', 'no-such-thing']);
	t.is(wrong.exitCode, 3);
	t.regex(wrong.stderr, /no-such-thing/v);
});

test.serial('a single commit is pruned without touching others, and undo brings it back', async t => {
	await stack.json('commit', '-m', 'Victim');
	await stack.json('commit', '-m', 'After the victim');
	const log = await stack.json('log');
	const victim = at(log, 1);
	t.is(victim.message, 'Victim');
	await stack.json('prune', victim.id);
	const after = await stack.json('log');
	t.false(after.some(entry => entry.id === victim.id));
	t.is(after.length, log.length - 1);
	t.is((await stack.run(['reset', victim.id])).exitCode, 3);
	await stack.json('undo');
	t.is((await stack.json('log')).length, log.length);
	await stack.json('prune', victim.id);
	const {destroyed} = await stack.json('prune', '--now', '--yes');
	t.true(destroyed >= 1);
	// What was destroyed for good is passed over; and no branch is moved to a commit that is gone.
	const beyond = await stack.run(['undo']);
	t.is(beyond.exitCode, 3, beyond.stderr);
	t.regex(beyond.stderr, /destroyed for good/v);
	await stack.json('reset', at(log, 2).id);
	t.is(await sumOfBalances(stack), whole);
	await stack.json('undo');
	t.is(await sumOfBalances(stack), whole);
});

test.serial('prune by rule keeps tips and what the rule wants', async t => {
	const planned = await stack.json('prune', '--keep-last', '2', '--dry-run');
	t.true(planned.dryRun);
	t.true(planned.removed.length > 0);
	const {head} = await stack.json('status');
	await stack.json('prune', '--keep-last', '2');
	const log = await stack.json('log');
	t.is(head, at(log, 0).id);
	t.is(await sumOfBalances(stack), whole);
});

test.serial('exec, logs, ps and restart', async t => {
	const version = await stack.run(['exec', 'db', '--', 'psql', '-Atc', 'select 1 + 1']);
	t.is(version.stdout.trim(), '2', version.stderr);
	const logs = await stack.run(['logs', '--tail', '20', 'db']);
	t.regex(logs.stdout, /ready to accept connections/v);
	const services = await stack.json('ps');
	t.like(services[0], {
		name: 'db', state: 'running', ready: true, database: 'postgres',
	});
	t.notRegex(JSON.stringify(services), /secret-of-the-test/v);
	await stack.json('restart', 'db');
	t.is(await sumOfBalances(stack), whole);
});

test.serial('no secret in history or logs', async t => {
	const found = await execa('grep', ['-rl', 'secret-of-the-test', `${stack.pool}/stacks/shop/history`, stack.home], {reject: false});
	t.is(found.stdout, '');
});

test.serial('down and up keep the data', async t => {
	await stack.json('down');
	const status = await stack.json('status');
	t.false(status.services[0]?.ready);
	t.not(status.services[0]?.state, 'running');
	const stopped = await stack.json('commit', '-m', 'While stopped');
	t.is(stopped.commit.consistency, 'stopped');
	const result = await stack.json('reset', 'HEAD~1');
	t.deepEqual(result.restarted, []);
	await stack.json('up');
	t.is(await sumOfBalances(stack), whole);
});
