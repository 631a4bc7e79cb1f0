/**
The rate that is allowed, by a clock of the test's own.
*/
import test from 'ava';
import fc from 'fast-check';
import {TokenBucket} from '../../source/transfer/token-bucket.ts';

test('never more than the rate goes, but for a burst of a tenth of a second', t => {
	const step = fc.record({bytes: fc.integer({min: 1, max: 1e6}), pause: fc.nat({max: 1000})});
	fc.assert(fc.property(fc.integer({min: 1, max: 1e9}), fc.array(step, {minLength: 1}), (rate, steps) => {
		const bucket = new TokenBucket(rate);
		let now = 5000;
		let sent = 0;
		for (const {bytes, pause} of steps) {
			now += pause + bucket.take(bytes, now + pause);
			sent += bytes;
			t.true(sent <= (rate * (now - 5000) / 1000) + (rate * 0.1) + 1);
		}
	}));
});

test('a sender that is always busy gets the whole rate', t => {
	const bucket = new TokenBucket(1_000_000);
	let now = 0;
	for (let sent = 0; sent < 10_000_000; sent += bucket.piece) {
		now += bucket.take(bucket.piece, now);
	}

	t.true(now > 9800 && now < 10_100, String(now));
	t.throws(() => new TokenBucket(0), {instanceOf: RangeError});
});
