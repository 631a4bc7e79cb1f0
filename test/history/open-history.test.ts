/**
The history as files: commits, measures, journal, operations. Refs have a file of their own.
*/
import {
	appendFile,
	readdir,
	readFile,
	truncate,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {commitId, encodeCommit} from '../../source/history/commit.ts';
import type {History} from '../../source/history/history.ts';
import {openHistory} from '../../source/history/open-history.ts';
import type {Operation} from '../../source/history/operation.ts';
import {
	failsAs,
	failsNaming,
	fakeId,
	makeCommit,
	makeFolder,
	makeHistory,
	writeLine,
} from './fixture.ts';

const fileOf = (history: History, id: string) => path.join(history.folder, 'commits', `${id}.json`);

test('making a history again changes nothing', async t => {
	const history = await makeHistory(t);
	const id = await history.writeCommit(makeCommit());
	await history.setBranch('main', id, 'commit');
	await history.setBranch('other', id, 'branch');
	await history.setCurrentBranch('other');
	await history.create('main');
	t.is(await history.currentBranch(), 'other');
	t.deepEqual(await history.branches(), new Map([['main', id], ['other', id]]));
});

test('a history that is not there is empty, not an error', async t => {
	const history = openHistory(path.join(await makeFolder(t), 'nowhere'));
	t.deepEqual(await history.allCommits(), {commits: [], damaged: []});
	t.deepEqual(await history.branches(), new Map());
	t.deepEqual(await history.remoteBranches(), new Map());
	t.deepEqual(await history.operations(), []);
	t.deepEqual(await history.openJournal(), []);
	t.deepEqual(await history.reflog('main'), []);
	await history.clean();
	await failsAs(t, 'failed', async () => history.currentBranch());
});

test('a commit is written, found and read; its file holds exactly what its id is the hash of', async t => {
	const history = await makeHistory(t);
	const commit = makeCommit();
	const id = await history.writeCommit(commit);
	t.is(id, commitId(commit));
	t.is(await history.writeCommit(commit), id);
	t.deepEqual(await history.readCommit(id), {...commit, id});
	t.is(await history.writeCommit(await history.readCommit(id)), id, 'a commit that was read is written as another');
	t.deepEqual(await history.commitIds(), [id]);
	t.is(await readFile(fileOf(history, id), 'utf8'), encodeCommit(commit));
});

test('a commit that could not be read back is not written', async t => {
	const history = await makeHistory(t);
	await failsAs(t, 'failed', async () => history.writeCommit(makeCommit({branch: '../x'})));
	t.deepEqual(await history.commitIds(), []);
});

test('an id never becomes a path unchecked', async t => {
	const history = await makeHistory(t);
	for (const id of ['../HEAD', '', 'abc', `${fakeId('a')}/..`]) {
		await failsAs(t, 'usage', async () => history.readCommit(id));
		await failsAs(t, 'usage', async () => history.readAnyCommit(id));
		await failsAs(t, 'usage', async () => history.removeCommit(id));
		await failsAs(t, 'usage', async () => history.restoreCommit(id));
		await failsAs(t, 'usage', async () => history.setBranch('main', id, 'x'));
		await failsAs(t, 'usage', async () => history.setTag('v1', id));
		t.is(await history.readMeasure(id), undefined);
		await t.throwsAsync(history.writeMeasure(id, {changedBytes: 0, changedFiles: 0, volumes: {}}));
	}
});

test('a commit is removed, restored, and removed again, each safe to repeat', async t => {
	const history = await makeHistory(t);
	const commit = makeCommit();
	const id = await history.writeCommit(commit);
	const child = await history.writeCommit(makeCommit({parents: [id], time: '2026-11-20T15:00:00.000Z'}));
	for (let round = 0; round < 2; round++) {
		await history.removeCommit(id);
		t.deepEqual(await history.commitIds(), [child]);
		t.deepEqual(await history.removedIds(), [id]);
		await failsNaming(t, 'not-found', `Commit ${id.slice(0, 8)} was removed.`, async () => history.readCommit(id));
		t.like(await history.readAnyCommit(id), {id, removed: true, state: 'removed'});
		t.deepEqual(await history.removedCommits(), {commits: [{...commit, id}], damaged: []});
	}

	for (let round = 0; round < 2; round++) {
		await history.restoreCommit(id);
		t.deepEqual(await history.removedIds(), []);
		t.deepEqual(await history.readAnyCommit(id), {
			...commit, id, removed: false, state: 'here',
		});
	}

	await failsAs(t, 'not-found', async () => history.removeCommit(fakeId('a')));
	await failsAs(t, 'not-found', async () => history.restoreCommit(fakeId('a')));
	await failsAs(t, 'not-found', async () => history.readAnyCommit(fakeId('a')));
});

test('writing a removed commit brings it back', async t => {
	const history = await makeHistory(t);
	const commit = makeCommit();
	const id = await history.writeCommit(commit);
	await history.removeCommit(id);
	await history.writeCommit(commit);
	t.deepEqual(await history.removedIds(), []);
	t.deepEqual(await history.commitIds(), [id]);
});

test('all commits come newest first, parents after children even at one instant', async t => {
	const history = await makeHistory(t);
	const ids = await writeLine(history, 20);
	const {commits, damaged} = await history.allCommits();
	t.deepEqual(commits.map(({id}) => id), ids.toReversed());
	t.deepEqual(damaged, []);
});

test('a commit file cut in half spoils no other, is reported, and can be removed or written again', async t => {
	const history = await makeHistory(t);
	const commit = makeCommit();
	const id = await history.writeCommit(commit);
	const other = await history.writeCommit(makeCommit());
	const file = fileOf(history, id);
	await truncate(file, encodeCommit(commit).length / 2);
	const error = await failsAs(t, 'failed', async () => history.readCommit(id));
	t.true(error.message.includes(file));
	t.is(error.context.file, file);
	const {commits, damaged} = await history.allCommits();
	t.is(commits[0]?.id, other);
	t.is(commits.length, 1);
	t.deepEqual(damaged, [{id, reason: error.message}]);

	await history.removeCommit(id);
	t.deepEqual(await history.commitIds(), [other]);
	const removed = await history.removedCommits();
	t.is(removed.damaged[0]?.id, id);
	await history.restoreCommit(id);

	await history.writeCommit(commit);
	t.deepEqual(await history.readCommit(id), {...commit, id});
});

test('files that are not ours are passed over', async t => {
	const history = await makeHistory(t);
	const id = await history.writeCommit(makeCommit());
	for (const name of ['README', 'x.json', `${id}.json~`, '.x.tmp']) {
		await writeFile(path.join(history.folder, 'commits', name), 'x');
		await writeFile(path.join(history.folder, 'refs/heads', name.includes('~') ? name : `${name}~`), 'x');
	}

	t.deepEqual(await history.commitIds(), [id]);
	const {damaged} = await history.allCommits();
	t.deepEqual(damaged, []);
	t.deepEqual(await history.branches(), new Map([['main', null]]));
});

test('what a crash left half written is removed, and nothing else', async t => {
	const history = await makeHistory(t);
	const id = await history.writeCommit(makeCommit());
	const before = await readdir(history.folder, {recursive: true});
	for (const folder of ['', 'commits', 'refs/heads', 'journal']) {
		await writeFile(path.join(history.folder, folder, '.x.json.0123456789ab.tmp'), 'half');
	}

	await history.clean();
	const after = await readdir(history.folder, {recursive: true});
	t.deepEqual(after.toSorted(), before.toSorted());
	t.deepEqual(await history.commitIds(), [id]);
});

test('a measure is a cache: one that is damaged is as if it were not there', async t => {
	const history = await makeHistory(t);
	const id = await history.writeCommit(makeCommit());
	const measure = {changedBytes: 10, changedFiles: 1, volumes: {data: {changedBytes: 10, changedFiles: 1}}};
	t.is(await history.readMeasure(id), undefined);
	await history.writeMeasure(id, measure);
	t.deepEqual(await history.readMeasure(id), measure);
	await truncate(path.join(history.folder, 'measures', `${id}.json`), 5);
	t.is(await history.readMeasure(id), undefined);
	await writeFile(path.join(history.folder, 'measures', `${id}.json`), '{"changedBytes":"many"}');
	t.is(await history.readMeasure(id), undefined);
});

test('the journal: written, replaced, listed oldest first, closed, each safe to repeat', async t => {
	const history = await makeHistory(t);
	const first = {
		id: 'b-first', verb: 'reset', time: '2026-11-20T14:00:00.000Z', payload: {steps: [1, null]},
	};
	const second = {...first, id: 'a-second', time: '2026-11-20T14:00:01.000Z'};
	await history.writeJournal(second);
	await history.writeJournal(first);
	t.deepEqual(await history.openJournal(), [first, second]);
	await history.writeJournal({...first, payload: 'other'});
	t.deepEqual(await history.openJournal(), [{...first, payload: 'other'}, second]);
	await history.closeJournal(first.id);
	await history.closeJournal(first.id);
	t.deepEqual(await history.openJournal(), [second]);
	await t.throwsAsync(history.writeJournal({...first, id: '../x'}));
	await t.throwsAsync(history.closeJournal('../HEAD'));
});

test('a journal entry that can\'t be read stops with its name', async t => {
	const history = await makeHistory(t);
	const file = path.join(history.folder, 'journal/x.json');
	for (const content of ['', '{"id":"x"', '[]', '{"id":"y","verb":"reset","time":"2026-11-20T14:00:00.000Z"}']) {
		await writeFile(file, content);
		const error = await failsAs(t, 'failed', async () => history.openJournal());
		t.true(error.message.includes(file));
	}
});

const operation = (id: string, changes: Operation['changes'] = []): Operation => ({
	id, time: '2026-11-20T14:00:00.000Z', verb: 'reset', summary: 'reset main', changes,
});

test('operations are appended once each and come back as they were, a branch without a commit told from no branch', async t => {
	const history = await makeHistory(t);
	const operations = [
		operation('1', [{type: 'branch', name: 'x', to: null}]),
		operation('2', [{
			type: 'branch', name: 'x', from: null, to: fakeId('a'),
		}, {type: 'head', from: 'main', to: 'x'}]),
		operation('3', [{
			type: 'branch', name: 'x', from: fakeId('a'), kept: fakeId('b'),
		}]),
		{...operation('4', [{type: 'tag', name: 'v1', to: fakeId('a')}, {type: 'pruned', commits: [fakeId('c')]}]), undoes: '3'},
	];
	for (const one of operations) {
		await history.appendOperation(one);
		await history.appendOperation(one);
	}

	t.deepEqual(await history.operations(), operations);
	const read = await history.operations();
	t.false('from' in read[0]!.changes[0]!);
	t.false('to' in read[2]!.changes[0]!);
});

const operationsFile = (history: History) => path.join(history.folder, 'operations.jsonl');

const withOperations = async (t: ExecutionContext) => {
	const history = await makeHistory(t);
	await history.appendOperation(operation('1'));
	await history.appendOperation(operation('2'));
	return history;
};

test('a last operation that a crash has cut is left out, and the next one is whole', async t => {
	const history = await withOperations(t);
	const whole = await readFile(operationsFile(history), 'utf8');
	for (let cut = 1; cut < whole.length / 2; cut += 3) {
		await writeFile(operationsFile(history), whole.slice(0, -cut));
		const left = await history.operations();
		// Only its line end is missing: it is whole.
		t.deepEqual(left.map(({id}) => id), cut === 1 ? ['1', '2'] : ['1']);
		await history.appendOperation(operation('3'));
		const after = await history.operations();
		t.deepEqual(after.map(({id}) => id), cut === 1 ? ['1', '2', '3'] : ['1', '3']);
	}
});

test('an altered line in the middle of the operations is named, and stops no verb from adding its own', async t => {
	const history = await withOperations(t);
	for (const line of ['garbage', '{"id":5}']) {
		await writeFile(operationsFile(history), `${JSON.stringify(operation('1'))}\n${line}\n${JSON.stringify(operation('2'))}\n`);
		const error = await failsAs(t, 'failed', async () => history.operations());
		t.true(error.message.includes(`Line 2 of ${operationsFile(history)}`));
	}

	await history.appendOperation(operation('3'));
	const text = await readFile(operationsFile(history), 'utf8');
	t.is(text.split('\n').length, 5);
});

test('a line of zeros, as a power cut leaves it, is a torn line', async t => {
	const history = await withOperations(t);
	await appendFile(operationsFile(history), '\0'.repeat(100));
	const before = await history.operations();
	t.is(before.length, 2);
	await history.appendOperation(operation('3'));
	const after = await history.operations();
	t.deepEqual(after.map(({id}) => id), ['1', '2', '3']);
});
