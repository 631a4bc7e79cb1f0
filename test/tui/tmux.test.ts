/**
The terminal UI under a shell in tmux: what only a real terminal with job control shows, and that the terminal is given back however it ends.
*/
import {
	mkdir,
	mkdtemp,
	readFile,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {buildCli, cliPath} from '../fixtures/built-cli.ts';
import {removeTree} from '../fixtures/remove-tree.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {hasTmux, openTmux, type TmuxShell} from '../fixtures/tmux.ts';

/** Loaded into the program before all else: it fails when it is told to, as any mistake in it could make it. */
const failing = (processFile: string): string => `
import {writeFileSync} from 'node:fs';
if (process.argv[1].endsWith('coppice.js')) {
	writeFileSync(${JSON.stringify(processFile)}, String(process.pid));
	process.on('SIGUSR2', () => { throw new Error('thrown on purpose'); });
	process.on('SIGWINCH', () => { if (process.env.REJECT_ON_RESIZE) Promise.reject(new Error('rejected on purpose')); });
}
`;

if (await hasTmux()) {
	let root = '';
	let tmux: TmuxShell;
	let processFile = '';
	const isShown = (screen: string): boolean => screen.includes('1 Stacks') && screen.includes('make a new stack');

	test.before(async () => {
		await buildCli();
		root = await mkdtemp(path.join(os.tmpdir(), 'coppice-manners-'));
		await mkdir(path.join(root, 'work'));
		processFile = path.join(root, 'process');
		const preload = path.join(root, 'failing.mjs');
		await writeFile(preload, failing(processFile));
		tmux = await openTmux({
			folder: path.join(root, 'work'), columns: 100, rows: 30, env: {COPPICE_HOME: path.join(root, 'home'), NODE_OPTIONS: `--import=${preload}`},
		});
	});

	test.after.always(async () => {
		await tmux?.dispose();
		await removeTree(root);
	});

	const start = async (variables = ''): Promise<void> => {
		await tmux.type(`clear; ${variables} '${process.execPath}' '${cliPath}'\n`);
		await tmux.until(isShown);
		for (const [flag, value] of [['alternate_on', '1'], ['cursor_flag', '0'], ['mouse_any_flag', '1']] as const) {
			if (await tmux.flag(flag) !== value) {
				throw new Error(`The program did not take the terminal: ${flag} is not ${value}.`);
			}
		}
	};

	/** The shell is there again, with the terminal as it was before. Returns what is on the screen. */
	const isGivenBack = async (t: ExecutionContext, code: number): Promise<string> => {
		await tmux.until(screen => !screen.includes('1 Stacks') && screen.includes('prompt>'));
		await tmux.type('echo "it ended with $?"; stty -a\n');
		const screen = await tmux.until(/it ended with \d[\s\S]*\sisig\s[\s\S]+prompt>\s*$/v);
		t.true(screen.includes(`it ended with ${code}`), screen);
		t.regex(screen, /\bisig icanon /v);
		t.regex(screen, / echo /v);
		for (const [flag, value] of [['alternate_on', '0'], ['cursor_flag', '1'], ['mouse_any_flag', '0']] as const) {
			t.is(await tmux.flag(flag), value, flag);
		}

		const output = await tmux.output();
		t.true(output.lastIndexOf('\u{1B}[?2004l') > output.lastIndexOf('\u{1B}[?2004h'), 'pastes are bracketed');
		return screen;
	};

	test.serial('ctrl-z gives the shell back, fg the screen, q both', async t => {
		await start();
		await tmux.press('C-z');
		await tmux.until(screen => !screen.includes('1 Stacks') && /prompt> *$/v.test(screen.trimEnd()));
		await tmux.type('echo still "h"ere; stty -a\n');
		t.regex(await tmux.until(/still here[\s\S]*\sisig\s/v), /\bisig icanon /v);
		t.is(await tmux.flag('mouse_any_flag'), '0');
		await tmux.type('fg\n');
		await tmux.until(isShown);
		t.is(await tmux.flag('mouse_any_flag'), '1');
		await tmux.press('?');
		await tmux.until('In stacks');
		await tmux.press('q', 'q');
		t.regex(await isGivenBack(t, 0), /still here/v);
	});

	/** The program itself. */
	const findProgram = async (): Promise<number> => Number(await readFile(processFile, 'utf8'));

	/** It is stopped: the shell has the terminal, as it likes it. */
	const isStopped = async (): Promise<void> => {
		await tmux.until(/Stopped[\s\S]*prompt>/v);
		await tmux.type('stty sane\n');
	};

	/** What `fg` brings back takes keys and the mouse, and gives the terminal back when it is left. */
	const goesOn = async (t: ExecutionContext): Promise<void> => {
		await tmux.type('clear; fg\n');
		await tmux.until(isShown);
		for (const [flag, value] of [['alternate_on', '1'], ['mouse_any_flag', '1']] as const) {
			t.is(await tmux.flag(flag), value, flag);
		}

		await tmux.press('?');
		await tmux.until('In stacks');
		await tmux.press('q', 'q');
		await isGivenBack(t, 0);
	};

	test.serial('after SIGSTOP, which nobody can prepare for, fg brings the screen and the keys back', async t => {
		await start();
		process.kill(await findProgram(), 'SIGSTOP');
		await isStopped();
		await goesOn(t);
	});

	test.serial('SIGTSTP of another process gives the shell back, as ctrl-z does', async t => {
		await start();
		process.kill(await findProgram(), 'SIGTSTP');
		await isStopped();
		t.is(await tmux.flag('alternate_on'), '0');
		t.is(await tmux.flag('mouse_any_flag'), '0');
		await goesOn(t);
	});

	test.serial('a paste of several lines is one line of a prompt, and presses no keys', async t => {
		await start();
		await tmux.press('A');
		await tmux.until('Add a host: its name');
		await tmux.paste('sta\nging q');
		await tmux.until('sta ging q');
		await tmux.press('Escape');
		await tmux.until(screen => !screen.includes('Add a host: its name'));
		await tmux.press('q');
		await isGivenBack(t, 0);
	});

	for (const [signal, code] of [['SIGTERM', 143], ['SIGINT', 130], ['SIGHUP', 129], ['SIGQUIT', 131]] as const) {
		test.serial(`${signal} gives the terminal back`, async t => {
			await start();
			process.kill(await findProgram(), signal);
			await isGivenBack(t, code);
		});
	}

	test.serial('an error that nobody caught gives the terminal back, and is printed after', async t => {
		await start();
		process.kill(await findProgram(), 'SIGUSR2');
		t.true((await isGivenBack(t, 1)).includes('Error: thrown on purpose'));
	});

	test.serial('so does a promise that nobody waited for', async t => {
		await start('REJECT_ON_RESIZE=1');
		await tmux.resize(101, 30);
		t.true((await isGivenBack(t, 1)).includes('Error: rejected on purpose'));
	});
} else {
	skipAloud('the terminal UI in tmux', 'tmux is not installed');
}
