/**
Which snapshot an increment starts from.
*/
import test from 'ava';
import fc from 'fast-check';
import {chooseBase, commonBases} from '../../source/transfer/best-base.ts';

test('what both sides have comes in order: the nearest of the history, then the sender\'s latest', t => {
	t.deepEqual(commonBases({sender: ['a', 'b', 'c', 'd', 'e'], receiver: ['e', 'a', 'c', 'd', 'x']}), ['e', 'd', 'c', 'a']);
	t.deepEqual(commonBases({sender: ['a', 'b', 'c', 'd'], receiver: ['d', 'c', 'b', 'a'], nearest: ['x', 'b', 'a', 'b']}), ['b', 'a', 'd', 'c']);
	t.deepEqual(commonBases({sender: ['a', 'b', 'c'], receiver: ['a', 'b', 'c']}, 2), ['c', 'b']);
	t.deepEqual(commonBases({sender: ['a'], receiver: ['b'], nearest: ['a', 'b']}), []);
});

test('the base that needs the fewest bytes is taken', t => {
	t.deepEqual(chooseBase(['a', 'b', 'c'], {full: 1000, increments: {a: 30, b: 20, c: 20}}), {kind: 'increment', base: 'b', bytes: 20});
	t.deepEqual(chooseBase([], {full: 1000, increments: {a: 30}}), {kind: 'full', bytes: 1000, why: 'nothing-common'});
	t.deepEqual(chooseBase(['a', 'toString'], {full: 1000, increments: {}}), {kind: 'full', bytes: 1000, why: 'nothing-common'});
});

test('a full send is taken instead only where it is clearly smaller', t => {
	t.deepEqual(chooseBase(['a'], {full: 95, increments: {a: 100}}), {kind: 'increment', base: 'a', bytes: 100});
	t.deepEqual(chooseBase(['a'], {full: 80, increments: {a: 100}}), {kind: 'full', bytes: 80, why: 'smaller'});
	t.deepEqual(chooseBase(['a'], {full: 0, increments: {a: 0}}), {kind: 'increment', base: 'a', bytes: 0});
});

test('no base is worse than the one that is chosen', t => {
	fc.assert(fc.property(fc.dictionary(fc.string(), fc.nat()), fc.nat(), (increments, full) => {
		const choice = chooseBase(Object.keys(increments), {full, increments});
		const least = Math.min(full, ...Object.values(increments));
		t.true(choice.kind === 'full' ? choice.bytes === full : choice.bytes === increments[choice.base]);
		t.true(choice.bytes * 0.9 <= least || choice.bytes === least);
	}));
});
