/**
What transfers ask while they run.
*/
import {setImmediate as soon} from 'node:timers/promises';
import test from 'ava';
import {CoppiceError} from '../../../source/system/errors.ts';
import {confirmFullOf, confirmProductionOf} from '../../../source/tui/actions/sync-questions.ts';
import {sampleState} from '../sample.ts';
import {withoutTerminal} from '../without-terminal.ts';

const full = {host: 'staging', direction: 'from' as const, volumes: [{volume: 'data', bytes: 52_428_800}]};
const report = (): void => {};

test('what comes by itself waits until nothing else is asked, says the size, and sends nothing unless told', async t => {
	const {tools, type, store} = withoutTerminal(sampleState());
	const {signal} = new AbortController();
	await type('chalf a mess');
	const asked = confirmFullOf(tools, {signal, report})(full);
	await soon();
	t.like(store.getState().modal, {type: 'prompt', input: {text: 'half a mess'}});
	await type('\u{1B}[27u');
	await soon();
	const {modal} = store.getState();
	t.true(modal?.type === 'choose' && modal.choices[1]?.label === 'send everything: data about 50 MiB');
	await type('\r');
	const error = await t.throwsAsync(asked, {instanceOf: CoppiceError});
	t.is(error.code, 'interrupted');
	const again = confirmFullOf(tools, {signal, report})(full);
	await soon();
	await type('j\r');
	await t.notThrowsAsync(again);
});

test('a question that waits goes with what asks it', async t => {
	const {tools, type} = withoutTerminal(sampleState());
	const controller = new AbortController();
	await type('c');
	const asked = confirmFullOf(tools, {signal: controller.signal, report})(full);
	await soon();
	controller.abort();
	const error = await t.throwsAsync(asked, {instanceOf: CoppiceError});
	t.is(error.code, 'interrupted');
});

test('the name of a production host is typed', async t => {
	const {tools, type, store} = withoutTerminal(sampleState());
	const {signal} = new AbortController();
	const asked = confirmProductionOf(tools, {signal, report})({
		host: 'prod', production: true, stack: 'shop', branch: 'main', commits: 2, switch: true,
	});
	await soon();
	t.true(store.getState().modal?.type === 'confirm');
	await type('\r');
	t.is(store.getState().modal?.type, 'confirm');
	await type('prod\r');
	await t.notThrowsAsync(asked);
});
