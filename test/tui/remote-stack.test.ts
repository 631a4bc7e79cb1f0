/**
Stacks of other hosts in the state and in what is drawn of it: what stays while a host is away, what can be done, and how.
*/
import test from 'ava';
import {commandLine} from '../../source/tui/actions/action.ts';
import {tellResetLoss} from '../../source/tui/actions/loss.ts';
import {isElsewhere, needsShown, needsStack} from '../../source/tui/actions/with-stack.ts';
import {headerRow} from '../../source/tui/components/bars.ts';
import {mainContent} from '../../source/tui/components/main-content.ts';
import {stacksContent} from '../../source/tui/components/panels/stacks.ts';
import {rowText} from '../../source/tui/draw/row.ts';
import {announce} from '../../source/tui/plain/announce.ts';
import {usualBindings} from '../../source/tui/keys/key-map.ts';
import {createLogRing} from '../../source/tui/sources/log-ring.ts';
import {createLogView} from '../../source/tui/sources/log-view.ts';
import {computeLayout} from '../../source/tui/state/layout.ts';
import {isProduction, selectedStack} from '../../source/tui/state/select.ts';
import type {HostView, StackView, State} from '../../source/tui/state/state.ts';
import {
	placeCursor,
	putHost,
	putHosts,
	putStacks,
	selectStack,
} from '../../source/tui/state/update.ts';
import {
	emptyState,
	now,
	sampleCommits,
	sampleStack,
	sampleState,
	sampleView,
} from './sample.ts';

const staging: HostView = {
	name: 'staging', kind: 'ssh', status: 'online', production: false, address: 'deploy@staging', isLive: true,
};

const remote: StackView = {
	...sampleStack, id: 'staging:shop', host: 'staging', folder: '', hasProject: true,
};

const withHost = (host: Partial<HostView> = {}, stack: Partial<StackView> = {}): State =>
	selectStack(remote.id)(putStacks([{...remote, ...stack}], undefined, 'staging')(putHosts([{...staging, ...host}])(sampleState())));

test('stacks of a host are listed beneath it, and what is known of them stays when they are listed again', t => {
	const state = withHost();
	t.deepEqual(state.stacks.map(({id}) => id), ['local:/shop', 'staging:shop']);
	const {detail: _detail, readAt: _readAt, ...listed} = remote;
	const again = putStacks([{...listed, branch: 'dev'}], undefined, 'staging')(state);
	t.is(selectedStack(again)?.branch, 'dev');
	t.is(selectedStack(again)?.detail, remote.detail);
	const local = putStacks([sampleStack], sampleStack.id)(again);
	t.is(local.selected, remote.id, 'the list of this host does not take the selection away');
	t.deepEqual(local.stacks.map(({id}) => id), ['local:/shop', 'staging:shop']);
});

test('a host that is listed again keeps what is known; one with another address, or that was forgotten, does not', t => {
	const state = putHost('staging', {seenAt: now, production: true})(withHost());
	t.like(putHosts([{...staging, status: 'connecting'}])(state).hosts[1], {status: 'online', seenAt: now, production: true});
	t.is(putHosts([{...staging, status: 'connecting', address: 'other@staging'}])(state).hosts[1]?.status, 'connecting');
	const gone = putHosts([])(state);
	t.deepEqual(gone.hosts.map(({name}) => name), ['local']);
	t.deepEqual(gone.stacks.map(({id}) => id), ['local:/shop']);
	t.is(gone.selected, 'local:/shop');
});

test('the first stacks of another host are listed, not gone to', t => {
	const state = putStacks([remote], undefined, 'staging')(putHosts([staging])(emptyState()));
	t.is(state.selected, undefined);
	t.false(state.isLoaded);
	t.is(placeCursor('stacks', 2)(state).selected, remote.id);
});

const problem = {message: 'The host staging can\'t be reached: nothing answers at port 22.', hint: 'Check that sshd runs there.'};
const away: Partial<HostView> = {status: 'stale', seenAt: now - 180_000, problem};

test('what can\'t be done there is one sentence; what is shown stays', t => {
	const cases: ReadonlyArray<readonly [State, string | undefined]> = [
		[withHost(), undefined],
		[withHost(away), problem.message],
		[withHost({status: 'connecting'}), 'The host staging can\'t be reached now.'],
		[withHost({role: 'laptop'}), 'staging gives this key the role laptop, which runs no verbs there.'],
		[withHost({}, {hasProject: false}), 'staging has only the data of shop, without the project that verbs need.'],
		[withHost({kind: 'pool'}), 'staging is another pool of this machine: verbs run in the folder of the project, `coppice clone staging shop` makes one.'],
		[sampleState(), undefined],
	];
	for (const [state, sentence] of cases) {
		t.is(needsStack(state), sentence);
		t.is(needsShown(state), undefined);
	}

	t.is(isElsewhere(withHost()), 'shop is on staging: that is done there.');
	t.is(isElsewhere(sampleState()), undefined);
});

test('the command line that does the same names host and stack', t => {
	const state = withHost();
	t.is(commandLine(state, selectedStack(state), 'commit', '-m', 'two words'), 'coppice -H staging --stack shop commit -m \'two words\'');
	t.is(commandLine(state, sampleStack, 'commit'), 'coppice -C /shop commit');
	t.is(commandLine(state, {folder: '/work'}, 'init'), 'coppice init');
});

test('production is what the record or its owner says', t => {
	t.false(isProduction(withHost()));
	t.true(isProduction(withHost({production: true})));
});

const rowsOf = (state: State): string[] => stacksContent(state, sampleView(state), 20).rows.map(line => rowText(line));

test('a host that is away is drawn with its age, and its stacks as they were', t => {
	const state = withHost(away);
	const rows = rowsOf(state);
	t.regex(rows[2] ?? '', /staging The host staging can't be reached.* as of 3 min/v);
	t.regex(rows[3] ?? '', /shop.*main/v);
	const overview = (shown: State): string => mainContent(shown, sampleView(shown), {width: 100, height: 40}).rows.map(line => rowText(line)).join('\n');
	t.regex(overview(state), /staging can't be reached: this is as it was 3 min.*\n.*nothing answers[\s\S]*load the orders of May/v);
	const onHost = overview(placeCursor('stacks', 2)(state));
	t.regex(onHost, /State +not reached; as it was 3 min/v);
	t.regex(onHost, /Check that sshd runs there/v);
	t.regex(overview(placeCursor('stacks', 2)(withHost({role: 'laptop'}))), /online[\s\S]*Role +laptop/v);
	t.regex(overview(placeCursor('stacks', 2)(withHost({status: 'stale', problem}))), /never reached yet/v);
});

test('what is known from the last time is drawn as old until the host answers, with its age', t => {
	const state = withHost({status: 'connecting', seenAt: now - 180_000}, {detail: undefined, readAt: undefined});
	t.regex(rowsOf(state)[2] ?? '', /staging.* as of 3 min/v);
	t.regex(rowsOf(state)[3] ?? '', /shop.*main/v);
	const main = (shown: State): string => mainContent(shown, sampleView(shown), {width: 100, height: 40}).rows.map(line => rowText(line)).join('\n');
	t.regex(main(state), /staging is being connected: this is as it was 3 min.*\n[\s\S]*show once staging answers/v);
	t.regex(main(placeCursor('stacks', 2)(state)), /State +connecting; as it was 3 min/v);
	const header = (shown: State): string => rowText(headerRow(shown, computeLayout(shown), sampleView(shown)));
	t.regex(header(state), /staging \(stale\) › shop/v);
	t.notRegex(header(withHost()), /stale/v);
});

test('names from another host can\'t drive the terminal', t => {
	const rows = rowsOf(withHost({problem: {message: 'a\u{1B}[2Jb'}}, {branch: 'x\u{9B}y'}));
	t.notRegex(rows.join(''), /\p{Control}/v);
});

test('for who does not see the screen, hosts that come and go are told', t => {
	const parts = {bindings: usualBindings, logs: createLogView(createLogRing())};
	const online = withHost();
	t.true(announce(online, withHost(away), parts).includes(`${problem.message} What is shown of it is as it was.`));
	t.true(announce(withHost(away), online, parts).includes('staging is online.'));
});

test('what a reset would take away is told from what is known of the history, and what differs there', t => {
	const volumes = [{
		name: 'data', kind: 'changed', bytes: 2048, fileCount: 3, files: [],
	}, {
		name: 'cache', kind: 'same', bytes: 0, fileCount: 0, files: [],
	}] as const;
	const date = new Date(now);
	t.regex(tellResetLoss(remote, 'HEAD', volumes, date).join('\n'), /^2 KiB in data since \d\d:\d\d \(.*\), 3 files$/v);
	const target = sampleCommits[3]!.id;
	t.deepEqual(tellResetLoss(remote, target, volumes, date), [
		'data: 2 KiB in 3 files differ from dddddddd',
		'3 commits of main after dddddddd:',
		'  aaaaaaaa load the orders of May',
		'  bbbbbbbb before reset main to cccccccc',
		'  cccccccc commit number 2',
	]);
	t.deepEqual(tellResetLoss(remote, 'HEAD', [], date), ['nothing: the data of main are those of aaaaaaaa']);
});
