/**
What is known of a stack of this machine while verbs are run on it: which services run, and what is said of its data.
*/
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {currentData} from '../../../source/storage/layout.ts';
import {createLogRing} from '../../../source/tui/sources/log-ring.ts';
import {createStackSource, type StackSource} from '../../../source/tui/sources/stack-source.ts';
import {makeStore, type Store} from '../../../source/tui/state/store.ts';
import type {StackView, State} from '../../../source/tui/state/state.ts';
import {putDetail, putStacks} from '../../../source/tui/state/update.ts';
import {makeTestStack, type TestStack} from '../../fixtures/test-stack.ts';
import {emptyState} from '../sample.ts';

const compose = `name: shop
services:
  app:
    x-coppice:
      process:
        command: [sleep, "1000"]
    volumes: ["data:/data"]
volumes:
  data: {}
`;

let stack: TestStack;
let store: Store;
let source: StackSource;

const shown = (state: State = store.getState()): StackView => state.stacks[0]!;

const until = async (isSo: (stack: StackView) => boolean, what: string): Promise<void> => {
	const end = performance.now() + 30_000;
	while (!isSo(shown())) {
		if (performance.now() > end) {
			throw new Error(`${what} did not come: ${JSON.stringify(shown())}`);
		}

		await delay(20);
	}
};

const write = async (content: string): Promise<void> => writeFile(path.join(currentData(stack.pool, {stack: 'shop', volume: 'data'}), 'content'), content);

test.before(async () => {
	stack = await makeTestStack({driver: 'directory', compose: () => compose});
	process.env.COPPICE_HOME = stack.home;
	await write('1');
	await stack.json('commit', '-m', 'the first state');
	store = makeStore(emptyState());
	store.setState(putStacks([{
		id: 'local:shop', host: 'local', name: 'shop', folder: stack.project, runtime: 'process', isUntaken: false,
	}], 'local:shop'));
	source = createStackSource({store, stack: shown(), ring: createLogRing()});
});

test.after.always(async () => {
	source?.stop();
	await stack?.dispose();
});

test.serial('which services run is known once it was asked for', async t => {
	await source.readServices();
	t.deepEqual(shown().detail?.services.map(({name, state}) => [name, state]), [['app', 'created']], 'asked while the stack is being opened, it waits for that');
	await stack.json('up');
	await source.readServices();
	t.is(shown().detail?.services[0]?.state, 'running');

	// Nothing happens to the services, so nothing else reads them.
	await until(({detail}) => detail?.services[0]?.ready === true, 'app is ready');
	store.setState(putDetail('local:shop', {services: []}));
	await source.readServices();
	t.is(shown().detail?.services[0]?.state, 'running');
	await stack.json('down');
});

/** Changes the data, runs a verb and notes what is said of the data from the moment that it shows. */
const saidAfter = async (words: readonly string[], isOver: (view: StackView) => boolean): Promise<ReadonlyArray<boolean | undefined>> => {
	await until(({detail}) => detail?.changed === false, 'clean data');
	await write(`something else, before ${words.join(' ')}`);
	await until(({detail}) => detail?.changed === true, 'the change of the data');
	const said: Array<boolean | undefined> = [];
	const unsubscribe = store.subscribe(state => {
		if (isOver(shown(state))) {
			said.push(shown(state).detail?.changed);
		}
	});
	await stack.run(words);
	await until(view => isOver(view) && view.detail?.changed !== undefined, 'a measurement of the data');
	unsubscribe();
	return said;
};

test.serial('after a switch to a branch with the same tip, nothing is said of its data until they were measured', async t => {
	const said = await saidAfter(['switch', '-c', 'dev'], ({branch}) => branch === 'dev');
	t.is(said[0], undefined);
	t.false(said.at(-1));
	t.true(shown().detail!.measuredAt! > 0);
});

test.serial('nor after a reset to the same tip', async t => {
	const said = await saidAfter(['reset'], ({detail}) => detail?.undo?.startsWith('reset') === true);
	t.is(said[0], undefined);
	t.false(said.at(-1));
});

test.serial('the list of branches says of the current one what is said of the data, after a reset too', async t => {
	const current = (view: StackView = shown()) => view.detail!.branches.find(({isCurrent}) => isCurrent)!;
	source.countBranches();
	await until(({detail}) => detail!.branches.every(({ownBytes}) => ownBytes !== undefined), 'the bytes of all branches');
	const said: Array<readonly [string, boolean | undefined, boolean | undefined]> = [];
	const unsubscribe = store.subscribe(state => {
		const {name, changed} = current(shown(state));
		said.push([name, shown(state).detail?.changed, changed]);
	});
	const {length} = shown().detail!.commits;
	await saidAfter(['reset'], ({detail}) => detail!.commits.length > length);
	unsubscribe();
	t.true(said.some(([, data]) => data === true) && said.some(([, data]) => data === false));
	t.deepEqual(said.filter(([, data, branch]) => branch !== undefined && data !== branch), []);
	t.false(current().changed);
	t.is(current().ownBytes, shown().detail!.volumes.reduce((sum, {ownBytes}) => sum + ownBytes, 0));
});
