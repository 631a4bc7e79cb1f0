/**
What is done inside of services goes by which of them run now, not by what the screen has last been told.
*/
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {createLogRing} from '../../../source/tui/sources/log-ring.ts';
import {createLogView} from '../../../source/tui/sources/log-view.ts';
import {runningJobs} from '../../../source/tui/state/select.ts';
import type {State} from '../../../source/tui/state/state.ts';
import {putDetail, selectStack} from '../../../source/tui/state/update.ts';
import {sampleStack, sampleState} from '../sample.ts';
import {withoutTerminal} from '../without-terminal.ts';

const services = (state: string) => sampleStack.detail!.services.map(service => ({...service, state, ready: state === 'running'}));

/** A screen that was last told that services are in one state, while they are in another. */
const open = (told: string, actual: string, change: Partial<State> = {}) => {
	let count = 0;
	const {promise: isAllowed, resolve: allow} = Promise.withResolvers<void>();
	const screen = withoutTerminal({...putDetail(sampleStack.id, {services: services(told)})(sampleState()), ...change}, store => ({
		logs: createLogView(createLogRing()),
		refresh() {},
		countBranches() {},
		leaveHost: () => () => {},
		stop() {},
		async readServices() {
			count++;
			await isAllowed;
			store.setState(putDetail(sampleStack.id, {services: services(actual)}));
		},
	}));
	return {...screen, allow, count: () => count};
};

for (const [key, title] of [['S', 'psql in db'], ['s', 'sh in db']] as const) {
	test(`\`${key}\` right after \`up\` waits for what runs now`, async t => {
		const {type, until, allow} = open('created', 'running', {focus: 'services', lastSide: 'services'});
		t.is((await type(key)).toast, undefined, 'nothing is said before it is known');
		allow();
		const {jobs} = await until(state => state.jobs.length > 0, 'the job');
		t.is(jobs[0]?.title, title);
	});
}

test('what does not run any more is not gone into', async t => {
	const {type, until, allow} = open('running', 'stopped');
	allow();
	await type('S');
	const state = await until(({toast}) => toast !== undefined, 'a sentence');
	t.is(state.toast?.text, 'No service runs: `u` starts them.');
	t.is(state.jobs.length, 0);
});

test('a key that is pressed again meanwhile is the same wish; who goes on to another stack has given it up', async t => {
	const {type, store, allow, count} = open('running', 'running');
	await type('SSs');
	t.is(count(), 1);
	store.setState(selectStack(undefined));
	allow();
	await delay(50);
	t.deepEqual(runningJobs(store.getState()), []);
	t.is(store.getState().jobs.length, 0);
	t.is(store.getState().toast, undefined);
});
