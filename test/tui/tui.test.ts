/**
The terminal UI as people use it: the built program in a terminal, on a real stack with Postgres, driven by keys alone.
*/
import {
	mkdir,
	mkdtemp,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {buildCli, cliEnvironment, cliPath} from '../fixtures/built-cli.ts';
import {openTerminal, type ScreenTerminal, type TerminalOptions} from '../fixtures/terminal.ts';
import {makeTestStack, type TestStack} from '../fixtures/test-stack.ts';

const open = (cwd: string, env: Readonly<Record<string, string>>, options: TerminalOptions = {}): ScreenTerminal =>
	openTerminal([process.execPath, cliPath], {...options, cwd, env: {...cliEnvironment(env), ...options.env}});

/** The key in the protocol of kitty: alone it could be the beginning of another. */
const escape = '\u{1B}[27u';

let stack: TestStack;
let terminal: ScreenTerminal;

test.before(async () => {
	await buildCli();
	stack = await makeTestStack();
	terminal = open(stack.project, {...stack.env, NO_COLOR: ''});
});

test.after.always(async () => {
	terminal?.dispose();
	await stack?.dispose();
});

const count = async (): Promise<number> => {
	const [found] = await stack.query<{count: string}>('select count(*) from orders');
	return Number(found?.count);
};

test.serial('it opens on the stack of the folder and teaches the first step', async t => {
	const screen = await terminal.until('c makes the first commit');
	t.regex(screen, /coppice local › shop › main {2}not committed/v);
	t.true(terminal.isAlternate());
});

test.serial('up, commit', async t => {
	terminal.write('u');
	await terminal.until(/✓ Up: ready after/v, 90);
	await stack.query('create table orders as select generate_series(1, 20000) as id');
	terminal.write('c');
	await terminal.until('Commit main of shop');
	terminal.write('the first state\r');
	await terminal.until(/✓ [\da-f]{8}: .* changed, quiesced/v);
	t.regex(await terminal.until('clean'), /● [\da-f]{8} HEAD \[main\] the fi/v);
});

test.serial('branch and switch, typed in one go', async t => {
	terminal.write('bdev\r\r');
	t.regex(await terminal.until(/✓ On new branch dev/v), /shop › dev/v);
});

test.serial('a table is broken outside; reset says exactly what would be lost, and undo brings it back', async t => {
	await stack.query('delete from orders where id > 5; checkpoint');
	terminal.write('R');
	const asked = await terminal.until(screen => screen.includes('Reset dev of shop to its last commit') && !screen.includes('measuring'));
	t.regex(asked, /\d [KM]iB in data since \d\d:\d\d \(.*\), \d+ files?/v);
	t.true(asked.includes('kept as a safety commit'));
	terminal.write('y');
	await terminal.until(/dev has the data of [\da-f]{8}; db ready after/v);
	t.is(await count(), 20_000);
	terminal.write('z');
	await terminal.until('Took back: reset dev');
	t.is(await count(), 5);
	terminal.write('Z');
	await terminal.until('Did again');
	t.is(await count(), 20_000);
});

test.serial('a change made by the command line elsewhere shows by itself', async t => {
	await stack.json('tag', 'by-hand');
	await terminal.until('as by-hand');
	await stack.json('branch', 'made-elsewhere');
	terminal.write('3');
	t.regex(await terminal.until('made-elsewhere'), /\* dev/v);
	await stack.json('switch', 'main');
	await terminal.until('shop › main');
});

test.serial('switching by enter, and what it did in the list of jobs with its exit code', async t => {
	terminal.write('/elsew\r\r');
	await terminal.until(/✓ Switched to made-elsewhere/v);
	terminal.write(`${escape}1]]]]]`);
	t.regex(await terminal.until(/coppice switch made-elsewhere +[\d.]+ s {2}exit 0/v), /coppice undo .*exit 0/v);
});

test.serial('logs, statistics, a commit, the definition', async t => {
	terminal.write('2\r');
	await terminal.until('database system is ready to');
	terminal.write('/checkpoint\r');
	await terminal.until(screen => !screen.includes('is ready to') && screen.includes('/checkpoint'));
	terminal.write(`${escape}]`);
	await terminal.until(/memory.*[\d.] MiB/v);
	terminal.write('4G\r');
	t.regex(await terminal.until('the first state'), /quiesced, writers stood still/v);
	terminal.write('d');
	await terminal.until(/against the live data/v);
	terminal.write(']');
	await terminal.until('data:/var/lib/postgresql/data');
});

test.serial('a shell in the project\'s folder has the terminal, and gives it back', async t => {
	terminal.write('!');
	await terminal.until(() => !terminal.isAlternate());
	terminal.write('echo "in $PWD"\rexit\r');
	await terminal.until(() => terminal.isAlternate() && terminal.text().includes('Branches'));
	t.true(terminal.output().includes(`in ${stack.project}`));
});

test.serial('psql of the branch, and back', async t => {
	terminal.write('S');
	await terminal.until(() => !terminal.isAlternate());
	terminal.write('select count(*) * 2 as twice from orders;\r');
	await terminal.until('40000');
	terminal.write(String.raw`\q` + '\r');
	await terminal.until(() => terminal.isAlternate() && terminal.text().includes('Branches'));
	t.true(terminal.text().includes('shop › made-elsewhere'));
});

test.serial('every pane at 80×24, below that, and back', async t => {
	for (const panel of ['1', '2', '3', '4', '0']) {
		terminal.write(panel);
		terminal.resize(80, 24);
		// All of it at once: the first of it may be seen before the frame is painted to its end.
		const small = await terminal.until(screen => ['4 Commits', '1 Stacks', '? help'].every(part => screen.includes(part))
			&& screen.split('\n').every(line => line.length <= 80));
		t.true(small.split('\n').length <= 24);
		terminal.resize(60, 16);
		await terminal.until('one pane');
		terminal.resize(20, 5);
		await terminal.until('terminal is too');
		terminal.resize(120, 36);
		await terminal.until(screen => screen.includes('4 Commits') && screen.includes('1 Stacks') && screen.split('\n').some(line => line.length > 110));
	}
});

test.serial('the palette and the help', async t => {
	terminal.write(':undo');
	t.true((await terminal.until('$ coppice undo')).includes('Take the last verb back'));
	terminal.write(escape);
	await terminal.until(screen => !screen.includes('$ coppice'));
	terminal.write('?/all act');
	await terminal.until('All actions');
	terminal.write(escape + escape);
	await terminal.until(screen => !screen.includes('All actions'));
	t.true(terminal.isAlternate());
});

test.serial('quitting gives the terminal back as it was', async t => {
	terminal.write('q');
	t.is(await terminal.exit(), 0);
	t.false(terminal.isAlternate());
	for (const mode of ['?1000', '?1006', '?2004']) {
		t.true(terminal.output().lastIndexOf(`\u{1B}[${mode}h`) < terminal.output().lastIndexOf(`\u{1B}[${mode}l`));
	}

	t.true(terminal.output().lastIndexOf('\u{1B}[?25h') > terminal.output().lastIndexOf('\u{1B}[?25l'));
});

const emptyFolder = async (): Promise<{readonly folder: string; readonly env: Readonly<Record<string, string>>}> => {
	const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-tui-'));
	const folder = path.join(root, 'work');
	await mkdir(folder);
	return {folder, env: {COPPICE_HOME: path.join(root, 'home')}};
};

test.serial('in an empty folder: a new stack from a template, taken up in one go', async t => {
	const {folder, env} = await emptyFolder();
	const screen = open(folder, {...env, PATH: path.dirname(process.execPath)});
	try {
		await screen.until('make a new stack from a template');
		screen.write('a');
		await screen.until('New stack from which template?');
		screen.write('\r');
		await screen.until('New stack from postgres');
		screen.write('shop\r');
		t.regex(await screen.until(/shop is a stack now/v, 60), /local › shop › main/v);
		screen.write('q');
		t.is(await screen.exit(), 0);
	} finally {
		screen.dispose();
		await rm(path.dirname(folder), {recursive: true, force: true});
	}
});

for (const [signal, code] of [['SIGTERM', 143], ['SIGHUP', 129]] as const) {
	test.serial(`${signal} gives the terminal back`, async t => {
		const {folder, env} = await emptyFolder();
		const screen = open(folder, env);
		try {
			await screen.until('1 Stacks');
			screen.kill(signal);
			t.is(await screen.exit(), code);
			t.false(screen.isAlternate());
		} finally {
			screen.dispose();
			await rm(path.dirname(folder), {recursive: true, force: true});
		}
	});
}

test.serial('for a screen reader it prints plain lines, and draws nothing over', async t => {
	const screen = open(stack.project, {...stack.env, INK_SCREEN_READER: 'true'});
	try {
		await screen.until('shop on local, branch');
		screen.write('3');
		await screen.until('* made-elsewhere');
		screen.write('q');
		t.is(await screen.exit(), 0);
		t.false(screen.output().includes('\u{1B}[?1049h'));
	} finally {
		screen.dispose();
	}
});

test.serial('keys, theme and signs come from the settings', async t => {
	const {folder, env} = await emptyFolder();
	const config = path.join(env.COPPICE_HOME!, 'config');
	await mkdir(config, {recursive: true});
	await writeFile(path.join(config, 'config.json'), JSON.stringify({tui: {ascii: true, theme: 'none', keys: {quit: ['ctrl-q']}}}));
	const screen = open(folder, env);
	try {
		await screen.until(/\+-1 Stacks-+\+/v);
		screen.write('q\u{11}');
		t.is(await screen.exit(), 0);
	} finally {
		screen.dispose();
		await rm(path.dirname(folder), {recursive: true, force: true});
	}
});

test.serial('a pipe gets the help, as does a terminal that can show nothing', async t => {
	const {exitCode, stdout} = await stack.run([]);
	t.is(exitCode, 0);
	t.regex(stdout, /Usage: coppice/v);
	const screen = open(stack.project, {...stack.env, TERM: 'dumb'}, {env: {TERM: 'dumb'}});
	try {
		t.is(await screen.exit(), 0);
		t.regex(screen.output(), /Usage: coppice/v);
	} finally {
		screen.dispose();
	}
});
