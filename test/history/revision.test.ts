/**
From what a user types to a commit.
*/
import test from 'ava';
import {
	resolve,
	resolveRevision,
	type RevisionView,
} from '../../source/history/revision.ts';
import type {ReflogEntry} from '../../source/history/history.ts';
import {
	failsAs,
	fakeId,
	makeHistory,
	writeLine,
} from './fixture.ts';

/** Ids that begin alike: `aaaa1…` and `aaaa2…`. */
const id = (start: string) => start.padEnd(64, '0');
const [first, second, third, merged, side, removed] = ['aaaa1', 'aaaa2', 'bbbb1', 'cccc1', 'dddd1', 'eeee1'].map(start => id(start)) as [string, string, string, string, string, string];

// First ← removed ← second ← third ← merged, and side ← merged.
const parents: Readonly<Record<string, readonly string[]>> = {
	[first]: [], [removed]: [first], [second]: [removed], [third]: [second], [side]: [first], [merged]: [third, side],
};

const entry = (time: string, from: string | null, to: string | null): ReflogEntry => ({
	time, from, to, reason: 'x',
});

const reflogs: Readonly<Record<string, readonly ReflogEntry[]>> = {
	main: [
		entry('2026-11-20T10:00:00.000Z', null, first),
		entry('2026-11-20T11:00:00.000Z', first, second),
		entry('2026-11-20T12:00:00.000Z', second, third),
		entry('2026-11-20T13:00:00.000Z', third, merged),
	],
	gone: [entry('2026-11-20T10:00:00.000Z', null, side), entry('2026-11-20T11:00:00.000Z', side, null)],
	pruned: [entry('2026-11-20T10:00:00.000Z', null, removed), entry('2026-11-20T11:00:00.000Z', removed, first)],
};

const view: RevisionView = {
	head: 'main',
	branches: new Map([
		['main', merged], ['empty', null], ['feature/x', second], ['both', second], ['aaaa', third], ['staging/main', first], ['pruned', first],
	]),
	tags: new Map([['v1.0', first], ['both', third]]),
	remoteBranches: new Map([['staging/main', second], ['staging/dev', side]]),
	ids: [first, second, third, merged, side],
	removedIds: [removed],
	now: new Date('2026-11-20T14:00:00.000Z'),
	parents: async commit => parents[commit] ?? [],
	reflog: async branch => reflogs[branch] ?? [],
	headlog: async () => [entry('', null, 'feature/x'), entry('', 'feature/x', 'gone'), entry('', 'gone', 'main')],
};

for (const [text, expected] of Object.entries({
	HEAD: merged,
	'@': merged,
	main: merged,
	'feature/x': second,
	'v1.0': first,
	'staging/dev': side,
	[merged]: merged,
	cccc: merged,
	CCCC1: merged,
	aaaa2: second,

	// A tag hides a branch, a branch hides a remote branch and the start of an id.
	both: third,
	'heads/both': second,
	'refs/heads/both': second,
	'tags/both': third,
	'staging/main': first,
	'remotes/staging/main': second,
	aaaa: third,

	'HEAD~': third,
	'HEAD~0': merged,
	'HEAD~1': third,
	'HEAD^': third,
	'HEAD^1': third,
	'HEAD^2': side,
	'HEAD^0': merged,
	'@~2': second,
	'main~~': second,
	'HEAD^2~1': first,
	'HEAD^2^': first,

	// The removed commit is passed over, as in the log.
	'HEAD~3': first,
	'aaaa2^': first,
	[`${removed}^`]: first,

	'@{0}': merged,
	'@{1}': third,
	'HEAD@{1}': third,
	'main@{3}': first,
	'main@{1}~1': second,
	'main@{1 hour ago}': merged,
	'main@{90 minutes ago}': third,
	'main@{2.hours.ago}': third,
	'main@{2026-11-20T11:30Z}': second,
	'gone@{1}': side,
	'gone@{2026-11-20T10:30Z}': side,
	'@{-2}': second,
})) {
	test(`${text.slice(0, 30)} is ${expected.slice(0, 5)}`, async t => {
		const found = await resolveRevision(text, view);
		t.is(found.id, expected);
	});
}

for (const [text, ref] of Object.entries({
	HEAD: {kind: 'branch', name: 'main'},
	main: {kind: 'branch', name: 'main'},
	'@{-2}': {kind: 'branch', name: 'feature/x'},
	'v1.0': {kind: 'tag', name: 'v1.0'},
	'heads/both': {kind: 'branch', name: 'both'},
	'staging/dev': {kind: 'remote', name: 'staging/dev'},
	'main~1': undefined,
	'main@{1}': undefined,
	cccc: undefined,
})) {
	test(`${text} ${ref ? `names the ${ref.kind} ${ref.name}` : 'names no ref'}`, async t => {
		const found = await resolveRevision(text, view);
		t.deepEqual(found.ref as unknown, ref);
	});
}

for (const [text, code, message, hint] of [
	['mian', 'not-found', /no commit, branch or tag "mian"/v, /Did you mean main\?/v],
	['feature', 'not-found', /"feature"/v, /feature\/x/v],
	['zzzzzzzz', 'not-found', /"zzzzzzzz"/v, /coppice log/v],
	['ccc', 'not-found', /"ccc"/v, /at least 4 digits/v],
	['ffff', 'not-found', /"ffff"/v, /coppice log/v],
	['HEAD~4', 'not-found', /goes beyond the first commit: cccc1000 has 3 before it/v, /coppice log/v],
	['HEAD^3', 'not-found', /no parent number 3/v, /coppice log/v],
	['v1.0^', 'not-found', /no parent/v, /coppice log/v],
	['empty', 'not-found', /empty has no commit yet/v, /coppice commit/v],
	[removed, 'not-found', /removed/v, /undo/v],
	['eeee', 'not-found', /removed/v, /undo/v],
	['pruned@{1}', 'not-found', /removed/v, /undo/v],
	['main@{4}', 'not-found', /changed 4 times/v, /main@\{3\}/v],
	['empty@{0}', 'not-found', /changed 0 times/v, /coppice log/v],
	['main@{5 hours ago}', 'not-found', /no commit yet at 2026-11-20T09:00:00.000Z/v, /10:00/v],
	['gone@{0}', 'not-found', /had no commit then/v, /gone@\{1\}/v],
	['main@{soon}', 'usage', /"soon"/v, /1 hour ago/v],
	['v1.0@{1}', 'usage', /no branch/v, /@\{/v],
	['nowhere@{1}', 'not-found', /"nowhere"/v, /./v],
	['@{-1}', 'not-found', /branch gone, which was current/v, /gone@\{1\}/v],
	['@{-3}', 'not-found', /only 2 switches/v, /branch/v],
	['main@{-1}', 'usage', /only the current branch/v, /@\{-1\}/v],
	['', 'usage', /does not name/v, /HEAD~2/v],
	['../x;rm', 'usage', /does not name/v, /HEAD~2/v],
	['main~x', 'usage', /does not name/v, /HEAD~2/v],
	['main@{', 'usage', /does not name/v, /HEAD~2/v],
	['~1', 'usage', /does not name/v, /HEAD~2/v],
	['-x y', 'usage', /does not name/v, /HEAD~2/v],
] as const) {
	test(`${JSON.stringify(text.slice(0, 30))} fails as ${code}`, async t => {
		const error = await failsAs(t, code, async () => resolveRevision(text, view));
		t.regex(error.message, message);
		t.regex(error.hint!, hint);
	});
}

test('the start of several ids lists them', async t => {
	const error = await failsAs(t, 'usage', async () => resolveRevision('aaaa', {...view, branches: new Map()}));
	t.regex(error.message, /aaaa1000, aaaa2000/v);
	const many = Array.from({length: 20}, (_, index) => id(`abcd${index.toString().padStart(2, '0')}`));
	const crowd = await failsAs(t, 'usage', async () => resolveRevision('abcd', {...view, ids: many}));
	t.regex(crowd.message, /start of 20 ids: .* and 12 more/v);
});

test('a very large step ends', async t => {
	await failsAs(t, 'not-found', async () => resolveRevision('HEAD~999999999', view));
});

test('a removed commit does not make the start of an id ambiguous', async t => {
	const found = await resolveRevision('cccc', {...view, removedIds: [id('cccc2')]});
	t.is(found.id, merged);
});

test('HEAD of a history without a commit', async t => {
	const history = await makeHistory(t);
	const error = await failsAs(t, 'not-found', async () => resolve(history, 'HEAD'));
	t.regex(error.message, /main has no commit yet/v);
});

test('a real history: branches, steps over a removed commit, the reflog, a commit that is not there', async t => {
	const history = await makeHistory(t);
	const ids = await writeLine(history, 4);
	for (const commit of ids) {
		await history.setBranch('main', commit, 'commit');
	}

	await history.setTag('v1', ids[0]!);
	t.is(await resolve(history, 'HEAD'), ids[3]!);
	t.is(await resolve(history, '@{2}'), ids[1]!);
	t.is(await resolve(history, 'main@{now}'), ids[3]!);
	t.is(await resolve(history, ids[2]!.slice(0, 12)), ids[2]!);
	await history.removeCommit(ids[2]!);
	t.is(await resolve(history, 'HEAD~1'), ids[1]!);
	t.is(await resolve(history, 'HEAD~2'), ids[0]!);
	await failsAs(t, 'not-found', async () => resolve(history, ids[2]!));
	await failsAs(t, 'not-found', async () => resolve(history, fakeId('1')));
});
