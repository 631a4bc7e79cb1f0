/**
The terminal UI under a shell in tmux: what only a real terminal with job control shows.
*/
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {execa} from 'execa';
import {buildCli, cliEnvironment, cliPath} from '../fixtures/built-cli.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';

const {exitCode} = await execa('tmux', ['-V'], {reject: false});

if (exitCode === 0) {
	test('ctrl-z gives the shell back, fg the screen, q both', async t => {
		await buildCli();
		const root = await mkdtemp(path.join(os.tmpdir(), 'coppice-tmux-'));
		const folder = path.join(root, 'work');
		await mkdir(folder);
		const tmux = async (...words: string[]): Promise<string> => {
			const {stdout} = await execa('tmux', ['-S', path.join(root, 'socket'), '-f', '/dev/null', ...words], {
				cwd: folder, extendEnv: false, env: {...cliEnvironment({COPPICE_HOME: path.join(root, 'home'), CI: undefined, PS1: 'prompt> '}), ENV: undefined},
			});
			return stdout;
		};

		const until = async (isThere: (screen: string) => boolean, what: string): Promise<void> => {
			const end = performance.now() + 20_000;
			for (let screen = await tmux('capture-pane', '-p'); !isThere(screen); screen = await tmux('capture-pane', '-p')) {
				if (performance.now() > end) {
					throw new Error(`${what} did not come. The screen:\n${screen}`);
				}

				await delay(50);
			}
		};

		const isShown = (screen: string): boolean => screen.includes('1 Stacks') && screen.includes('make a new stack');
		try {
			await tmux('new-session', '-d', '-x', '100', '-y', '30', 'env -u CI PS1="prompt> " sh -i');
			await until(screen => screen.includes('prompt>'), 'the shell');
			await tmux('send-keys', `${process.execPath} ${cliPath}`, 'Enter');
			await until(isShown, 'the screen');
			await tmux('send-keys', 'C-z');
			await until(screen => !screen.includes('1 Stacks') && /prompt> *$/v.test(screen.trimEnd()), 'the shell again');
			await tmux('send-keys', 'echo still "h"ere', 'Enter');
			await until(screen => screen.includes('still here'), 'the answer of the shell');
			await tmux('send-keys', 'fg', 'Enter');
			await until(isShown, 'the screen again');
			await tmux('send-keys', '?');
			await until(screen => screen.includes('In stacks'), 'the help');
			await tmux('send-keys', 'q', 'q');
			await until(screen => screen.includes('still here') && !screen.includes('1 Stacks'), 'the shell at the end');
			await tmux('send-keys', 'echo ended with $?', 'Enter');
			await until(screen => screen.includes('ended with 0'), 'the exit code');
			t.regex(await tmux('capture-pane', '-p'), /still here[\s\S]*ended with 0/v);
		} finally {
			await execa('tmux', ['-S', path.join(root, 'socket'), 'kill-server'], {reject: false});
			await rm(root, {recursive: true, force: true});
		}
	});
} else {
	skipAloud('the terminal UI in tmux', 'tmux is not installed');
}
