/**
A transfer that is cut in the middle; `sync-cuts.ts` says how. `npm run soak` cuts them at more points and on other file systems, kills the sender too, and
takes the host's power, the line and the room on its disk.
*/
import test from 'ava';
import {hostsMissing} from '../fixtures/hosts/test-hosts.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {makeCuts, type Cuts} from './sync-cuts.ts';

const missing = await hostsMissing();
let cuts: Cuts;

test.before(async () => {
	if (missing === undefined) {
		cuts = await makeCuts({
			laptop: 'directory', host: 'directory', mebibytes: 24, rate: '80mbit',
		});
	}
});

test.after.always(async () => {
	await cuts?.dispose();
});

if (missing === undefined) {
	test('the receiver is killed', async t => {
		await cuts.killReceiver(t, 0.5);
	});
} else {
	skipAloud('transfers that are cut', missing);
}
