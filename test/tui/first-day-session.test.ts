/**
A first day with the terminal UI, by keys alone, under a shell in tmux: from an empty folder to a database that was broken and brought back.
*/
import {
	chmod,
	mkdir,
	mkdtemp,
	readdir,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {readState} from '../../source/runtime/process/supervisor-state.ts';
import {buildCli, cliPath, coppice} from '../fixtures/built-cli.ts';
import {brokenFrames, countFrames} from '../fixtures/frames.ts';
import {removeTree} from '../fixtures/remove-tree.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {hasTmux, openTmux, type TmuxShell} from '../fixtures/tmux.ts';

const start = `'${process.execPath}' '${cliPath}'`;

if (await hasTmux()) {
	let root = '';
	let folder = '';
	let env: Readonly<Record<string, string>> = {};
	let tmux: TmuxShell;

	test.before(async () => {
		await buildCli();
		root = await mkdtemp(path.join(os.tmpdir(), 'coppice-first-'));
		// Services run as users of their own.
		await chmod(root, 0o755);
		folder = path.join(root, 'work');
		const home = path.join(root, 'home');
		env = {
			COPPICE_HOME: home, EDITOR: path.join(root, 'editor'), PSQL_HISTORY: path.join(root, 'psql-history'), PAGER: 'cat',
		};
		await writeFile(env.EDITOR!, '#!/bin/sh\necho "edited $1"\nsed -i "s/^services:/services:\\n  second:\\n    image: redis:7/" "$1"\n', {mode: 0o755});
		await mkdir(folder);
		await mkdir(path.join(home, 'config'), {recursive: true});
		await writeFile(path.join(home, 'config/config.json'), JSON.stringify({runtime: 'process', driver: 'directory', pool: path.join(root, 'pool')}));
		tmux = await openTmux({folder, env});
	});

	test.after.always(async () => {
		await tmux?.dispose();
		await coppice(['down'], {cwd: path.join(folder, 'shop'), env});
		await removeTree(root);
	});

	/** The process that watches over the services. */
	const findSupervisor = async (): Promise<number> => {
		const run = path.join(root, 'home/run');
		const states = (await readdir(run)).map(name => readState(path.join(run, name)));
		return states.find(state => state !== undefined)!.supervisor.processId;
	};

	/** Whether the screen is that of the program, and nothing is asked. */
	const isBack = (screen: string): boolean => screen.includes('4 Commits') && screen.includes('? help');

	/** Asks the database in its own client, which has the terminal for that long. */
	const psql = async (statement: string, answer: RegExp | string): Promise<void> => {
		await tmux.press('S');
		await tmux.until(screen => !screen.includes('4 Commits') && /=# *$/v.test(screen.trimEnd()));
		await tmux.type(`${statement};\n`);
		await tmux.until(answer);
		await tmux.type('\\q\n');
		await tmux.until(isBack);
	};

	test.serial('in an empty folder it says what to do, and makes a stack from a template', async t => {
		await tmux.type(`${start}\n`);
		const first = await tmux.until('make a new stack from a template');
		t.regex(first, /`?a`?\s+make/v);
		t.deepEqual(brokenFrames(first), []);
		await tmux.press('a');
		await tmux.until('New stack from which template?');
		await tmux.press('Enter');
		await tmux.until('New stack from postgres');
		await tmux.type('shop\n');
		await tmux.until(/shop is a stack now, on process/v, 40);
		const made = await tmux.until('local › shop › main');
		t.deepEqual(brokenFrames(made), []);
		t.true((await readdir(path.join(folder, 'shop'))).includes('compose.yaml'));
	});

	test.serial('up, a table, commit, branch', async t => {
		await tmux.press('u');
		await tmux.until(/✓ Up: ready after/v, 60);
		await tmux.until('● db ready');
		await psql('create table ledger as select generate_series(1, 3000) as id', 'SELECT 3000');
		await tmux.press('c');
		await tmux.until('Commit main of shop');
		await tmux.type('three thousand entries\n');
		await tmux.until(/✓ [\da-f]{8}: .* changed, quiesced/v, 40);
		// What was done is told before the history was read again; until then there is nothing to branch from.
		await tmux.until(screen => !screen.includes('No commits yet'));
		await tmux.press('b');
		await tmux.type('risky\n\n');
		t.regex(await tmux.until(/✓ On new branch risky/v, 40), /shop › risky/v);
	});

	test.serial('a broken table: reset lists what would be lost, undo takes it back', async t => {
		await psql('truncate ledger; insert into ledger values (7)', 'INSERT 0 1');
		await tmux.press('R');
		const asked = await tmux.until(screen => screen.includes('Reset risky of shop to its last commit') && !screen.includes('measuring'));
		t.regex(asked, /\d [KM]iB in \S+ since \d\d:\d\d/v);
		t.true(asked.includes('kept as a safety commit'));
		// Not what was asked for: nothing happens.
		await tmux.press('n');
		await tmux.until(screen => !screen.includes('Reset risky of shop'));
		await psql('select count(*) * 11 as eleven from ledger', /\b11$/mv);
		await tmux.press('R');
		await tmux.until(screen => screen.includes('Reset risky of shop') && !screen.includes('measuring'));
		await tmux.press('y');
		await tmux.until(/risky has the data of [\da-f]{8}; \S+ ready after/v, 40);
		await psql('select count(*) * 2 as twice from ledger', '6000');
		await tmux.press('z');
		await tmux.until('Took back: reset risky', 40);
		await psql('select count(*) * 22 as more from ledger', /\b22$/mv);
	});

	test.serial('the supervisor of the services is killed, then the service: that shows by itself, and up brings it back', async t => {
		const {stdout} = await coppice(['ps', '--json'], {cwd: path.join(folder, 'shop'), env});
		const [service] = JSON.parse(stdout) as Array<{readonly processId: number}>;
		process.kill(await findSupervisor(), 'SIGKILL');
		// It runs on without one.
		await psql('select count(*) * 33 as without from ledger', /\b33$/mv);
		process.kill(service!.processId, 'SIGKILL');
		t.deepEqual(brokenFrames(await tmux.until(/[○✗] db (?:failed|stopped|exited)/v)), []);
		await tmux.press('1', 'u');
		await tmux.until(/● db ready/v, 60);
		await psql('select count(*) * 44 as again from ledger', /\b44$/mv);
	});

	test.serial('every pane at 80×24, in each zoom, in less than that, and back: no frame breaks', async t => {
		for (const pane of ['1', '2', '3', '4', '5']) {
			await tmux.press(pane);
			for (const [columns, rows] of [[80, 24], [100, 30], [200, 50], [120, 35]] as const) {
				await tmux.resize(columns, rows);
				const screen = await tmux.until(text => isBack(text) && text.split('\n').filter(line => [...line].length === columns).length >= rows - 4 && brokenFrames(text).length === 0, 5);
				t.true(screen.trimEnd().split('\n').length <= rows);
				t.true(screen.split('\n').every(line => [...line].length <= columns));
			}

			await tmux.resize(80, 24);
			await tmux.until(isBack);
			// Half of the screen, all of it, and back.
			for (const [key, panes] of [['+', 2], ['+', 1], ['_', 2], ['_', 5]] as const) {
				await tmux.press(key);
				await tmux.until(text => countFrames(text) === panes && brokenFrames(text).length === 0, 5);
			}

			await tmux.resize(60, 16);
			await tmux.until(text => text.includes('one pane') && countFrames(text) === 1 && brokenFrames(text).length === 0, 5);
			await tmux.resize(29, 10);
			await tmux.until(/The terminal is too small\s+\(29×10\): at least 30×8/v, 5);
			await tmux.resize(120, 35);
			t.deepEqual(brokenFrames(await tmux.until(text => isBack(text) && brokenFrames(text).length === 0, 5)), []);
		}
	});

	test.serial('the editor has the terminal and gives it back; what it changed is there', async t => {
		await tmux.press('2', 'e');
		await tmux.until(screen => isBack(screen) && screen.includes('○ second'));
		t.true((await tmux.output()).includes('edited '));
	});

	test.serial('q gives the shell back as it was', async t => {
		await tmux.press('q');
		await tmux.until(screen => !screen.includes('4 Commits'));
		await tmux.type('echo ended with $?; stty -a\n');
		t.regex(await tmux.until(/ended with 0[\s\S]* icanon/v), /\bisig icanon\b/v);
		t.is(await tmux.flag('alternate_on'), '0');
		t.is(await tmux.flag('cursor_flag'), '1');
		t.is(await tmux.flag('mouse_any_flag'), '0');
	});
} else {
	skipAloud('a first day with the terminal UI', 'tmux is not installed');
}
