import test from 'ava';
import {CoppiceError} from '../../source/system/errors.ts';
import {createJobs} from '../../source/tui/jobs/jobs.ts';
import {makeStore} from '../../source/tui/state/store.ts';
import type {JobView} from '../../source/tui/state/state.ts';
import {sampleState} from './sample.ts';

const setUp = () => {
	const store = makeStore(sampleState());
	const ended: JobView[] = [];
	const jobs = createJobs({
		store, onEnd(job) {
			ended.push(job);
		},
	});
	return {store, jobs, ended};
};

test('a job reports its steps, its progress and its end', async t => {
	const {store, jobs, ended} = setUp();
	const {promise, resolve} = Promise.withResolvers<void>();
	const running = jobs.start({
		title: 'reset', twin: 'coppice reset', stack: 'local:/shop', canCancel: true,
		async run({report}) {
			report({type: 'step', message: 'stopping db'});
			report({
				type: 'progress', task: 'copying', done: 5, total: 10, unit: 'bytes',
			});
			report({type: 'notice', message: 'one'});
			report({type: 'notice', message: 'one'});
			await promise;
			return 'Done.';
		},
	});
	t.like(store.getState().jobs[0], {
		status: 'running', step: 'stopping db', notices: ['one'], twin: 'coppice reset',
	});
	t.is(store.getState().jobs[0]?.progress?.event.done, 5);
	resolve();
	t.like(await running, {status: 'done', exitCode: 0, result: 'Done.'});
	t.is(store.getState().jobs[0]?.progress, undefined);
	t.is(store.getState().toast?.text, 'Done.');
	t.is(ended.length, 1);
});

test('a failure is kept with its hint and exit code, and can be run again', async t => {
	const {store, jobs} = setUp();
	let count = 0;
	const job = await jobs.start({
		title: 'up', twin: 'coppice up',
		async run() {
			count++;
			if (count === 1) {
				throw new CoppiceError('conflict', 'The port is taken.', {hint: 'Free it.'});
			}
		},
	});
	t.like(job, {status: 'failed', exitCode: 5, problem: {message: 'The port is taken.', hint: 'Free it.'}});
	t.is(store.getState().toast?.kind, 'bad');
	void jobs.retry(job.id);
	await jobs.stop();
	t.is(count, 2);
	t.deepEqual(store.getState().jobs.map(({status}) => status), ['done', 'failed']);
});

test('a job is cancelled by its signal', async t => {
	const {store, jobs} = setUp();
	const running = jobs.start({
		title: 'pull', twin: 'coppice pull', canCancel: true,
		run: async ({signal}) => new Promise((_, reject) => {
			signal.addEventListener('abort', () => {
				reject(new CoppiceError('interrupted', 'Interrupted: nothing was changed.'));
			});
		}),
	});
	jobs.cancel(store.getState().jobs[0]!.id);
	t.is(store.getState().jobs[0]?.step, 'stopping');
	t.like(await running, {status: 'cancelled', exitCode: 130});
});
