/**
Verbs that are run again, twice at once, or on a production host.
*/
import process from 'node:process';
import {setImmediate as soon} from 'node:timers/promises';
import test from 'ava';
import {isProduction} from '../../../source/tui/state/select.ts';
import type {JobView, State} from '../../../source/tui/state/state.ts';
import {changeJob, putJob, putStack} from '../../../source/tui/state/update.ts';
import {sampleStack, sampleState, sampleView} from '../sample.ts';
import {withoutTerminal} from '../without-terminal.ts';
import {overlayOf} from '../../../source/tui/components/modals.ts';

const job = (change: Partial<JobView>): JobView => ({
	id: 1000, title: 'up', twin: 'coppice -C /shop up', stack: sampleStack.id, status: 'running', begun: 0, time: '2026-03-01T12:00:00.000Z', notices: [], canCancel: true, ...change,
});

const confirmed = ({modal}: State) => modal?.type === 'confirm' ? modal : undefined;

const inJobs: Partial<State> = {focus: 'main', lastSide: 'stacks', tabs: {...sampleState().tabs, stacks: 'jobs'}};

test('`v` on a job that was done runs nothing, and says so', async t => {
	const {tools, type, store} = withoutTerminal(sampleState(inJobs));
	let count = 0;
	const ended = await tools.jobs.start({
		title: 'reset risky to cccccccc', twin: 'coppice reset',
		async run() {
			count++;
		},
	});
	t.is(ended.status, 'done');
	t.is((await type('v')).toast?.text, 'reset risky to cccccccc was done: only what has failed or was cancelled is run again.');
	await tools.jobs.retry(ended.id);
	t.is(count, 1);
	t.is(store.getState().jobs.length, 1);
});

test('`v` judges the selected job, not another one that has failed', async t => {
	const {type, store} = withoutTerminal(putJob(job({
		id: 1001, title: 'down', status: 'done', exitCode: 0,
	}))(putJob(job({status: 'failed', exitCode: 1, problem: {message: 'No.'}}))(sampleState(inJobs))));
	t.regex((await type('v')).toast?.text ?? '', /^down was done/v);
	t.is(store.getState().jobs.length, 2);
});

test('a reset that has failed is measured and asked anew, on the branch that is current then', async t => {
	const {type, until, store} = withoutTerminal(sampleState());
	t.is(confirmed(await type('R'))?.title, 'Reset main of shop to its last commit, aaaaaaaa');
	await until(state => confirmed(state)?.lost !== undefined, 'the loss');
	await type('y');
	await until(({jobs}) => jobs[0]?.status === 'failed', 'the failure');
	store.setState({...inJobs});
	store.setState(putStack(sampleStack.id, {branch: 'dev'}));
	const again = await type('v');
	t.is(again.jobs.length, 1, 'nothing runs before the answer');
	t.is(confirmed(again)?.title, 'Reset dev of shop to its last commit, aaaaaaaa');
	t.is((await type('n')).jobs.length, 1);
});

test('undo and redo wait for what runs on the stack', async t => {
	for (const key of ['z', 'Z']) {
		const {type, store} = withoutTerminal(putJob(job({title: 'undo: reset'}))(sampleState()));
		t.is((await type(`${key}${key}`)).toast?.text, `undo: reset still runs: ${key === 'z' ? 'undo' : 'redo'} waits for its end.`);
		t.is(store.getState().jobs.length, 1);
	}
});

test('undo waits until what the last one did was read; a verb of another stack is nothing to it', async t => {
	const time = new Date(sampleStack.readAt!).toISOString();
	const last = job({
		title: 'undo: reset', twin: 'coppice -C /shop undo', status: 'done', begun: 0, ended: 500, time,
	});
	const {type, store} = withoutTerminal(putJob(job({id: 1001, stack: 'local:/other'}))(putJob(last)(sampleState())));
	t.is((await type('z')).toast?.text, 'undo: reset has only just ended: what it has changed is still being read.');
	t.is(store.getState().jobs.length, 2);
	store.setState(putStack(sampleStack.id, {readAt: sampleStack.readAt! + 500}));
	t.is((await type('z')).jobs.length, 3);
});

test('a verb that runs is not started again', async t => {
	const {type, store} = withoutTerminal(putJob(job({}))(sampleState()));
	const {jobs, toast} = await type('uuuu');
	t.is(jobs.length, 1);
	t.is(toast?.text, 'up still runs: it was not started again.');
	store.setState(changeJob(1000, () => ({status: 'done'})));
	t.is((await type('u')).jobs.length, 2);
});

const onProduction = (change: Partial<State> = {}): State => ({
	...sampleState(change),
	hosts: [...sampleState().hosts, {
		name: 'prod', kind: 'ssh', status: 'online', production: true, address: 'deploy@prod', isLive: true,
	}],
	stacks: [{
		...sampleStack, host: 'prod', hasProject: true, detail: {...sampleStack.detail!, redo: 'reset'},
	}],
});

for (const [key, change, title] of [
	['u', {}, 'Up on prod'],
	['D', {focus: 'stacks'}, 'Stop shop on prod'],
	['r', {focus: 'services', lastSide: 'services'}, 'Restart db on prod'],
	['z', {}, 'Undo: reset main to cccccccc on prod'],
	['Z', {}, 'Redo: reset on prod'],
	['R', {}, 'Reset main of shop to its last commit, aaaaaaaa on prod'],
	['j\r', {focus: 'branches', lastSide: 'branches'}, 'Switch to dev on prod'],
] as const) {
	test(`\`${key.trim()}\` on a production host has the name of the host typed: ${title}`, async t => {
		const {type, until} = withoutTerminal(onProduction(change));
		const asked = await type(key);
		t.true(isProduction(asked));
		t.like(confirmed(asked), {title, typed: 'prod', isProduction: true});
		await until(state => confirmed(state)?.lost !== undefined, 'what it would do');
		t.is((await type('shop\r')).jobs.length, 0, 'the name of the stack is not it');
		t.is(confirmed(await type('\u{15}'))?.input.text, '');
		t.is((await type('prod\r')).jobs.length, 1);
	});
}

test('a commit there is not asked for, but names the host', async t => {
	const {type} = withoutTerminal(onProduction());
	const {modal} = await type('c');
	t.true(modal?.type === 'prompt' && modal.title === 'Commit main of shop on prod');
	t.is((await type('now\r')).jobs[0]?.title, 'commit "now" on prod');
});

test('the frame of what is asked for production has its colour', t => {
	const drawn = (isProductionHost: boolean) => {
		const state = sampleState({
			theme: 'dark', modal: {
				type: 'confirm', title: 'Up on prod', lost: [], way: '', typed: 'prod', input: {text: '', cursor: 0}, ...(isProductionHost && {isProduction: true}),
			},
		});
		return overlayOf(state, sampleView(state))!.lines.at(-1)!;
	};

	t.true(drawn(true).includes(';41m'));
	t.false(drawn(false).includes(';41m'));
});

test('the exit code of a program is that of its job, without a sentence', async t => {
	const {SHELL} = process.env;
	process.env.SHELL = '/bin/false';
	t.teardown(() => {
		process.env.SHELL = SHELL;
	});
	const {type, until} = withoutTerminal({...sampleState(), stacks: [{...sampleStack, folder: '/tmp'}]});
	await type('!');
	const {jobs, toast} = await until(state => state.jobs[0]?.ended !== undefined, 'its end');
	t.like(jobs[0], {status: 'failed', exitCode: 1});
	t.is(toast, undefined);
});

test('what can\'t be cancelled says so, and is not stopped', async t => {
	const {type, tools, store} = withoutTerminal(sampleState());
	const {promise, resolve} = Promise.withResolvers<void>();
	const running = tools.jobs.start({
		title: 'down', twin: 'coppice down', run: async () => promise,
	});
	t.is((await type('X')).toast?.text, 'down can\'t be cancelled: it ends by itself.');
	tools.jobs.cancel(store.getState().jobs[0]!.id);
	t.is(store.getState().jobs[0]?.step, undefined);
	resolve();
	await soon();
	t.is((await running).status, 'done');
});
