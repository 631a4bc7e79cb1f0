/**
The verbs between hosts as people use them: keys alone, in tmux, with real databases in btrfs pools: a host is added, its work is pulled and switched to;
a transfer is cancelled, from here and from another terminal, and goes on from where it was.
*/
import {
	chmod,
	mkdir,
	mkdtemp,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import pg from 'pg';
import type {Transfer} from '../../source/actions/transfers.ts';
import {
	buildCli,
	cliPath,
	coppice,
	type CliResult,
} from '../fixtures/built-cli.ts';
import {freePort} from '../fixtures/free-port.ts';
import {loopBtrfs, loopBtrfsMissing, type LoopBtrfs} from '../fixtures/loop-btrfs.ts';
import {removeTree} from '../fixtures/remove-tree.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {postgresCompose} from '../fixtures/test-stack.ts';
import {hasTmux, openTmux, type TmuxShell} from '../fixtures/tmux.ts';

const missing = await hasTmux() ? await loopBtrfsMissing() : 'tmux is not installed';

if (missing === undefined) {
	let root = '';
	let port = 0;
	let disk: LoopBtrfs;
	let tmux: TmuxShell;
	let env: Readonly<Record<string, string>> = {};
	const place = (name: string): string => path.join(root, name);
	const pool = (name: string): string => path.join(disk.path, name);

	const runIn = async (folder: string, ...words: string[]): Promise<CliResult> => coppice(words, {cwd: place(folder), env});

	const must = async (folder: string, ...words: string[]): Promise<string> => {
		const {exitCode, stdout, stderr} = await runIn(folder, ...words);
		if (exitCode !== 0) {
			throw new Error(`coppice ${words.join(' ')} in ${folder} ended with ${exitCode}:\n${stderr}`);
		}

		return stdout;
	};

	const query = async <Row extends Record<string, unknown>>(sql: string): Promise<Row[]> => {
		const client = new pg.Client({
			host: '127.0.0.1', port, user: 'postgres', password: 'secret-of-the-test', database: 'shop',
		});
		client.on('error', () => {});
		await client.connect();
		try {
			const {rows} = await client.query<Row>(sql);
			return rows;
		} finally {
			await client.end();
		}
	};

	const count = async (): Promise<number> => {
		const [row] = await query<{count: string}>('select count(*) from orders');
		return Number(row?.count);
	};

	const transfers = async (): Promise<readonly Transfer[]> => JSON.parse(await must('here', 'transfers', '--json')) as Transfer[];

	/** Content that does not compress, so that it takes its time on a limited line. */
	const random = (megabytes: number): string => `create table blobs_${megabytes} as select string_agg(md5(random()::text || n::text || i::text), '') as text from generate_series(1, ${megabytes * 256}) as n, generate_series(1, 256) as i group by n; checkpoint`;

	/** Both sides are of one stack, and the other has gone on: a commit on main, and a branch. Both use one port, so one of them runs at a time. */
	test.before(async () => {
		await buildCli();
		root = await mkdtemp(path.join(os.tmpdir(), 'coppice-sync-session-'));
		await chmod(root, 0o755);
		disk = await loopBtrfs();
		port = await freePort();
		const config = place('ssh-config');
		await writeFile(config, '');
		env = {COPPICE_HOME: place('home'), NO_COLOR: '1', COPPICE_SSH_CONFIG: config};
		await mkdir(place('there'));
		await writeFile(path.join(place('there'), 'compose.yaml'), postgresCompose(port));
		await must('there', 'init', '--pool', pool('there'), '--driver', 'btrfs', '--runtime', 'process');
		await must('there', 'up');
		await query('create table orders as select generate_series(1, 1000) as id');
		await must('there', 'commit', '-m', 'a thousand orders');
		await must('there', 'host', 'add', 'staging', '--pool', pool('there'));
		await must('there', 'clone', 'staging', 'shop', place('here'), '--pool', pool('here'), '--driver', 'btrfs', '--runtime', 'process');
		await must('there', 'host', 'rm', 'staging');
		await query('insert into orders select generate_series(1001, 1500)');
		await must('there', 'commit', '-m', 'five hundred more');
		await must('there', 'switch', '-c', 'fix');
		await query('delete from orders where id <= 1000');
		await must('there', 'commit', '-m', 'only the new ones');
		await must('there', 'down');
		tmux = await openTmux({
			folder: place('here'), env: {...env, NO_COLOR: undefined}, columns: 150, rows: 40,
		});
	});

	test.after.always(async () => {
		await tmux?.dispose();
		await runIn('here', 'down');
		await runIn('there', 'down');
		await disk?.dispose();
		await removeTree(root);
	});

	test.serial('a host is added by keys, and pulled from', async t => {
		await tmux.type(`'${process.execPath}' '${cliPath}'\n`);
		await tmux.until('a thousand orders');
		await tmux.press('p');
		await tmux.until('No other host is known');
		await tmux.type('1Astaging\r');
		await tmux.until('Where is staging?');
		await tmux.press('Down', 'Enter');
		await tmux.until('The pool of staging');
		await tmux.type(`${pool('there')}\r`);
		await tmux.until('add it as production');
		await tmux.press('Enter');
		await tmux.until(/✓ Added staging/v);
		await tmux.until(/● staging/v);
		// The stack of this folder is the one that is shown.
		await tmux.type('u');
		await tmux.until(/✓ Up: ready after/v, 60);
		t.is(await count(), 1000);
		await tmux.type('p');
		t.regex(await tmux.until(/✓ main moved forward to [\da-f]{8}; db ready after/v, 60), /Other hosts[\s\S]*staging\/main {2}same as main/v);
		t.is(await count(), 1500);
	});

	test.serial('a branch of the host becomes one of ours, and is switched to', async t => {
		await tmux.type('f');
		await tmux.until(/✓ Fetched from staging: 1 new commit/v, 60);
		await tmux.type('3/staging/fix\r');
		await tmux.until(/no branch of ours/v);
		await tmux.type('p');
		await tmux.until('into a new branch fix');
		await tmux.press('Enter');
		await tmux.until(/✓ Made branch fix of staging\/fix/v, 60);
		await tmux.press('/', 'C-u');
		await tmux.type('!staging\r');
		await tmux.until(screen => /│ {2}fix /v.test(screen) && !/│ {2}staging\/fix/v.test(screen));
		await tmux.press('g');
		await tmux.until(/Branch +(?:fix|main)/v);
		if (/Branch +main/v.test(await tmux.screen())) {
			await tmux.press('j');
		}

		await tmux.until(/Branch +fix/v);
		await tmux.press('Enter');
		await tmux.until(/✓ Switched to fix; db ready after/v, 60);
		t.is(await count(), 500);
	});

	test.serial('a transfer is cancelled by a key, and from another terminal, and goes on both times', async t => {
		await tmux.type('D');
		await tmux.until('Stop shop');
		await tmux.until('connections to db');
		await tmux.type('y');
		await tmux.until(/✓ Stopped db/v);
		await must('there', 'up');
		await query(random(6));
		await must('there', 'commit', '-m', 'six megabytes');
		await must('there', 'down');
		await tmux.type(':limit how fast\r');
		await tmux.until('Limit of transfers');
		await tmux.type('700K\r');
		await tmux.until('Transfers are limited to 700 KiB/s');
		await tmux.type('p');
		t.regex(await tmux.until(/[1-9]\d? % .*[KM]iB\/s.*s left/v, 60), /[⠇⠋⠏⠙⠦⠧⠴⠸⠹⠼]/v);
		await tmux.press('X');
		await tmux.until(/✗ Cancelled: pull from staging\. What has come over is kept/v);

		await tmux.type('F');
		await tmux.until(/○ [\da-f]{8} pull shop from staging .*cancelled: v goes on/v);
		await tmux.type('v');
		await tmux.until(/[1-9]\d? % .*[KM]iB\/s.*s left/v, 60);
		const running = (await transfers()).find(({state}) => state === 'running');
		await must('here', 'transfers', 'cancel', running!.id);
		await tmux.until(screen => screen.match(/cancelled: v goes on/gv)?.length === 2);

		// The screen is still there, and goes on with it.
		await tmux.type('v');
		await tmux.until(/✓ fix moved forward to [\da-f]{8}/v, 60);
		const [last, second] = await transfers();
		t.is(last!.state, 'done');
		t.true(last!.volumes.some(({resumedBytes}) => resumedBytes > 0), JSON.stringify(last));
		t.true(last!.volumes[0]!.resumedBytes >= second!.volumes[0]!.resumedBytes);
		await tmux.type('u');
		await tmux.until(/✓ Up: ready after/v, 60);
		const [row] = await query<{count: string}>('select count(*) from blobs_6');
		t.is(Number(row?.count), 1536);
		await tmux.type('q');
		await tmux.until(screen => !screen.includes('4 Commits'));
	});
} else {
	skipAloud('the verbs between hosts in the terminal UI', missing);
}
