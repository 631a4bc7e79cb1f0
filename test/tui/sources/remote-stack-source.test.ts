/**
What is said of a stack of another host while a part of it can't be read there, and when it can again.
*/
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {findHome} from '../../../source/host/home.ts';
import {CoppiceError} from '../../../source/system/errors.ts';
import type {HostSource, StackListener} from '../../../source/tui/sources/host-source.ts';
import {createLogRing} from '../../../source/tui/sources/log-ring.ts';
import {createRemoteStackSource} from '../../../source/tui/sources/remote-stack-source.ts';
import {makeStore} from '../../../source/tui/state/store.ts';
import type {StackView} from '../../../source/tui/state/state.ts';
import {putHosts, putStacks} from '../../../source/tui/state/update.ts';
import {emptyState} from '../sample.ts';

type Answers = Record<string, unknown>;

const history = {
	currentBranch: 'main', branches: {main: null}, tags: {}, remoteBranches: {}, commits: [], complete: true, count: 0, places: {key: 'one', elsewhere: [], removed: []},
};
const outline = {
	runtime: 'process', folder: '/shop', composeFiles: [], services: [], notices: [],
};
const data = {
	volumes: [{
		name: 'data', changed: false, sharedBytes: 0, ownBytes: 0,
	}], driver: 'btrfs', path: '/pool', totalBytes: 2, freeBytes: 1,
};
const service = (state: string) => ({
	name: 'app', state, ready: state === 'running', restarts: 0, ports: [],
});

/** A stack of a host that answers so; an error is thrown, a function called. */
const open = (t: ExecutionContext, answers: Answers) => {
	const store = makeStore(emptyState());
	store.setState(putHosts([{
		name: 'st', kind: 'ssh', status: 'online', production: false, isLive: true,
	}]));
	const stack: StackView = {
		id: 'st:shop', host: 'st', name: 'shop', folder: '', runtime: '', isUntaken: false, hasProject: true,
	};
	store.setState(putStacks([stack], undefined, 'st'));
	let listener: StackListener | undefined;
	const host = {
		record: {name: 'st', kind: 'ssh', address: 'a@b'},
		isOnline: () => true,
		isLive: () => true,
		async call(method: string) {
			const answer = answers[method];
			if (answer instanceof Error) {
				throw answer;
			}

			return typeof answer === 'function' ? (answer as () => unknown)() : answer;
		},
		focus(_stack: string, given: StackListener) {
			listener = given;
			return () => {};
		},
		refresh() {},
		stop() {},
	} as unknown as HostSource;
	const source = createRemoteStackSource({
		store, home: findHome({COPPICE_HOME: '/nowhere'}), host, stack, ring: createLogRing(),
	});
	t.teardown(() => {
		source.stop();
	});
	const view = (): StackView => store.getState().stacks[0]!;
	return {
		source,
		view,
		tell(...parts: Parameters<StackListener['onChanged']>[0]) {
			listener!.onChanged(parts);
		},
		async until(isSo: (stack: StackView) => boolean): Promise<void> {
			const end = performance.now() + 20_000;
			while (!isSo(view())) {
				if (performance.now() > end) {
					throw new Error(`it did not come: ${JSON.stringify(view())}`);
				}

				await delay(10);
			}
		},
	};
};

test('a part that could not be read is over when that part was read, and not before', async t => {
	const problem = new CoppiceError('failed', 'The compose file can\'t be read.');
	const answers: Answers = {
		history, outline, data, services: problem,
	};
	const {view, tell, until} = open(t, answers);
	await until(stack => stack.problem !== undefined);
	const readAt = view().readAt!;
	tell('history');
	await until(stack => stack.readAt! > readAt);
	t.is(view().problem?.message, problem.message, 'that its history can be read says nothing of its services');
	answers.services = {services: [service('running')]};
	tell('services');
	await until(stack => stack.detail?.services.length === 1);
	t.is(view().problem, undefined);
});

test('services that are asked for are those of the last answer, whichever comes first', async t => {
	const answers: Answers = {
		history, outline, data, services: {services: [service('created')]},
	};
	const {source, view, until} = open(t, answers);
	await until(({detail}) => detail?.services.length === 1);
	const {promise, resolve} = Promise.withResolvers<unknown>();
	answers.services = async () => promise;
	const early = source.readServices();
	answers.services = {services: [service('running')]};
	await source.readServices();
	resolve({services: [service('created')]});
	await early;
	t.is(view().detail?.services[0]?.state, 'running');
});

test('data that were measured while a verb ran are measured again', async t => {
	const {promise, resolve} = Promise.withResolvers<unknown>();
	let count = 0;
	const answers: Answers = {
		history, outline, services: {services: []}, async data() {
			count++;
			return count === 1 ? promise : data;
		},
	};
	const {view, tell, until} = open(t, answers);
	await until(() => count === 1);
	t.is(view().detail?.changed, undefined);
	answers.history = {...history, undo: 'reset main'};
	tell('history');
	await until(({detail}) => detail?.undo === 'reset main');
	resolve({...data, volumes: [{...data.volumes[0]!, changed: true}]});
	await until(({detail}) => detail?.changed !== undefined);
	t.false(view().detail?.changed);
	t.is(count, 2);
	t.true(view().detail!.measuredAt! > 0);
});

test('the list of branches says of the current one what is said of the data, and nothing once a verb may have changed them', async t => {
	const changed = {...data, volumes: [{...data.volumes[0]!, changed: true, ownBytes: 5}]};
	const answers: Answers = {
		history, outline, services: {services: []}, data: changed,
	};
	const {view, tell, until} = open(t, answers);
	await until(({detail}) => detail?.changed === true);
	t.like(view().detail!.branches[0], {name: 'main', changed: true, ownBytes: 5});
	const {promise, resolve} = Promise.withResolvers<unknown>();
	answers.data = async () => promise;
	answers.history = {...history, undo: 'reset main'};
	tell('history');
	await until(({detail}) => detail?.undo === 'reset main');
	t.is(view().detail!.branches[0]!.changed, undefined);
	t.is(view().detail!.branches[0]!.ownBytes, undefined);
	resolve(data);
	await until(({detail}) => detail?.changed === false);
	t.like(view().detail!.branches[0], {changed: false, ownBytes: 0});
});
