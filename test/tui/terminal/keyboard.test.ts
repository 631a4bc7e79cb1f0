/**
The keyboard of the built program in a terminal: the protocol of kitty, which is asked for and given back, and keys of the user's own.
*/
import {mkdir, mkdtemp, writeFile} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {findHome} from '../../../source/host/home.ts';
import {buildCli, cliEnvironment, cliPath} from '../../fixtures/built-cli.ts';
import {removeTree} from '../../fixtures/remove-tree.ts';
import {openTerminal, type ScreenTerminal} from '../../fixtures/terminal.ts';

const ask = '\u{1B}[?u';
const push = '\u{1B}[>1u';
const pop = '\u{1B}[<u';

/** The program in a folder without a stack, with these settings. */
const open = async (t: ExecutionContext, settings?: object): Promise<ScreenTerminal> => {
	await buildCli();
	const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-keyboard-'));
	const env = {COPPICE_HOME: path.join(root, 'home')};
	const {config} = findHome(env);
	await mkdir(config, {recursive: true});
	await mkdir(path.join(root, 'work'));
	if (settings !== undefined) {
		await writeFile(path.join(config, 'config.json'), JSON.stringify(settings));
	}

	const terminal = openTerminal([process.execPath, cliPath], {cwd: path.join(root, 'work'), env: cliEnvironment(env)});
	t.teardown(async () => {
		terminal.dispose();
		await removeTree(root);
	});
	await terminal.until('make a new stack');
	return terminal;
};

const counts = (terminal: ScreenTerminal): {pushed: number; popped: number} => ({
	pushed: terminal.output().split(push).length - 1, popped: terminal.output().split(pop).length - 1,
});

/** Waits for what is written without being shown. */
const untilWritten = async (terminal: ScreenTerminal, isWritten: () => boolean): Promise<void> => {
	await terminal.until(() => isWritten());
};

test('a terminal that knows kitty\'s protocol is put into it, and out of it as often', async t => {
	const terminal = await open(t);
	await untilWritten(terminal, () => terminal.output().includes(ask));
	t.deepEqual(counts(terminal), {pushed: 0, popped: 0}, 'nothing is pushed before the terminal has said that it knows it');
	terminal.write('\u{1B}[?0u');
	await untilWritten(terminal, () => counts(terminal).pushed === 1);
	// Ctrl-L gives the terminal away and takes it again.
	terminal.write('\u{1B}[108;5u');
	await untilWritten(terminal, () => counts(terminal).pushed === 2);
	t.is(counts(terminal).popped, 1);
	// The keypad's enter, Cmd-C and a media key, then the help.
	terminal.write('\u{1B}[99;9u\u{1B}[57430u\u{1B}[63u');
	await terminal.until('In stacks');
	terminal.write('\u{1B}[27u\u{1B}[113u');
	t.is(await terminal.exit(), 0);
	t.deepEqual(counts(terminal), {pushed: 2, popped: 2});
	t.true(terminal.output().lastIndexOf(pop) > terminal.output().lastIndexOf(push));
});

test('a terminal that does not know it is left alone', async t => {
	const terminal = await open(t);
	terminal.write('q');
	t.is(await terminal.exit(), 0);
	t.true(terminal.output().includes(ask));
	t.deepEqual(counts(terminal), {pushed: 0, popped: 0});
});

test('keys of the user\'s own are what the help shows, and what works', async t => {
	const terminal = await open(t, {tui: {keys: {help: 'ctrl-g', 'stacks:stack.new': ['W'], quit: 'ctrl-x'}}});
	terminal.write('?');
	terminal.write('\u{7}');
	// Not what comes before it: that may be seen before the frame is painted to its end.
	const help = await terminal.until(/^.*│ {2}W {12}Make a new stack from a template/mv);
	t.notRegex(help, /\ba +Make a new stack/v);
	terminal.write('/quit\r');
	await terminal.until(/\^x +Quit/v);
	// Out of the help, which `q` closes wherever it stands among the keys; outside of it, it is nobody's any more.
	terminal.write('q');
	await terminal.until(screen => !screen.includes('Everywhere'));
	terminal.write('qW');
	await terminal.until('New stack from which template?');
	terminal.write('\u{3}');
	await terminal.until(screen => !screen.includes('which template'));
	terminal.write('\u{18}');
	t.is(await terminal.exit(), 0);
});
