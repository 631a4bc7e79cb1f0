/**
Verbs that the engine on another host runs, for programs: result, progress, failure, and being told to stop.
*/
import {mkdtemp, rm} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {execa} from 'execa';
import {followLogsThere, runVerbThere, type StackThere} from '../../../source/actions/hosts/verb-there.ts';
import type {ProgressEvent} from '../../../source/actions/progress.ts';
import {findHome} from '../../../source/host/home.ts';
import {CoppiceError} from '../../../source/system/errors.ts';
import {skipAloud} from '../../fixtures/skip-aloud.ts';
import {sshdObstacle} from '../../fixtures/sshd.ts';
import {startRemoteMachine, type RemoteMachine} from '../../tui/remote-machine.ts';

const obstacle = sshdObstacle();

if (obstacle === undefined) {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-there-'));
	let machine: RemoteMachine;
	let place: StackThere;

	test.before(async () => {
		machine = await startRemoteMachine();
		Object.assign(process.env, machine.sshd.env, {COPPICE_HOME: folder});
		const {address, port} = machine.sshd;
		place = {
			home: findHome(), stack: 'shop', canStop: true, record: {
				name: 'st', kind: 'ssh', address, port, engine: machine.engine,
			},
		};
	});

	test.after.always(async () => {
		await machine?.remove();
		await rm(folder, {recursive: true, force: true});
	});

	const fault = async (call: Promise<unknown>): Promise<CoppiceError> => {
		try {
			await call;
		} catch (error) {
			if (error instanceof CoppiceError) {
				return error;
			}

			throw error;
		}

		throw new Error('it should have failed');
	};

	const runsThere = async (words: string): Promise<boolean> => {
		const {exitCode} = await execa('pgrep', ['-u', machine.sshd.user, '-f', words], {reject: false});
		return exitCode === 0;
	};

	const untilGone = async (words: string): Promise<boolean> => {
		for (const end = performance.now() + 15_000; performance.now() < end && await runsThere(words);) {
			await delay(50);
		}

		return !await runsThere(words);
	};

	test.serial('what it does is its result, what it is at is told, and faults are as it has said them', async t => {
		const events: ProgressEvent[] = [];
		const up = await runVerbThere(place, ['up'], {
			report(event) {
				events.push(event);
			},
		}) as {readonly services: ReadonlyArray<{readonly name: string; readonly ready: boolean}>};
		t.like(up.services[0], {name: 'app', ready: true});
		t.true(events.every(({type}) => ['step', 'notice', 'progress'].includes(type)));

		const nowhere = await fault(runVerbThere(place, ['switch', 'nowhere']));
		t.like(nowhere, {code: 'not-found', context: {host: 'st', stack: 'shop'}});
		t.regex(nowhere.message, /nowhere/v);
		t.is(typeof nowhere.hint, 'string');
		const message = 'it\'s "$HOME" `id`; \\ é\n-x';
		t.like(await runVerbThere(place, ['commit', '-m', message]), {commit: {message}});
	});

	test.serial('logs come line by line, and nothing runs there any more when nobody reads them', async t => {
		const controller = new AbortController();
		const seen: string[] = [];
		for await (const {service, text} of followLogsThere(place, {tail: 10, signal: controller.signal})) {
			seen.push(`${service}: ${text}`);
			controller.abort();
		}

		t.deepEqual(seen, ['app: the app logs this']);
		t.true(await untilGone('logs --follow'));
	});

	test.serial('one that is told to stop stops there', async t => {
		const controller = new AbortController();
		const running = fault(runVerbThere(place, ['logs', '--follow', '--tail=1'], {signal: controller.signal}));
		while (!await runsThere('logs --follow --tail=1')) {
			await delay(50);
		}

		controller.abort();
		t.is((await running).code, 'interrupted');
		t.true(await untilGone('logs --follow --tail=1'));
	});

	test.serial('a machine that is off is told as one that can\'t be reached', async t => {
		await machine.sshd.kill();
		const error = await fault(runVerbThere(place, ['status']));
		t.is(error.code, 'host');
		t.regex(error.message, /can't be reached: nothing answers at port/v);
	});
} else {
	skipAloud('verbs on another host', obstacle);
}
