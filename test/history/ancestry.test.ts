import test from 'ava';
import fc from 'fast-check';
import {
	ancestors,
	isAncestor,
	lookupOf,
	mergeBase,
	mergeBases,
	nearestPresent,
	reachable,
	shownParents,
	type Lookup,
} from '../../source/history/ancestry.ts';
import {sortNewestFirst} from '../../source/history/commit-order.ts';
import {historyShape} from './fixture.ts';

/** By the definition, without any cleverness. */
const descendsFrom = (descendant: string, ancestor: string, lookup: Lookup): boolean =>
	descendant === ancestor || (lookup(descendant)?.parents ?? []).some(parent => descendsFrom(parent, ancestor, lookup));

test('ancestors and isAncestor agree with the definition', t => {
	fc.assert(fc.property(historyShape(10), commits => {
		const lookup = lookupOf(commits);
		for (const {id} of commits) {
			const expected = commits.map(other => other.id).filter(other => descendsFrom(id, other, lookup));
			t.deepEqual([...ancestors(id, lookup)].toSorted(), expected.toSorted());
			for (const other of commits) {
				t.is(isAncestor(other.id, id, lookup), expected.includes(other.id));
			}
		}
	}));
});

test('merge bases agree with the definition', t => {
	fc.assert(fc.property(historyShape(10), commits => {
		const lookup = lookupOf(commits);
		const ids = commits.map(({id}) => id);
		for (const a of ids) {
			for (const b of ids) {
				const common = ids.filter(id => descendsFrom(a, id, lookup) && descendsFrom(b, id, lookup));
				const best = common.filter(id => common.every(other => other === id || !descendsFrom(other, id, lookup)));
				t.deepEqual([...mergeBases(a, b, lookup)].toSorted(), best.toSorted());
				t.is(mergeBase(a, b, lookup) === undefined, best.length === 0);
			}
		}
	}), {numRuns: 60});
});

test('shown parents are the nearest that are left: every path to them goes over removed commits only', t => {
	const anyChoice = fc.func(fc.boolean());
	fc.assert(fc.property(historyShape(10), anyChoice, (commits, isRemoved) => {
		const lookup = lookupOf(commits.filter(({id}) => !isRemoved(id)), commits.filter(({id}) => isRemoved(id)));
		const nearest = (id: string): string[] => lookup(id)!.parents.flatMap(parent => isRemoved(parent) ? nearest(parent) : [parent]);
		for (const {id} of commits) {
			t.deepEqual([...shownParents(id, lookup)], [...new Set(nearest(id))]);
		}
	}));
});

test('a parent that is not there is passed over', t => {
	const lookup = lookupOf([{id: 'b', parents: ['lost', 'a']}, {id: 'a', parents: []}]);
	t.deepEqual(shownParents('b', lookup), ['a']);
	t.deepEqual(shownParents('lost', lookup), []);
	t.true(isAncestor('a', 'b', lookup));
	t.false(isAncestor('b', 'a', lookup));
});

test('very long and very entangled histories are walked through', t => {
	// Each commit has the two before it as parents: the number of paths is a Fibonacci number.
	const commits = Array.from({length: 50_000}, (_, index) => ({
		id: String(index), parents: [index - 1, index - 2].filter(parent => parent >= 0).map(String),
	}));
	const lookup = lookupOf(commits.slice(-1), commits.slice(0, -1));
	t.is(ancestors('49999', lookup).size, 50_000);
	t.deepEqual(shownParents('49999', lookup), []);
	t.is(mergeBase('49999', '49000', lookup), '49000');
});

test('reachable ids come nearest first, each once', t => {
	const parents: Readonly<Record<string, readonly string[]>> = {
		d: ['b', 'c'], b: ['a'], c: ['a'], a: [],
	};
	t.deepEqual([...reachable(['d'], id => parents[id]!)], ['d', 'b', 'c', 'a']);
	t.deepEqual(nearestPresent(['b', 'c'], id => id === 'a', id => parents[id]!), ['a']);
});

test('a log is sorted newest first, children before parents, whatever the clocks said', t => {
	const anyClock = fc.func(fc.nat({max: 5}));
	fc.assert(fc.property(historyShape(), anyClock, (commits, clock) => {
		const timed = commits.map(commit => ({...commit, time: new Date(clock(commit.id) * 1000).toISOString()}));
		const sorted = sortNewestFirst(timed);
		const ids = sorted.map(({id}) => id);
		t.deepEqual(ids.toSorted(), commits.map(({id}) => id).toSorted());
		for (const {id, parents} of sorted) {
			for (const parent of parents) {
				t.true(ids.indexOf(id) < ids.indexOf(parent));
			}
		}

		// The order does not depend on the order of the list.
		t.deepEqual(sortNewestFirst(timed.toReversed()), sorted);

		// By the definition: of the commits whose children are all placed, the newest is next.
		const left = new Map(timed.map(commit => [commit.id, commit]));
		for (const {id, time} of sorted) {
			const waiting = new Set(left.values().flatMap(child => child.parents));
			const free = left.values().filter(commit => !waiting.has(commit.id));
			const times = Array.from(free, commit => commit.time);
			t.is(time, times.toSorted().at(-1)!);
			left.delete(id);
		}
	}));
});
