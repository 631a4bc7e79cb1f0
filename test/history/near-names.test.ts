import test from 'ava';
import {nearNames} from '../../source/history/near-names.ts';

test('a letter wrong, missing, too many or swapped is near; the nearest comes first', t => {
	const names = ['main', 'maintenance', 'feature/login', 'release-1', 'dev'];
	t.is(nearNames('man', names)[0], 'main');
	t.is(nearNames('Mainn', names)[0], 'main');
	t.deepEqual(nearNames('login', names), ['feature/login']);
	t.deepEqual(nearNames('feature/lgoin', names), ['feature/login']);
	t.deepEqual(nearNames('main', names), ['main', 'maintenance']);
	t.deepEqual(nearNames('zebra', names), []);
	t.is(nearNames('release', ['release-1', 'release-2', 'release-3', 'release-4']).length, 3);
});
