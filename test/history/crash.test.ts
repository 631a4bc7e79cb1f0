/**
Processes killed in the middle of a change: doing it again makes it whole.
*/
import {readdir} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {execa} from 'execa';
import test, {type ExecutionContext} from 'ava';
import type {History} from '../../source/history/history.ts';
import {
	fakeId,
	linesOf,
	makeCommit,
	makeHistory,
	movesOf,
	tipOf,
} from './fixture.ts';

const [a, b] = [fakeId('a'), fakeId('b')];
const module = path.join(import.meta.dirname, '../../source/history/open-history.ts');

/** Runs a line of code with `history` in another process; killed at a failpoint where one is given. */
const runElsewhere = async (history: History, code: string, environment: Readonly<Record<string, string>> = {}) => execa(
	process.execPath,
	['--input-type=module', '--eval', `const {openHistory} = await import(${JSON.stringify(module)}); const history = openHistory(${JSON.stringify(history.folder)}); ${code}`],
	{env: environment, reject: false},
);

const prepare = async (t: ExecutionContext) => {
	const history = await makeHistory(t);
	await history.setBranch('main', a, 'commit');
	await history.setBranch('gone', b, 'made');
	await history.removeBranch('gone', 'deleted');
	return history;
};

const state = async (history: History) => ({
	branches: await history.branches(),
	current: await history.currentBranch(),
	logs: [await movesOf(history, 'main'), await movesOf(history, 'gone'), await movesOf(history, 'new')],
	files: new Set(await readdir(history.folder, {recursive: true})),
});

for (const [name, code] of Object.entries({
	'renaming a branch': 'await history.renameBranch("main", "new")',
	'renaming a branch to a name that was used before': 'await history.renameBranch("main", "gone")',
	'removing a branch': 'await history.removeBranch("main", "deleted")',
})) {
	test(`${name}: killed at each place, then done again`, async t => {
		const reference = await prepare(t);
		const log = path.join(reference.folder, '../failpoints');
		const result = await runElsewhere(reference, code, {COPPICE_FAILPOINT_LOG: log});
		t.is(result.exitCode, 0, result.stderr);
		const expected = await state(reference);
		const failpoints = await linesOf(log);
		t.true(failpoints.length > 0);
		for (const failpoint of failpoints) {
			const history = await prepare(t);
			const killed = await runElsewhere(history, code, {COPPICE_FAILPOINT: failpoint});
			t.is(killed.signal, 'SIGKILL', failpoint);
			const again = await runElsewhere(history, code);
			t.is(again.exitCode, 0, again.stderr);
			t.deepEqual(await state(history), expected, failpoint);
		}
	});
}

test('a process killed while it writes leaves nothing torn: all that it had acknowledged is there', async t => {
	for (let round = 0; round < 4; round++) {
		const history = await makeHistory(t);
		const commit = JSON.stringify(makeCommit());
		const child = execa(process.execPath, ['--input-type=module', '--eval', `
			const {openHistory} = await import(${JSON.stringify(module)});
			const history = openHistory(${JSON.stringify(history.folder)});
			let parents = [];
			for (let number = 0; ; number++) {
				const id = await history.writeCommit({...${commit}, message: String(number), parents});
				await history.setBranch('main', id, 'commit');
				await history.appendOperation({id: String(number), time: '', verb: 'commit', summary: '', changes: []});
				parents = [id];
				console.log(id);
			}
		`], {reject: false});
		const acknowledged: string[] = [];
		for await (const line of child) {
			acknowledged.push(line);
			if (acknowledged.length === 5 + (round * 3)) {
				child.kill('SIGKILL');
			}
		}

		const {commits, damaged} = await history.allCommits();
		t.deepEqual(damaged, []);
		const ids = commits.map(({id}) => id).toReversed();
		t.deepEqual(ids.slice(0, acknowledged.length), acknowledged);
		const tip = await tipOf(history, 'main');
		t.true(ids.slice(acknowledged.length - 1).includes(tip!));
		const entries = await history.reflog('main');
		t.deepEqual(entries.slice(0, acknowledged.length).map(({to}) => to), acknowledged);
		const operations = await history.operations();
		t.true(operations.length >= acknowledged.length);
		await history.clean();
		const files = await readdir(history.folder, {recursive: true});
		t.deepEqual(files.filter(file => file.endsWith('.tmp')), []);
	}
});
