import test from 'ava';
import type {LogLine} from '../../../source/runtime/runtime.ts';
import {createLogRing} from '../../../source/tui/sources/log-ring.ts';
import {createLogView} from '../../../source/tui/sources/log-view.ts';

const line = (text: string, service = 'db'): LogLine => ({
	service, text, stream: 'stdout', time: '2026-03-01T12:00:00.000Z',
});

test('a ring holds the newest lines, in no more bytes than told', t => {
	const ring = createLogRing(100_000);
	for (let index = 0; index < 50_000; index++) {
		ring.push(line(`line ${index}`));
		t.true(ring.bytes <= 100_000);
	}

	t.is(ring.end, 50_000);
	t.is(ring.at(49_999)?.text, 'line 49999');
	t.is(ring.at(ring.first)?.text, `line ${ring.first}`);
	t.is(ring.at(ring.first - 1), undefined);
	t.true(ring.end - ring.first > 400);
});

test('a line that is larger than the ring is there all the same', t => {
	const ring = createLogRing(1000);
	ring.push(line('a'));
	ring.push(line('x'.repeat(5000)));
	t.is(ring.end - ring.first, 1);
});

test('a view has the lines of its services that match, and forgets those that are gone', t => {
	const ring = createLogRing(200_000);
	const view = createLogView(ring);
	for (let index = 0; index < 20_000; index++) {
		ring.push(line(`${index % 2 === 0 ? 'even' : 'odd'} ${index}`, index % 4 === 0 ? 'web' : 'db'));
		if (index % 777 === 0) {
			view.update(['db'], 'even');
		}
	}

	view.update(['db'], 'even');
	const texts = view.slice(view.first, view.end).map(({text}) => text);
	const wanted: string[] = [];
	for (let place = ring.first; place < ring.end; place++) {
		const {text, service} = ring.at(place)!;
		if (service === 'db' && text.startsWith('even')) {
			wanted.push(text);
		}
	}

	t.deepEqual(texts, wanted);
	t.true(wanted.length > 100);
});

test('other services or another filter look at everything again', t => {
	const ring = createLogRing();
	const view = createLogView(ring);
	ring.push(line('error: a'));
	ring.push(line('all is well', 'web'));
	view.update(undefined, '');
	t.is(view.end - view.first, 2);
	view.update(undefined, '!error');
	t.deepEqual(view.slice(view.first, view.end).map(({text}) => text), ['all is well']);
	view.update(undefined, '/ERR[o]r/i');
	t.deepEqual(view.slice(view.first, view.end).map(({text}) => text), ['error: a']);
});

test('a view of a ring that was emptied is empty', t => {
	const ring = createLogRing();
	const view = createLogView(ring);
	ring.push(line('a'));
	view.update(undefined, '');
	ring.clear();
	view.update(undefined, '');
	t.is(view.end - view.first, 0);
	ring.push(line('b'));
	view.update(undefined, '');
	t.deepEqual(view.slice(view.first, view.end).map(({text}) => text), ['b']);
});
