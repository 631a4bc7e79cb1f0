import test from 'ava';
import fc from 'fast-check';
import {
	decideRetention,
	parseKeep,
	type RetentionCommit,
	type RetentionRequest,
} from '../../source/history/retention.ts';
import {periods} from '../../source/history/keep-rules.ts';
import {failsAs} from './fixture.ts';

const now = new Date('2026-11-20T14:00:00.000Z');
const hour = 3_600_000;
const day = 24 * hour;

const commit = (id: string, age: number, rest: Partial<RetentionCommit> = {}): RetentionCommit => ({
	id, time: new Date(now.getTime() - age).toISOString(), kind: 'commit', branch: 'main', ...rest,
});

const decide = (commits: readonly RetentionCommit[], rest: Partial<RetentionRequest> = {}) => decideRetention({
	commits, rules: [], protectedIds: new Set(), now, ...rest,
});

test('rules are read', t => {
	t.deepEqual(parseKeep('24h:all,7d:daily, 8w:weekly,3mo:monthly,1y:monthly,forever:yearly').map(({milliseconds, period}) => [milliseconds, period]), [
		[day, 'all'], [7 * day, 'daily'], [56 * day, 'weekly'], [90 * day, 'monthly'], [365 * day, 'monthly'], [Infinity, 'yearly'],
	]);
});

for (const [text, message, marked] of [
	['', 'a rule is empty', ''],
	['24h:all,', 'a rule is empty', ''],
	['24h', '"24h" is not an age, a colon', '24h'],
	['24h:all,7x:daily', '"7x" is not an age', '7x'],
	['24h:all,d:daily', '"d" is not an age', 'd'],
	['7d:dialy,1y:monthly', '"dialy" is none of', 'dialy'],
	['24h:all,5m:daily', 'minutes or months', '5m'],
	['7d:daily:x', '"7d:daily:x" is not', '7d:daily:x'],
	['-7d:daily', '"-7d" is not an age', '-7d'],
	['7constructor:daily', '"7constructor" is not an age', '7constructor'],
	['7d:constructor', '"constructor" is none of', 'constructor'],
] as const) {
	test(`"${text}" is refused, and the bad part pointed at`, async t => {
		const error = await failsAs(t, 'usage', () => parseKeep(text));
		t.true(error.message.includes(message), error.message);
		const [, shown = '', marks = ''] = error.hint!.split('\n', 3);
		t.is(shown.trim(), text);
		t.is(shown.slice(marks.indexOf('^'), marks.lastIndexOf('^') + 1), marked);
	});
}

test('the newest of each period stays', t => {
	const commits = [
		commit('now', 0),
		commit('hour', hour),
		commit('yesterday late', day), // 19 November, 14:00
		commit('yesterday early', day + (4 * hour)),
		commit('two days', 2 * day),
		commit('old', 30 * day),
	];
	t.deepEqual(decide(commits, {rules: parseKeep('2h:all,7d:daily')}).remove, ['yesterday early', 'old']);
	t.deepEqual(decide(commits, {rules: parseKeep('7d:daily')}).remove, ['hour', 'yesterday early', 'old']);
	t.deepEqual(decide(commits, {rules: parseKeep('forever:yearly')}).keep, [{id: 'now', why: 'kept by the rule forever:yearly'}]);
});

test('a week begins on Monday, and days are those of UTC', t => {
	const at = (time: string): RetentionCommit => ({...commit(time, 0), time});
	// 15 November 2026 is a Sunday.
	const commits = [at('2026-11-16T00:00:00.000Z'), at('2026-11-15T23:59:59.999Z'), at('2026-11-09T00:00:00.000Z')];
	t.deepEqual(decide(commits, {rules: parseKeep('8w:weekly')}).remove, ['2026-11-09T00:00:00.000Z']);
	t.deepEqual(decide(commits, {rules: parseKeep('8w:daily')}).remove, []);
	t.deepEqual(decide(commits, {rules: parseKeep('8w:monthly')}).remove, ['2026-11-15T23:59:59.999Z', '2026-11-09T00:00:00.000Z']);
});

test('each branch is counted for itself', t => {
	const commits = [commit('a', 0), commit('b', hour), commit('c', 0, {branch: 'x'}), commit('d', hour, {branch: 'x'})];
	t.deepEqual(decide(commits, {keepLast: 1}).remove, ['b', 'd']);
	t.deepEqual(decide(commits, {rules: parseKeep('7d:daily')}).remove, ['b', 'd']);
});

test('without a limit only old safety commits go', t => {
	const commits = [commit('a', 400 * day), commit('s', 6 * day, {kind: 'safety'}), commit('t', 8 * day, {kind: 'safety'})];
	t.deepEqual(decide(commits).remove, ['t']);
	t.deepEqual(decide(commits, {safetyDays: 30}).remove, []);
	t.deepEqual(decide(commits, {protectedIds: new Set(['t'])}).remove, []);
	t.deepEqual(decide(commits, {keepLast: 1}).remove, ['t'], 'safety commits are not counted');
});

test('a commit of the future, or of no time, is kept', t => {
	const commits = [commit('future', -day), {...commit('none', 0), time: 'x'}];
	t.deepEqual(decide(commits, {keepLast: 0}).remove, []);
});

const ids = fc.uniqueArray(fc.nat({max: 1000}).map(String), {maxLength: 40});
// Many at the edges of periods and of ages.
const ages = fc.oneof(fc.nat({max: 400 * 24}).map(hours => hours * hour), fc.nat({max: 400 * day}));
const someCommit = (id: string) => fc.record({
	id: fc.constant(id),
	time: ages.map(age => new Date(now.getTime() - age).toISOString()),
	kind: fc.constantFrom('commit' as const, 'commit' as const, 'safety' as const),
	branch: fc.constantFrom('main', 'x'),
});
const someRule = fc.tuple(fc.nat({max: 60}), fc.constantFrom('h', 'd', 'w', 'mo', 'y'), fc.constantFrom(...periods))
	.map(([count, unit, period]) => `${count}${unit}:${period}`);
const someRules = fc.array(someRule, {maxLength: 4});

const requests: fc.Arbitrary<RetentionRequest> = ids.chain(all => fc.record({
	commits: fc.tuple(...all.map(id => someCommit(id))),
	rules: someRules.map(rules => rules.length === 0 ? [] : parseKeep(rules.join(','))),
	keepLast: fc.option(fc.nat({max: 5}), {nil: undefined}),
	protectedIds: fc.subarray(all).map(some => new Set(some)),
	now: fc.constant(now),
	safetyDays: fc.nat({max: 60}),
}));

test('every commit is either kept, with a reason, or removed', t => {
	fc.assert(fc.property(requests, request => {
		const {keep, remove} = decideRetention(request);
		t.deepEqual([...keep.map(({id}) => id), ...remove].toSorted(), request.commits.map(({id}) => id).toSorted());
		t.true(keep.every(({why}) => why.length > 0));
	}));
});

test('pruning twice at one time removes nothing more', t => {
	fc.assert(fc.property(requests, request => {
		const removed = new Set(decideRetention(request).remove);
		t.deepEqual(decideRetention({...request, commits: request.commits.filter(({id}) => !removed.has(id))}).remove, []);
	}), {numRuns: 500});
});

test('what is protected is never removed, and the last N of each branch are always there', t => {
	fc.assert(fc.property(requests, request => {
		const removed = new Set(decideRetention(request).remove);
		t.true(request.protectedIds.isDisjointFrom(removed));
		for (const branch of ['main', 'x']) {
			const times = (commits: readonly RetentionCommit[]) => commits
				.filter(one => one.kind === 'commit' && one.branch === branch).map(({time}) => time).toSorted().toReversed().slice(0, request.keepLast ?? 0);
			t.deepEqual(times(request.commits.filter(({id}) => !removed.has(id))), times(request.commits));
		}
	}));
});

test('a further rule, a longer age or one more to keep never removes more', t => {
	fc.assert(fc.property(requests, requests, (request, other) => {
		fc.pre(request.rules.length > 0);
		const removed = new Set(decideRetention(request).remove);
		const more = decideRetention({...request, rules: [...request.rules, ...other.rules], keepLast: (request.keepLast ?? 0) + 1});
		t.true(more.remove.every(id => removed.has(id)));
	}));
});
