/**
A host whose engine is from before it could tell what changes: its stacks show all the same, and what it does not know is said.
*/
import {mkdtemp, rm} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {commitId, encodeCommit, type Commit} from '../../../source/history/commit.ts';
import {findHome} from '../../../source/host/home.ts';
import {createHostSource, toHostView} from '../../../source/tui/sources/host-source.ts';
import {createLogRing} from '../../../source/tui/sources/log-ring.ts';
import {createRemoteStackSource} from '../../../source/tui/sources/remote-stack-source.ts';
import {makeStore} from '../../../source/tui/state/store.ts';
import {putHosts, selectStack} from '../../../source/tui/state/update.ts';
import {emptyState} from '../sample.ts';

const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-old-'));
process.env.COPPICE_ENTRY = path.join(import.meta.dirname, '../../host/fixtures/tiny-agent.mjs');
process.env.COPPICE_HOME = folder;

test.after.always(async () => {
	await rm(folder, {recursive: true, force: true});
});

test('stacks and history of an older engine, asked now and then', async t => {
	const commit: Commit = {
		version: 1, stack: 'shop', parents: [], time: '2026-03-01T12:00:00.000Z', message: 'old but good', kind: 'commit', branch: 'main', consistency: 'stopped',
		stillMilliseconds: 0, volumes: {data: '00000000-0000-4000-8000-000000000000'}, definition: {services: {}, volumes: ['data']},
	};
	const id = commitId(commit);
	const stack = {
		name: 'shop', pool: 'p', driver: 'zfs', hasProject: true, currentBranch: 'main', branches: {main: id}, tags: {v1: id}, volumes: ['data'],
	};
	process.env.TINY_AGENT = JSON.stringify({
		hello: {production: true},
		answers: {stacks: {stacks: [stack]}, stack, commits: {commits: [{id, text: encodeCommit(commit), hasData: true}], complete: true}},
	});
	const record = {name: 'old', kind: 'pool', address: '/pool'} as const;
	const store = makeStore(emptyState());
	store.setState(putHosts([toHostView(record)]));
	t.is(store.getState().hosts[1]?.status, 'connecting');
	const home = findHome();
	const host = createHostSource({store, home, record});
	const until = async (isSo: () => boolean): Promise<void> => {
		const end = performance.now() + 20_000;
		while (!isSo()) {
			if (performance.now() > end) {
				throw new Error(`it did not come: ${JSON.stringify(store.getState().hosts)} ${JSON.stringify(store.getState().stacks)}`);
			}

			await delay(20);
		}
	};

	try {
		await until(() => store.getState().stacks.length === 1);
		t.like(store.getState().hosts[1], {
			status: 'online', isLive: false, production: true, version: '0.1.0',
		});
		const [view] = store.getState().stacks;
		t.like(view, {
			id: 'old:shop', host: 'old', branch: 'main', hasProject: true,
		});
		store.setState(selectStack('old:shop'));
		const source = createRemoteStackSource({
			store, home, host, stack: view!, ring: createLogRing(),
		});
		try {
			await until(() => store.getState().stacks[0]?.detail?.notices.some(notice => notice.includes('too old to tell of services')) === true);
			const {detail} = store.getState().stacks[0]!;
			t.deepEqual(detail?.commits.map(({message, tags, isHead}) => [message, tags, isHead]), [['old but good', ['v1'], true]]);
		} finally {
			source.stop();
		}
	} finally {
		host.stop();
	}
});
