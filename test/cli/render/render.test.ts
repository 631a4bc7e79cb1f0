import {stripVTControlCharacters} from 'node:util';
import test from 'ava';
import type {BranchEntry} from '../../../source/actions/branch.ts';
import type {DiffResult} from '../../../source/actions/diff.ts';
import type {PruneResult} from '../../../source/actions/prune.ts';
import {renderBranches} from '../../../source/cli/render/branches.ts';
import {renderDemo} from '../../../source/cli/render/demo.ts';
import {renderDiff} from '../../../source/cli/render/diff.ts';
import {renderChecks} from '../../../source/cli/render/doctor.ts';
import {renderInit} from '../../../source/cli/render/init.ts';
import {renderOperations} from '../../../source/cli/render/operations.ts';
import {renderPrune} from '../../../source/cli/render/prune.ts';
import {renderServices} from '../../../source/cli/render/services.ts';
import {renderStatus} from '../../../source/cli/render/status.ts';
import {renderTags} from '../../../source/cli/render/tags.ts';
import {renderUndo} from '../../../source/cli/render/undo.ts';
import {renderUp} from '../../../source/cli/render/up.ts';
import {
	colorView,
	idOf,
	plainView,
	sampleServices,
	sampleStatus,
} from '../fixtures/samples.ts';

test('status shows branch, head, changes, services, volumes and pool', t => {
	t.is(renderStatus(sampleStatus, plainView), `Stack shop, branch main
Head: 3f2a91c8  Load the orders  2 hours ago
Data: changed, 3 MiB of their own
Undo: would take back reset main to 3f2a91c8

Services (process):
  db     running  ready      127.0.0.1:5432   postgres  started 2 hours ago
  cache  failed                                         exit code 1, restarted 3 times
  web    running  not ready  [::1]:8081→8080            nothing answers on port 8080, restarted 1 time

Volumes:
  data   changed  1.5 GiB shared  3 MiB own
  cache  clean      4 KiB shared    0 B own

Pool: btrfs at /var/lib/coppice/pool, 12.5 GiB free of 20 GiB`);
});

test('status of a stack without a commit, services or volumes', t => {
	const text = renderStatus({
		...sampleStatus, head: null, headMessage: undefined, headTime: undefined, services: [], volumes: [], undo: undefined,
	}, plainView);
	t.is(text, `Stack shop, branch main
Head: no commit yet
Data: not committed

Pool: btrfs at /var/lib/coppice/pool, 12.5 GiB free of 20 GiB`);
});

test('a clean status says so', t => {
	t.true(renderStatus({...sampleStatus, changed: false}, plainView).includes('Data: clean'));
});

test('colours change nothing but the looks', t => {
	const colored = renderStatus(sampleStatus, colorView);
	t.true(colored.includes('\u{1B}['));
	t.is(stripVTControlCharacters(colored), renderStatus(sampleStatus, plainView));
});

test('ps has a head', t => {
	t.is(renderServices(sampleServices.slice(0, 1), plainView, {head: true}), `SERVICE  STATE    READY  PORTS           DATABASE
db       running  ready  127.0.0.1:5432  postgres  started 2 hours ago`);
	t.is(renderServices([], plainView, {head: true}), '');
});

test('up says where to connect, and how long it took', t => {
	t.is(renderUp({services: sampleServices.slice(0, 1), notices: [], readyMilliseconds: 523}, plainView), `db  running  ready  127.0.0.1:5432  postgres  started 2 hours ago
db: postgres://app@127.0.0.1:5432/shop
1 service ready in 0.52 s`);
	t.true(renderUp({services: sampleServices, notices: [], readyMilliseconds: 523}, plainView).endsWith('1 of 3 services ready'));
});

const branches: readonly BranchEntry[] = [
	{
		name: 'main', current: true, commit: idOf('3f2a91c8'), message: 'Load the orders', time: '2025-03-01T10:00:00.000Z', changed: true, sharedBytes: 1024, ownBytes: 2048,
	},
	{
		name: 'feature/search', current: false, commit: null, changed: false, sharedBytes: 0, ownBytes: 10_240,
	},
];

test('branches are listed with their sizes, the current one marked', t => {
	t.is(renderBranches(branches, plainView), `*  main            3f2a91c8   1 KiB shared   2 KiB own  changed  2 hours ago  Load the orders
   feature/search  no commit    0 B shared  10 KiB own`);
});

test('tags are listed with their commits', t => {
	t.is(renderTags([{
		name: 'v1.2', commit: idOf('3f2a91c8'), message: 'Load', time: '2025-02-27T12:00:00.000Z',
	}], plainView), 'v1.2  3f2a91c8  2 days ago  Load');
});

const difference: DiffResult = {
	from: idOf('3f2a91c8'),
	to: null,
	volumes: [
		{
			name: 'data',
			kind: 'changed',
			bytes: 1_258_292,
			fileCount: 3,
			files: [
				{path: 'base/1/2619', kind: 'modified', bytes: 16_384},
				{
					path: 'pg_wal/2', kind: 'renamed', from: 'pg_wal/1', bytes: 0,
				},
			],
		},
		{
			name: 'cache', kind: 'same', bytes: 0, fileCount: 0, files: [],
		},
	],
	definition: [{key: 'services.db.image', from: 'postgres:15', to: 'postgres:16'}, {key: 'services.web', to: 'web:1'}],
	drift: [],
};

test('diff shows volumes, files and the definition', t => {
	t.is(renderDiff(difference, plainView), `3f2a91c8 → live data
data  changed  1.2 MiB in 3 files
  M  base/1/2619          16 KiB
  R  pg_wal/1 → pg_wal/2
  … and 1 more file: --limit 3 lists all
cache  same

Definition
  services.db.image: postgres:15 → postgres:16
  services.web: absent → web:1`);
});

test('diff of equals says so', t => {
	const volumes = difference.volumes.slice(1);
	t.is(renderDiff({
		...difference, to: idOf('aaaa'), volumes, definition: [],
	}, plainView), '3f2a91c8 → aaaa0000: no difference');
});

test('a file name can\'t move the cursor', t => {
	const volumes: DiffResult['volumes'] = [{
		name: 'data', kind: 'changed', bytes: 1, fileCount: 1, files: [{path: 'a\u{1B}[2Jb', kind: 'added', bytes: 1}],
	}];
	t.false(renderDiff({...difference, volumes}, plainView).includes('\u{1B}'));
});

const pruned: PruneResult = {
	removed: [
		{
			id: idOf('aaaa1111'), message: 'Old', time: '2025-01-01T12:00:00.000Z', kind: 'commit',
		},
		{
			id: idOf('bbbb2222'), message: 'Before reset', time: '2025-02-28T12:00:00.000Z', kind: 'safety',
		},
	],
	kept: [{id: idOf('cccc'), why: 'tip of main'}],
	destroyed: 0,
	inTrash: 2,
	abandoned: 0,
	unnamed: [],
	dryRun: false,
};

test('prune lists what went, and how it comes back', t => {
	t.is(renderPrune(pruned, plainView), `2 commits removed, 1 kept:
  aaaa1111  1 month ago          Old
  bbbb2222  1 day ago    safety  Before reset
2 commits in the trash: \`coppice undo\` brings them back, \`coppice prune --now\` destroys them.`);
});

test('a dry run of prune only says what would go', t => {
	t.true(renderPrune({...pruned, dryRun: true}, plainView).startsWith('2 commits would be removed, 1 kept:'));
	t.is(renderPrune({...pruned, removed: [], dryRun: true}, plainView), 'Nothing would be removed; 1 commit kept.');
});

test('what came of transfers that were given up is listed with its bytes', t => {
	const unnamed = [{
		volume: 'data', snapshot: idOf('dddd4444'), arrivedAt: '2025-01-01T12:00:00.000Z', bytes: 3 * (2 ** 20),
	}];
	t.is(renderPrune({
		...pruned, removed: [], inTrash: 0, unnamed,
	}, plainView), `Nothing was removed; 1 commit kept.
Of transfers that were given up, a snapshot that came and that no commit names was removed (3 MiB, shared or not):
  dddd4444  1 month ago  3 MiB  data`);
});

test('what was destroyed is said', t => {
	t.true(renderPrune({...pruned, destroyed: 4, inTrash: 0}, plainView).endsWith('4 snapshots destroyed; their space comes free within some seconds.'));
});

const operation = {
	id: 'a', time: '2025-03-01T11:55:00.000Z', verb: 'reset', summary: 'reset main to 3f2a91c8', changes: [],
};

test('operations are listed with their age, undone ones marked', t => {
	t.is(renderOperations([{...operation, undone: true}, {
		...operation, verb: 'commit', summary: 'commit aaaa1111', undone: false,
	}], plainView), `5 minutes ago  reset   reset main to 3f2a91c8  (undone)
5 minutes ago  commit  commit aaaa1111`);
});

test('undo says what it took back, what it kept and what would be next', t => {
	t.is(renderUndo({
		undone: operation, next: {...operation, summary: 'commit aaaa1111'}, kept: [idOf('dddd4444')], restarted: ['db'], readyMilliseconds: 640,
	}, plainView, 'undo'), `Took back: reset main to 3f2a91c8; db ready after 0.64 s.
What was there is kept in dddd4444.
\`coppice redo\` does it again.
Next \`coppice undo\`: commit aaaa1111`);
});

test('doctor aligns its checks and hints', t => {
	t.is(renderChecks([
		{name: 'btrfs-progs', result: 'ok', message: 'found 6.2'},
		{
			name: 'postgres', result: 'failed', message: 'not found', hint: 'apt-get install postgresql',
		},
	], plainView), `ok       btrfs-progs: found 6.2
failed   postgres: not found
         hint: apt-get install postgresql`);
});

test('demo shows its times and whether every check held', t => {
	const result = {
		passed: false,
		home: '/tmp/home',
		project: '/tmp/home/project',
		kept: true,
		driver: 'btrfs',
		rows: 1_000_000,
		steps: [
			{
				name: 'commit', milliseconds: 120, check: '1000000 rows', passed: true,
			},
			{
				name: 'reset', milliseconds: 480, check: 'no rows', passed: false,
			},
		],
		bytes: {shared: 1024, own: 2048, pool: 4096},
	};
	const text = renderDemo(result, plainView);
	t.deepEqual(text.split('\n').slice(0, 3), [
		'STEP    TIME TO READY  CHECK',
		'commit         0.12 s  ok      1000000 rows',
		'reset          0.48 s  FAILED  no rows',
	]);
	t.true(text.includes('1,000,000 rows on btrfs'));
	t.true(text.includes('1 of 2 checks did not hold.'));
	t.true(text.includes('COPPICE_HOME=/tmp/home'));
});

test('init says what it found, made and leaves alone', t => {
	t.is(renderInit({
		stack: 'shop',
		branch: 'main',
		runtime: 'process',
		runtimeWhy: 'your settings say so',
		made: true,
		pool: {
			driver: 'btrfs', path: '/pool', why: 'btrfs is there', cloneMethod: 'subvolume snapshot', made: true,
		},
		services: [{name: 'db', database: 'postgres'}, {name: 'web'}],
		volumes: [{name: 'data', managed: true}, {name: 'media', managed: false, why: 'it is external'}],
		anonymousVolumes: [],
		unmanagedData: [],
		notices: [],
	}, plainView), `Stack shop taken up, on branch main
Pool: btrfs at /pool (new): btrfs is there
Clones: subvolume snapshot
Runtime: process: your settings say so
Services (process): db (postgres), web
Volumes: data
Not managed: media: it is external
Next: \`coppice up\`, then \`coppice commit -m "First state"\``);
});
