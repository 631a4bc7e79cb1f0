import test from 'ava';
import {usualBindings} from '../../source/tui/keys/key-map.ts';
import {announce, describePlace} from '../../source/tui/plain/announce.ts';
import {createLogRing} from '../../source/tui/sources/log-ring.ts';
import {createLogView} from '../../source/tui/sources/log-view.ts';
import {
	focusPanel,
	move,
	putDetail,
	putJob,
} from '../../source/tui/state/update.ts';
import type {JobView} from '../../source/tui/state/state.ts';
import {emptyState, sampleStack, sampleState} from './sample.ts';

const parts = {bindings: usualBindings, logs: createLogView(createLogRing())};

test('where one is', t => {
	t.is(describePlace(sampleState()), 'shop on local, branch main, changed');
	t.regex(describePlace({...emptyState(), isLoaded: true}), /No stacks yet/v);
});

test('nothing is said of what did not change', t => {
	const state = sampleState();
	t.deepEqual(announce(state, {
		...state, now: state.now + 10_000, spinner: 4, logVersion: 7,
	}, parts), []);
});

test('moving says what is under the cursor, without signs of drawing', t => {
	const state = focusPanel('branches')(sampleState());
	t.deepEqual(announce(sampleState(), state, parts), ['Branches', '* main changed 13.4 MiB 1h']);
	t.deepEqual(announce(state, move(1)(state), parts), ['dev 3h']);
});

test('what was read only after the focus came is said when it is there', t => {
	const {detail: _detail, ...bare} = sampleStack;
	const state = focusPanel('branches')(sampleState());
	t.deepEqual(announce({...state, stacks: [bare]}, state, parts), ['shop on local, branch main, changed', '* main changed 13.4 MiB 1h']);
});

test('jobs, services, and the branch', t => {
	const state = sampleState();
	const job: JobView = {
		id: 1, title: 'reset main', twin: 'coppice reset', status: 'running', begun: 0, time: '', notices: [], canCancel: true,
	};
	const running = putJob(job)(state);
	t.deepEqual(announce(state, running, parts), ['reset main: begun.']);
	const stepping = putJob({...job, step: 'stopping db'})(running);
	t.deepEqual(announce(running, stepping, parts), ['stopping db']);
	const failed = putJob({...job, status: 'failed', problem: {message: 'The port is taken.', hint: 'Free it.'}})(stepping);
	t.deepEqual(announce(stepping, failed, parts), ['The port is taken.', 'Free it.']);
	const stopped = putDetail(sampleStack.id, {changed: false, services: sampleStack.detail!.services.map(service => ({...service, state: 'stopped', ready: false}))})(state);
	t.deepEqual(announce(state, stopped, parts), ['shop on local, branch main, clean', 'db is stopped.', 'web is stopped.']);
});

test('a confirmation is read out once it is known what would be lost', t => {
	const state = sampleState();
	const asked = {
		...state, modal: {
			type: 'confirm' as const, title: 'Reset main', way: 'z brings it back.', input: {text: '', cursor: 0},
		},
	};
	t.deepEqual(announce(state, asked, parts), ['Reset main. Measuring what would be lost.']);
	t.deepEqual(announce(asked, {...asked, modal: {...asked.modal, lost: ['14 MB in data']}}, parts), ['Reset main', '14 MB in data', 'z brings it back.', 'y does it, n goes back.']);
});
