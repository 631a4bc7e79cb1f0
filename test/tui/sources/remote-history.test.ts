/**
What is made of the history that another host tells, true or not.
*/
import test from 'ava';
import {
	commitId,
	encodeCommit,
	type Commit,
	type StoredCommit,
} from '../../../source/history/commit.ts';
import type {ParamsOf, ResultOf} from '../../../source/host/agent-protocol.ts';
import type {HostSource} from '../../../source/tui/sources/host-source.ts';
import {createRemoteHistory, leavesOf} from '../../../source/tui/sources/remote-history.ts';

const make = (message: string, parents: readonly string[], kind: Commit['kind'] = 'commit'): StoredCommit => {
	const commit: Commit = {
		version: 1, stack: 'shop', parents, time: `2026-03-01T12:00:${message.padStart(2, '0')}.000Z`, message, kind, branch: 'main', consistency: 'stopped',
		stillMilliseconds: 0, volumes: {data: '00000000-0000-4000-8000-000000000000'}, definition: {services: {}, volumes: ['data']},
	};
	return {...commit, id: commitId(commit)};
};

const line = (count: number): StoredCommit[] => {
	const commits: StoredCommit[] = [];
	for (let index = 0; index < count; index++) {
		commits.push(make(String(index), index === 0 ? [] : [commits[index - 1]!.id]));
	}

	return commits;
};

type Answer = ResultOf<'history'>;

const answerOf = (tip: StoredCommit, change: Partial<Answer>): Answer => ({
	currentBranch: 'main', branches: {main: tip.id}, tags: {}, remoteBranches: {}, commits: [], complete: true, count: 0,
	places: {key: 'one', elsewhere: [], removed: []}, ...change,
});

const textOf = (commit: StoredCommit) => ({id: commit.id, text: encodeCommit(commit)});

/** A host that answers so, and what it was asked. */
const hostOf = (answer: (params: ParamsOf<'history'>, call: number) => Answer) => {
	const asked: Array<ParamsOf<'history'>> = [];
	const host = {
		record: {name: 'st', kind: 'ssh', address: 'a@b'},
		isOnline: () => true,
		isLive: () => true,
		async call(_method: string, params: ParamsOf<'history'>) {
			asked.push(params);
			return answer(params, asked.length);
		},
		focus: () => () => {},
		refresh() {},
		stop() {},
	} as unknown as HostSource;
	return {host, asked};
};

test('a history comes in pages; after that only what is new is asked for, by the leaves of what is known', async t => {
	const commits = line(5);
	const safety = make('50', [commits[2]!.id], 'safety');
	const all = [...commits, safety];
	const next = make('55', [commits[4]!.id]);
	let tip = commits[4]!;
	const {host, asked} = hostOf(({known}, call) => {
		const there = new Set(known);
		const from = all.filter(({id}) => !there.has(id));
		const page = call === 1 ? all.slice(0, 3) : (call === 2 ? all.slice(3) : [next].filter(({id}) => from.length > 0 && !there.has(id)));
		return answerOf(tip, {commits: page.map(commit => textOf(commit)), complete: call !== 1, count: call < 3 ? 6 : 7});
	});
	const history = createRemoteHistory(host, 'shop', false);
	const first = await history.read();
	t.deepEqual(first.commits.map(({message}) => message), ['50', '4', '3', '2', '1', '0']);
	t.is(first.head, commits[4]!.id);
	t.deepEqual(asked[1]!.known, [commits[2]!.id]);
	t.is(asked[1]!.places, 'one');
	tip = next;
	const second = await history.read();
	t.is(second.commits.length, 7);
	t.deepEqual(asked[2]!.known.toSorted(), [commits[4]!.id, safety.id].toSorted());
});

test('a text that does not give its id is not believed, and a host that never says that it is done is not asked for ever', async t => {
	const [good, other] = line(2) as [StoredCommit, StoredCommit];
	const {host, asked} = hostOf(() => answerOf(good, {
		commits: [textOf(good), {id: other.id, text: encodeCommit({...other, message: 'another'})}], complete: false, count: 1_000_000,
	}));
	const part = await createRemoteHistory(host, 'shop', false).read();
	t.deepEqual(part.commits.map(({id}) => id), [good.id]);
	t.is(part.damaged, 1);
	t.is(asked.length, 2);
});

test('removed commits are passed over, those without data are marked, and those that are gone are forgotten', async t => {
	const commits = line(4);
	const tip = commits[3]!;
	let present = commits;
	const {host, asked} = hostOf(({known}) => answerOf(tip, {
		commits: known.length === 0 ? present.map(commit => textOf(commit)) : [],
		count: present.length,
		places: {key: 'two', elsewhere: [commits[0]!.id], removed: [commits[2]!.id]},
	}));
	const history = createRemoteHistory(host, 'shop', false);
	const part = await history.read();
	t.deepEqual(part.commits.map(({message, isElsewhere}) => [message, isElsewhere]), [['3', false], ['1', false], ['0', true]]);
	t.deepEqual(part.commits[0]!.parents, [commits[1]!.id]);
	present = commits.slice(1);
	t.deepEqual((await history.read()).commits.map(({message}) => message), ['3', '1']);
	t.deepEqual(asked.at(-1)!.known, []);
});

test('leaves are those that nobody descends from', t => {
	const commits = line(3);
	t.deepEqual(leavesOf(new Map(commits.map(commit => [commit.id, commit]))), [commits[2]!.id]);
	t.deepEqual(leavesOf(new Map()), []);
});
