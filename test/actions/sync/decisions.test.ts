/**
What is decided before anything goes over the line, and what another host says that can't be believed.
*/
import {randomUUID} from 'node:crypto';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {describeProgress} from '../../../source/actions/describe-progress.ts';
import {keepName} from '../../../source/actions/pull.ts';
import {askCommits} from '../../../source/actions/sync/ask-commits.ts';
import {announceFullSends, type PlannedSend} from '../../../source/actions/sync/choose-bases.ts';
import {waysToGet} from '../../../source/actions/sync/missing-images.ts';
import type {Peer} from '../../../source/actions/sync/peer.ts';
import {fartherSnapshots, nearestSnapshots, planData} from '../../../source/actions/sync/plan-data.ts';
import {makeVariablesFile, quoteValue} from '../../../source/actions/sync/project-files.ts';
import {sharedCommits} from '../../../source/actions/sync/shared-pins.ts';
import {beginTransfer, readTransfer, readTransfers} from '../../../source/actions/sync/transfer-records.ts';
import {sumTransfer} from '../../../source/actions/sum-transfer.ts';
import {parseBytes} from '../../../source/cli/parse-value.ts';
import {commitId, encodeCommit, type Commit} from '../../../source/history/commit.ts';
import type {CommitState} from '../../../source/history/commit-store.ts';
import {aheadAndBehind, knownCommitsOf, leavesOf} from '../../../source/history/known-commits.ts';
import {findHome, type Home} from '../../../source/host/home.ts';
import type {Host} from '../../../source/host/host.ts';
import {parseEnvFile} from '../../../source/stack/env-file.ts';
import {failsAs, makeCommit} from '../../history/fixture.ts';

/** A line of commits, oldest first. */
const line = (count: number): Commit[] => {
	const commits: Commit[] = [];
	for (let number = 0; number < count; number++) {
		commits.push(makeCommit({message: String(number), parents: commits.slice(-1).map(commit => commitId(commit)), time: `2026-11-20T14:00:${String(number).padStart(2, '0')}.000Z`}));
	}

	return commits;
};

const known = (commits: readonly Commit[], state: CommitState = 'here') => knownCommitsOf(commits.map(commit => ({...commit, id: commitId(commit), state})));

const setsOf = (commits: readonly Commit[]) => new Map([['data', new Set(commits.map(commit => commit.volumes.data!))]]);

test('data are planned for what lacks them, parents first, and what the other side has no more is told', t => {
	const commits = line(4);
	const ids = commits.map(commit => commitId(commit));
	const plan = planData(ids, known(commits), setsOf(commits.slice(0, 1)), setsOf([commits[0]!, commits[2]!, commits[3]!]));
	t.deepEqual(plan.commits, [ids[0]!, ids[2]!, ids[3]!]);
	t.deepEqual(plan.unavailable, [ids[1]!]);
	t.deepEqual(plan.byVolume.get('data')?.map(({snapshot}) => snapshot), [commits[2]!.volumes.data!, commits[3]!.volumes.data!]);
});

test('the nearest snapshots in ancestry come first, those of a sibling branch before the far past', t => {
	const commits = line(5);
	const sibling = makeCommit({parents: [commitId(commits[3]!)], message: 'sibling'});
	const nearest = nearestSnapshots(commitId(commits[4]!), 'data', known([...commits, sibling]));
	t.deepEqual(nearest, [commits[3]!, commits[2]!, sibling, commits[1]!, commits[0]!].map(commit => commit.volumes.data!));
});

test('what lies behind a nearer common snapshot is no base to ask about, unless a branch of its own has it', t => {
	const commits = line(5);
	const [first, second, third, fourth, tip] = commits;
	const sibling = makeCommit({parents: [commitId(second!)], message: 'sibling'});
	const snapshots = (...list: readonly Commit[]) => new Set(list.map(({volumes}) => volumes.data!));
	const farther = (...common: readonly Commit[]) => fartherSnapshots(commitId(tip!), 'data', known([...commits, sibling]), snapshots(...common));
	t.deepEqual([...farther(first!, second!, fourth!, sibling)].toSorted(), [...snapshots(first!, second!, third!)].toSorted());
	t.deepEqual([...farther(first!, third!)].toSorted(), [...snapshots(first!, second!)].toSorted());
	t.deepEqual(farther(sibling), new Set());
	const same = makeCommit({parents: [commitId(tip!)], message: 'as it was', volumes: first!.volumes});
	t.false(fartherSnapshots(commitId(tip!), 'data', known([...commits, same]), snapshots(first!, fourth!)).has(first!.volumes.data!));
});

test('what is kept for another host are the nearest commits that both have', t => {
	const commits = line(3);
	const [old, , tip] = commits.map(commit => commitId(commit));
	t.deepEqual(sharedCommits([tip!], known(commits), setsOf(commits), setsOf(commits)), [tip!]);
	t.deepEqual(sharedCommits([tip!], known(commits), setsOf(commits), setsOf(commits.slice(0, 1))), [old!]);
	t.deepEqual(sharedCommits([tip!], known(commits, 'elsewhere'), setsOf(commits), setsOf(commits)), []);
});

test('ahead and behind count what a log would show', t => {
	const commits = line(3);
	const other = makeCommit({parents: [commitId(commits[0]!)], message: 'other'});
	const all = known([...commits, other]);
	t.deepEqual(aheadAndBehind(commitId(commits[2]!), commitId(other), all), {ahead: 2, behind: 1});
	t.deepEqual(aheadAndBehind(null, commitId(other), all), {ahead: 0, behind: 2});
	t.deepEqual(leavesOf(all.byId.values()).toSorted(), [commitId(commits[2]!), commitId(other)].toSorted());
});

test('the branch that keeps what was ours never takes a name that is there', t => {
	t.is(keepName('main', new Set(['main'])), 'main-before-pull');
	t.is(keepName('main', new Set(['main-before-pull', 'main-before-pull-2'])), 'main-before-pull-3');
});

test('a full send where an increment was to be expected asks, and is an error where nobody can be asked', async t => {
	const send: PlannedSend = {
		volume: 'data', snapshot: randomUUID(), commit: 'x', bytes: 5 * 1024 * 1024, unexpectedlyFull: true,
	};
	const planned = new Map([['data', [send]]]);
	const place = {host: 'staging', direction: 'from' as const};
	const error = await failsAs(t, 'precondition', async () => announceFullSends(planned, place, {}));
	t.true(error.message.includes('data (5 MiB)') && error.hint!.includes('--full'), error.message);
	await t.notThrowsAsync(announceFullSends(planned, place, {full: true}));
	let asked = 0;
	await announceFullSends(planned, place, {
		async confirm({volumes}) {
			asked = volumes[0]!.bytes;
		},
	});
	t.is(asked, send.bytes);
	await t.notThrowsAsync(announceFullSends(new Map([['data', [{...send, unexpectedlyFull: false}]]]), place, {}));
});

type Answer = {readonly commits: ReadonlyArray<{readonly id: string; readonly text: string; readonly hasData: boolean}>; readonly complete: boolean};

const content = (commit: Commit) => ({id: commitId(commit), text: encodeCommit(commit), hasData: true});

/** A host that answers what it is told to, whatever it is asked. */
const liar = (answers: readonly Answer[]): Peer => {
	let index = 0;
	const host = {
		record: {name: 'staging', kind: 'pool', address: '/x'},
		call: async () => answers[Math.min(index++, answers.length - 1)],
	} as unknown as Host;
	return {name: 'staging', host, production: false};
};

const ask = async (answers: readonly Answer[], tips: readonly string[], options = {}) => askCommits(liar(answers), {stack: 'shop', tips, known: new Map()}, options);

test('commits come page by page, in any order, and are used parents first; what was not asked for is passed over', async t => {
	const commits = line(4);
	const stranger = makeCommit({message: 'stranger'});
	const tip = commitId(commits[3]!);
	const asked = await ask([
		{commits: [content(commits[3]!), content(commits[1]!)], complete: false},
		{commits: [content(stranger), content(commits[0]!), content(commits[2]!)], complete: true},
	], [tip]);
	t.deepEqual(asked.map(({commit}) => commit.message), ['0', '1', '2', '3']);
	t.deepEqual(await ask([], []), []);
});

test('a host whose commits can\'t be right is refused', async t => {
	const [first, second] = line(2);
	const tip = commitId(second!);
	const refuses = async (answers: readonly Answer[], what: RegExp, options = {}) => {
		const error = await failsAs(t, 'failed', async () => ask(answers, [tip], options));
		t.regex(error.message, what);
		t.is(error.context.host, 'staging');
	};

	await refuses([{commits: [{...content(second!), text: encodeCommit(first!)}], complete: true}], /does not give its id/v);
	await refuses([{commits: [content(first!)], complete: true}], /not among them/v);
	await refuses([{commits: [], complete: false}], /says that there are more/v);
	await refuses([{commits: [content(second!)], complete: false}, {commits: [content(second!)], complete: false}], /says that there are more/v);
	const foreign = makeCommit({stack: 'other'});
	await refuses([{commits: [content(foreign)], complete: true}], /another stack/v);
	await refuses([{commits: [content(second!), content(first!)], complete: true}], /no end/v, {bounds: {commits: 1, characters: 1e9}});
	await refuses([{commits: [content(second!)], complete: true}], /no end/v, {bounds: {commits: 10, characters: 20}});
});

test('any value of a variable is read back as it was', t => {
	fc.assert(fc.property(fc.string({unit: 'grapheme'}), value => {
		// A NUL can be in no environment.
		fc.pre(!value.includes('\0'));
		const text = `A=${quoteValue(value)}\nB=1\n`;
		const read = parseEnvFile(text, () => undefined);
		t.deepEqual([read.get('A'), read.get('B')], [value, '1']);
	}));
	for (const value of ['it\'s "$HOME"', 'a\nb', '\\', 'x # y', ' lead', String.raw`\n'`, '$X\'']) {
		t.is(parseEnvFile(`A=${quoteValue(value)}\n`, () => undefined).get('A'), value);
	}
});

test('variables without a value are named, and a name that is none is refused', async t => {
	const {text, missing} = makeVariablesFile({TOKEN: null, PORT: '80'}, 'staging');
	t.deepEqual(missing, ['TOKEN']);
	t.true(text.startsWith('# Not given by staging') && text.includes('\nTOKEN=\n') && text.endsWith('PORT=80\n'), text);
	await failsAs(t, 'failed', () => makeVariablesFile({'A\nB': 'x'}, 'staging'));
});

test('a missing image is got from its registry, by building it, or from the other host', t => {
	const image = {
		service: 'web', image: 'shop/web:1', digest: null, build: false,
	};
	t.deepEqual(waysToGet(image, {
		name: 'staging', kind: 'ssh', address: 'me@host', port: 2222,
	}), ['docker pull shop/web:1', 'ssh -p 2222 me@host docker save shop/web:1 | docker load']);
	t.regex(waysToGet({...image, build: true}, {name: 'b', kind: 'pool', address: '/b'}).join('\n'), /^docker compose build web .*$/v);
});

const mebibyte = 1024 * 1024;

test('progress of a transfer tells what went over the line, and its rate leaves out what was there before', t => {
	t.is(describeProgress({
		type: 'progress', task: 'fetching shop', done: 60 * mebibyte, total: 100 * mebibyte, unit: 'bytes', wireBytes: 5 * mebibyte, resumedBytes: 40 * mebibyte,
	}, 2000), 'fetching shop  60 %  60 MiB of 100 MiB  10 MiB/s  4 s left  5 MiB over the line (4.0 : 1)');
});

test('bytes are read as people write them', t => {
	t.deepEqual(['7', '500K', '5M', '1.5g', '2MiB'].map(text => parseBytes(text)), [7, 512_000, 5_242_880, 1_610_612_736, 2_097_152]);
	for (const wrong of ['', '0', '-1', '5X', 'M']) {
		t.throws(() => parseBytes(wrong));
	}
});

const makeHome = async (t: ExecutionContext): Promise<Home> => {
	const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-transfers-'));
	t.teardown(async () => rm(root, {recursive: true, force: true}));
	return findHome({COPPICE_HOME: root});
};

const about = {
	verb: 'fetch' as const, host: 'staging', stack: 'shop', command: ['fetch', 'staging'], directory: '/x',
};

test('a record tells a transfer that runs from one whose process is gone', async t => {
	const home = await makeHome(t);
	const log = beginTransfer(home, about);
	await log.begins;
	t.like(await readTransfer(home, log.id), {state: 'running', host: 'staging'});
	log.update({
		rate: 100, volumes: [{
			volume: 'data', snapshot: 'x', totalBytes: 1000, streamBytes: 400, wireBytes: 90, resumedBytes: 100, state: 'running',
		}],
	});
	await log.finish('failed', 'the line was lost');
	const over = await readTransfer(home, log.id);
	t.like(over, {state: 'failed', message: 'the line was lost'});
	t.deepEqual(sumTransfer(over!), {
		streamBytes: 400, totalBytes: 1000, wireBytes: 90, resumedBytes: 100,
	});
	t.is(sumTransfer({...over!, state: 'running', rate: 100}).secondsLeft, 6);

	const dead = beginTransfer(home, about);
	await dead.begins;
	const file = path.join(home.state, 'transfers', `${dead.id}.json`);
	const record = await readTransfer(home, dead.id);
	// Its process id was given out again.
	await writeFile(file, JSON.stringify({...record, startTime: record!.startTime - 1}));
	t.like(await readTransfer(home, dead.id), {state: 'cut'});
	await writeFile(file, '{"version":1');
	t.is(await readTransfer(home, dead.id), undefined);
	t.is(await readTransfer(home, '../../x'), undefined);
	t.deepEqual((await readTransfers(home)).map(({id}) => id), [log.id]);
});

test('records of what is over do not pile up', async t => {
	const home = await makeHome(t);
	for (let number = 0; number < 45; number++) {
		const log = beginTransfer(home, about);
		await log.finish('done');
	}

	const left = await readTransfers(home);
	t.true(left.length <= 41, String(left.length));
});
