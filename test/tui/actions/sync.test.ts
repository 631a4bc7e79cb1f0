/**
The verbs between hosts by keys alone, with another pool of this machine as the host: what they ask, what comes of them, and how they are taken up again.
*/
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {findHome} from '../../../source/host/home.ts';
import {createController, type Controller} from '../../../source/tui/sources/controller.ts';
import {selectedStack} from '../../../source/tui/state/select.ts';
import {initialState, type JobView, type State} from '../../../source/tui/state/state.ts';
import {makeTwoSides, type TwoSides} from '../../actions/sync/two-sides.ts';
import {noise} from '../../fixtures/noise.ts';
import {withoutTerminal, type WithoutTerminal} from '../without-terminal.ts';

type Screen = WithoutTerminal & {
	/** Types keys and waits until the job that they begin is over. */
	readonly job: (keys: string) => Promise<JobView>;
};

const down = '\u{1B}[B';

const open = (t: ExecutionContext, directory: string): Screen => {
	const home = findHome();
	let controller: Controller;
	const screen = withoutTerminal(initialState({
		terminal: {columns: 120, rows: 36}, theme: 'none', isAscii: false, mouse: false, home: home.state, directory, now: Date.now(),
	}), store => {
		controller = createController({store, home, directory});
		return controller;
	});
	t.teardown(async () => {
		controller.stop();
		await screen.tools.jobs.stop();
	});
	return {
		...screen,
		async job(keys) {
			const before = screen.store.getState().jobs[0]?.id ?? 0;
			await screen.type(keys);
			const {jobs} = await screen.until(({jobs: now}) => (now[0]?.id ?? 0) > before && now[0]?.status !== 'running', `the end of a job after ${JSON.stringify(keys)}`);
			return jobs[0]!;
		},
	};
};

const opened = async (t: ExecutionContext, sides: TwoSides): Promise<Screen> => {
	const screen = open(t, sides.here.folder);
	await screen.until(state => selectedStack(state)?.folder === sides.here.folder && typeof selectedStack(state)?.detail?.head === 'string'
		&& state.hosts.some(({name}) => name === 'there'), 'the stack and the host');
	return screen;
};

const problemOf = (job: JobView | undefined): {readonly message: string; readonly hint: string} => ({message: '', hint: '', ...job?.problem});

const driftOf = (state: State) => state.drift[state.selected ?? '']?.[0];

test.serial('pull, drift, divergence and its ways out, push, and push with a switch', async t => {
	const sides = await makeTwoSides(t);
	const {here, there} = sides;
	const screen = await opened(t, sides);
	const second = await there.commit('second');
	t.like(await screen.job('p'), {status: 'done', twin: 'coppice pull there'});
	t.is(await here.tip(), second);
	t.is(await here.read('second'), 'second');
	t.is((await screen.job('p')).result, 'main is what there/main is.');

	const mine = await here.commit('mine');
	const theirs = await there.commit('theirs');
	t.like(await screen.job('f'), {status: 'done', twin: 'coppice fetch there'});
	t.like(driftOf(await screen.until(state => driftOf(state)?.ahead === 1 && driftOf(state)?.behind === 1, 'how they stand')), {
		host: 'there', name: 'main', ours: 'main', data: 'here',
	});
	await screen.type('w');
	const {modal: view} = await screen.until(({modal}) => modal?.type === 'message', 'the view of the host');
	t.true(view?.type === 'message' && view.lines.some(line => /^\* there\/main .*main is 1 ahead, 1 behind; data here theirs$/v.test(line)), JSON.stringify(view));
	await screen.type('q');

	// What is no fast-forward says so, with the next step.
	await screen.type('P');
	await screen.until(({modal}) => modal?.type === 'choose', 'where to push to');
	const refused = await screen.job('\r');
	t.like(refused, {status: 'failed', exitCode: 5});
	t.regex(problemOf(refused).message, /main and there\/main have gone different ways: 1 here, 1 there\. A push moves a branch only forward/v);
	t.regex(problemOf(refused).hint, /coppice pull there main/v);

	// The first choice changes nothing.
	await screen.type('p');
	const {modal} = await screen.until(({modal: now}) => now?.type === 'choose', 'the question');
	t.true(modal?.type === 'choose' && modal.title.includes('1 commit here, 1 there'));
	await screen.type('\r');
	const left = await screen.until(({jobs}) => jobs[0]?.status === 'cancelled', 'that nothing was done');
	t.regex(problemOf(left.jobs[0]).message, /^main was left as it is; what there\/main has was fetched/v);
	t.is(await here.tip(), mine);

	await screen.type('p');
	await screen.until(({modal: now}) => now?.type === 'choose', 'the question again');
	await screen.type(`${down}${down}\r`);
	await screen.until(({modal: now}) => now?.type === 'prompt', 'the name');
	await screen.type('\u{15}theirs\r');
	t.like(await screen.until(({jobs}) => jobs[0]?.status === 'done', 'the new branch'), {jobs: [{result: /^Made branch theirs/v.exec(screen.store.getState().jobs[0]?.result ?? '')?.input}]});
	t.is(await here.tip('theirs'), theirs);
	t.is(await here.tip(), mine);

	await screen.type('p');
	await screen.until(({modal: now}) => now?.type === 'choose', 'the question once more');
	await screen.type(`${down}\r`);
	const {jobs: ended} = await screen.until(({jobs}) => jobs[0]?.status === 'done' && jobs[0].result?.includes('what was yours') === true, 'the reset');
	t.regex(ended[0]?.result ?? '', /^main is what there\/main is now.*what was yours is branch main-before-pull/v);
	t.is(await here.tip(), theirs);
	t.is(await here.tip('main-before-pull'), mine);

	const next = await here.commit('next');
	await screen.until(state => selectedStack(state)?.detail?.head === next, 'the commit');
	await screen.type('P');
	await screen.until(({modal: now}) => now?.type === 'choose', 'where to push to');
	const unswitched = await screen.job('\r');
	t.like(unswitched, {status: 'failed', twin: 'coppice push there main'});
	t.regex(problemOf(unswitched).hint, /^Push with `--switch`/v);

	// A branch that the services there are not on.
	await screen.type('3/before\r');
	await screen.type('P');
	await screen.until(({modal: now}) => now?.type === 'choose', 'where to push to');
	const pushed = await screen.job('\r');
	t.like(pushed, {status: 'done', twin: 'coppice push there main-before-pull'}, JSON.stringify(pushed));
	t.is(await there.tip('main-before-pull'), mine);
	await screen.type('\u{1B}[27u1');

	await screen.type('P');
	await screen.until(({modal: now}) => now?.type === 'choose', 'where to push to');
	await screen.type(`${down}\r`);
	const {modal: asked} = await screen.until(({modal: now}) => now?.type === 'confirm' && now.lost !== undefined, 'what a switch would do there');
	t.true(asked?.type === 'confirm' && asked.lost?.some(line => line.startsWith(`shop on there is on main at ${theirs.slice(0, 8)}; its services stop and start again on main`)) === true, JSON.stringify(asked));
	t.like(await screen.job('y'), {status: 'done', twin: 'coppice push there main --switch'});
	const files = await there.files();
	t.true(files.includes('next'));
	t.is(await there.tip(), next);
});

test.serial('a transfer is cancelled and goes on from where it was, by keys, of this program and of another', async t => {
	const sides = await makeTwoSides(t);
	const {here, there} = sides;
	const big = await there.commit('big', noise(6 * 1024 * 1024, 1));
	const screen = await opened(t, sides);
	const running = (state: State) => state.transfers.find(({state: doing}) => doing === 'running');
	const sent = (state: State): number => running(state)?.volumes.reduce((sum, {streamBytes}) => sum + streamBytes, 0) ?? 0;

	// Slow enough to be seen, and cancelled.
	await screen.type(':limit how fast\r');
	await screen.until(({modal}) => modal?.type === 'prompt', 'the limit');
	await screen.type('1500K\r');
	t.is(screen.store.getState().transferLimit, 1500 * 1024);
	await screen.type('p');
	const during = await screen.until(state => sent(state) > 1_500_000, 'some of it');
	t.like(during.jobs[0], {status: 'running', transfer: running(during)!.id, twin: `coppice pull there --limit ${1500 * 1024}`});
	t.true(during.jobs[0]!.progress!.event.total! > 6_000_000);
	await screen.type('F');
	await screen.type('x');
	const cancelled = await screen.until(({jobs, transfers}) => jobs[0]?.status === 'cancelled' && transfers[0]?.state === 'cancelled', 'the end of it');
	t.regex(cancelled.jobs[0]?.problem?.message ?? '', /^Cancelled: pull from there\. What has come over is kept/v);
	t.not(await here.tip(), big);

	// What another process does shows too, live, and goes on from there.
	const other = here.run(['pull', 'there', '--limit', '1500K']);
	const resumed = (state: State): number => running(state)?.volumes.reduce((sum, {resumedBytes}) => sum + resumedBytes, 0) ?? 0;
	const foreign = await screen.until(state => resumed(state) > 500_000 && sent(state) > resumed(state) + 500_000, 'what the other process does');
	t.not(running(foreign)!.processId, process.pid);
	t.like(await screen.job('x'), {status: 'done', title: `cancel transfer ${running(foreign)!.id}`});
	t.is((await other).exitCode, 130);

	await screen.until(({transfers}) => transfers[0]?.state === 'cancelled', 'that it stopped');
	t.like(await screen.job('v'), {status: 'done', exitCode: 0});
	t.is(await here.tip(), big);
	const {transfers} = await screen.until(({transfers: now}) => now[0]?.state === 'done', 'its record');
	const [last] = transfers;
	t.true(last!.volumes.some(({resumedBytes}) => resumedBytes > 1_500_000), JSON.stringify(last));
	await screen.type('\r');
	const {modal} = screen.store.getState();
	t.true(modal?.type === 'message' && modal.lines.some(line => line.endsWith('from an earlier try')));
});

test.serial('hosts: added, checked, cloned from and forgotten by keys', async t => {
	const sides = await makeTwoSides(t, {isCloned: false});
	const {root, there} = sides;
	const config = path.join(root, 'ssh-config');
	await writeFile(config, 'Host nas backup-*\n\tUser me\n');
	process.env.COPPICE_SSH_CONFIG = config;
	t.teardown(() => {
		delete process.env.COPPICE_SSH_CONFIG;
	});
	await writeFile(path.join(sides.home, 'config', 'config.json'), JSON.stringify({pool: sides.here.pool, driver: 'directory'}));
	const screen = open(t, root);
	await screen.until(state => state.hosts.some(({name}) => name === 'there') && state.stacks.length > 0, 'the host');

	await screen.type('1Athere\r');
	const {modal: taken} = screen.store.getState();
	t.true(taken?.type === 'prompt' && taken.problem === 'There is a host there already.');
	await screen.type('\u{15}usb\r');
	const {modal: places} = await screen.until(({modal}) => modal?.type === 'choose', 'where it is');
	t.true(places?.type === 'choose' && places.choices[0]?.label === 'nas');
	await screen.type('\u{4}\r');
	await screen.until(({modal}) => modal?.type === 'prompt', 'the folder');
	await screen.type('there/pool\r');
	await screen.until(({modal}) => modal?.type === 'choose', 'the kind');
	t.like(await screen.job(`${down}\r`), {status: 'done', twin: `coppice host add usb --pool ${there.pool} --production`});
	await screen.until(state => state.hosts.some(({name, production}) => name === 'usb' && production), 'it in the list');

	// A second host stands below the first.
	const place = (name: string): void => {
		screen.store.setState(({cursors}) => ({cursors: {...cursors, stacks: {id: `host ${name}`, index: 0}}}));
	};

	place('usb');
	await screen.type('v');
	const {modal: checked} = await screen.until(({modal}) => modal?.type === 'message', 'the check');
	t.true(checked?.type === 'message' && /^✓ usb: [\d.]+ ms, Coppice .*directory.*production$/v.test(checked.lines[0] ?? ''), JSON.stringify(checked));
	await screen.type('q');

	place('there');
	await screen.type('C');
	const {modal: stacks} = await screen.until(({modal}) => modal?.type === 'choose', 'its stacks');
	t.true(stacks?.type === 'choose' && stacks.choices[0]?.label === 'shop' && stacks.choices[0].detail === 'branch main');
	await screen.type('\r');
	await screen.until(({modal}) => modal?.type === 'prompt', 'the folder');
	const cloned = await screen.job('-copy\r');
	t.is(cloned.status, 'done', JSON.stringify(cloned));
	t.is(cloned.twin, 'coppice clone there shop shop-copy');
	const shown = await screen.until(state => selectedStack(state)?.folder === path.join(root, 'shop-copy'), 'the clone');
	t.is(selectedStack(shown)?.name, 'shop');

	place('usb');
	await screen.type('1x');
	await screen.until(({modal}) => modal?.type === 'confirm' && modal.lost !== undefined, 'the confirmation');
	t.like(await screen.job('usb\r'), {status: 'done', result: 'Forgot usb. Its pool and data are untouched.'});
	await screen.until(state => state.hosts.every(({name}) => name !== 'usb'), 'that it is gone');
});
