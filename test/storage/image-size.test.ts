/**
The size of a pool's image: it grows in time and never beyond what the disk can give.
*/
import test from 'ava';
import fc from 'fast-check';
import {
	diskReserve,
	freeInPool,
	imageLimit,
	nextImageSize,
} from '../../source/storage/image-size.ts';

const gibibyte = 2 ** 30;
const base = {
	allocated: gibibyte, diskFree: 100 * gibibyte, diskTotal: 200 * gibibyte, size: 8 * gibibyte, poolFree: 6 * gibibyte,
};

test('it grows when little is left, or when it is urgent', t => {
	t.is(nextImageSize(base), undefined);
	t.is(nextImageSize(base, true), 16 * gibibyte);
	t.is(nextImageSize({...base, poolFree: gibibyte}), 16 * gibibyte);
	t.is(nextImageSize({...base, size: 2 * gibibyte, poolFree: gibibyte - 1}), 4 * gibibyte);
});

test('it grows as far as the disk allows, and stays where that is next to nothing', t => {
	t.is(nextImageSize({
		...base, allocated: 8 * gibibyte, poolFree: 0, diskFree: 13 * gibibyte,
	}), 11 * gibibyte);
	t.is(nextImageSize({
		...base, allocated: 8 * gibibyte, poolFree: 0, diskFree: 10 * gibibyte,
	}), undefined);
});

test('whatever the state, the image filled leaves the reserve of the disk alone', t => {
	const amount = fc.maxSafeNat().map(number => number % (2 ** 40));
	const states = fc.record({
		allocated: amount, diskFree: amount, diskUsed: amount, size: amount, poolFree: amount,
	});
	fc.assert(fc.property(states, fc.boolean(), ({diskUsed, ...rest}, isUrgent) => {
		const state = {...rest, diskTotal: rest.diskFree + diskUsed};
		const {allocated, diskFree, size, poolFree} = state;
		const next = nextImageSize(state, isUrgent);
		t.true(next === undefined || (next > size && next - allocated <= diskFree - diskReserve(state.diskTotal)));
		t.true(imageLimit(state) >= 0);
		t.true(freeInPool(state) <= poolFree && freeInPool(state) <= diskFree);
	}));
});
