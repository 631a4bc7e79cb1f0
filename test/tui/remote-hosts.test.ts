/**
Stacks of another host in the terminal UI: the program in tmux, a machine behind a real sshd, and all that can become of the line between them.
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
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {execa} from 'execa';
import {cliPath, coppice} from '../fixtures/built-cli.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {sshdObstacle} from '../fixtures/sshd.ts';
import {hasTmux, openTmux, type TmuxShell} from '../fixtures/tmux.ts';
import {startRemoteMachine, type RemoteMachine} from './remote-machine.ts';

const obstacle = await hasTmux() ? sshdObstacle() : 'tmux is not installed';

if (obstacle === undefined) {
	let root: string;
	let machine: RemoteMachine;
	let tui: TmuxShell;
	let env: Readonly<Record<string, string>>;

	const run = async (...words: string[]) => {
		const {exitCode, stderr} = await coppice(words, {cwd: root, env});
		if (exitCode !== 0) {
			throw new Error(stderr);
		}
	};

	const isOnline = (screen: string): boolean => screen.includes('coppice st › shop') && !screen.includes('(stale)');

	const openTui = async (folder: string): Promise<TmuxShell> => {
		const opened = await openTmux({
			folder, env: {...env, NO_COLOR: ''}, columns: 150, rows: 40,
		});
		await opened.type(`exec ${process.execPath} ${cliPath}`);
		await opened.press('Enter');
		return opened;
	};

	/** On production the host's name is typed. */
	const confirmHost = async (title: string | RegExp): Promise<void> => {
		await tui.until(title);
		await tui.until(screen => !screen.includes('measuring'));
		await tui.type('st');
		await tui.press('Enter');
	};

	test.before(async () => {
		root = await mkdtemp(path.join(os.tmpdir(), 'coppice-remote-'));
		machine = await startRemoteMachine();
		env = {COPPICE_HOME: path.join(root, 'home'), ...machine.sshd.env};
		const folder = path.join(root, 'work');
		await mkdir(folder);
		tui = await openTui(folder);
	});

	test.after.always(async () => {
		await tui?.dispose();
		await machine?.remove();
		await rm(root, {recursive: true, force: true});
	});

	test.serial('a host that is added elsewhere appears with its stacks, and its history shows', async t => {
		await tui.until('make a new stack');
		await run('host', 'add', 'st', ...machine.address, '--production');
		await tui.until(/● st[\s\S]* shop +main/v);
		await tui.press('j');
		const screen = await tui.until(/HEAD \[main\] the first st/v);
		t.regex(screen, /coppice st › shop › main/v);
		await tui.until('app created');
	});

	test.serial('a commit made there shows here; one made here is made there', async t => {
		await machine.write('2');
		await machine.coppice('commit', '-m', 'made there');
		await tui.until('made there', 10);
		await machine.write('3');
		await tui.press('c');
		await tui.until('Commit main of shop');
		await tui.type('made here');
		await tui.press('Enter');
		await tui.until(/✓ [\da-f]{8}: .* changed/v);
		t.regex(await machine.coppice('log', '--json'), /"made here"/v);
	});

	test.serial('a reset says what would be lost there; on a production host its name is typed, by undo too; the command line is that of -H', async t => {
		await machine.write('4, longer than before');
		await tui.press('R');
		const asked = await tui.until(screen => screen.includes('Reset main of shop') && !screen.includes('measuring'));
		t.regex(asked, /in data since \d\d:\d\d .*, 1 file/v);
		t.true(asked.includes('on st'));
		await tui.type('st');
		await tui.press('Enter');
		await tui.until(/main has the data of [\da-f]{8}/v);
		await tui.press(':');
		await tui.type('Reset the current branch to its');
		await tui.until('$ coppice -H st --stack shop reset');
		await tui.press('Escape');
		await tui.until(shown => !shown.includes('Actions'));
		await tui.press('z');
		await confirmHost('Undo: reset main');
		await tui.until('Took back: reset main');
	});

	test.serial('services start there; logs and a shell come from there', async t => {
		await tui.press('u');
		await confirmHost('Up on st');
		await tui.until(/Up: ready after/v);
		await tui.until('app ready');
		await tui.press('L');
		await tui.until('the app logs this');
		await tui.press('1', 's');
		await confirmHost(/Sh in \S+ on st/v);
		await tui.until(screen => !screen.includes('1 Stacks'));
		await tui.type('echo "user is $(id -un)"; sleep 1; exit');
		await tui.press('Enter');
		await tui.until(`user is ${machine.sshd.user}`);
		t.regex(await tui.until('1 Stacks'), /app ready/v);
		await tui.press('[');
		await tui.until(/Stack +shop +on st/v);
	});

	test.serial('an engine that is killed there is connected again by itself', async t => {
		await execa('pkill', ['-KILL', '-u', machine.sshd.user, '-f', 'coppice.js serve$']);
		await machine.coppice('tag', 'killed');
		t.regex(await tui.until('<killed', 20), /st › shop/v);
		await tui.until(isOnline);
	});

	test.serial('a host that goes away is shown as it was, with age and reason; nothing is run there; it comes back by itself', async t => {
		await machine.sshd.kill();
		t.regex(await tui.until(/\(stale\)[\s\S]* as of /v), /made here/v);
		await tui.press('c');
		await tui.until(screen => /lost|nothing answers/v.test(screen.trimEnd().split('\n').slice(-2).join(' ')));
		await tui.press('k');
		// First that the connection was lost, then why it can't be made again.
		await tui.until(/not reached; as it was[\s\S]*nothing answers at port/v);
		await tui.press('j');
		await machine.sshd.start();
		await tui.until(isOnline);
		await machine.coppice('tag', 'back');
		t.regex(await tui.until('<back', 10), /st › shop/v);
	});

	test.serial('what a limited key may not do is said in a sentence, and what it may see is shown', async t => {
		const {sshd, engine} = machine;
		await mkdir(path.join(sshd.home, 'coppice-home/config'), {recursive: true});
		await writeFile(path.join(sshd.home, 'coppice-home/config/policy.yaml'), 'roles:\n  laptop:\n    - stacks: [shop]\n      allow: [read]\n');
		await writeFile(sshd.authorizedKeys, `command="${engine} serve --policy laptop",restrict ${sshd.publicKey}\n`);
		await sshd.kill();
		await tui.until('(stale)');
		await sshd.start();
		await tui.until(isOnline);
		await tui.press('c');
		await tui.until('st gives this key the role laptop, which runs no verbs there');
		await tui.press('k');
		t.regex(await tui.until(/Role +laptop/v), /made here/v);
		await tui.press('j');
		await tui.until(/does not let the role laptop pull/v);
	});

	test.serial('the next start shows what was there, as old, while the host can\'t be reached; then it is as it is', async t => {
		await tui.press('q');
		await tui.dispose();
		await machine.sshd.kill();
		tui = await openTui(path.join(root, 'work'));
		await tui.until(/○ st .*can't be reached[\s\S]* shop +main/v);
		await tui.press('j', 'j');
		t.regex(await tui.until('show once st answers'), /st \(stale\) › shop › main[\s\S]*this is as it was/v);
		await machine.sshd.start();
		await tui.until(isOnline);
		t.regex(await tui.until('made here'), /● st/v);
	});

	test.serial('a host that is forgotten elsewhere goes', async t => {
		await run('host', 'rm', 'st');
		t.notRegex(await tui.until('make a new stack'), /shop/v);
		const serving = async (): Promise<string> => (await execa('pgrep', ['-u', machine.sshd.user, '-f', 'coppice.js serve'], {reject: false})).stdout;
		const end = performance.now() + 15_000;
		while (await serving() !== '' && performance.now() < end) {
			await delay(100);
		}

		t.is(await serving(), '', 'the engine there has ended with the connection');
	});
} else {
	skipAloud('hosts in the terminal UI', obstacle);
}
