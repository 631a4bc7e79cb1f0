/**
A host whose key is not known yet, added by keys alone: what ssh asks is asked on the terminal, which comes back by itself.
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
import test from 'ava';
import {buildCli, cliPath} from '../fixtures/built-cli.ts';
import {removeTree} from '../fixtures/remove-tree.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {sshdObstacle, startSshd, type Sshd} from '../fixtures/sshd.ts';
import {hasTmux, openTmux, type TmuxShell} from '../fixtures/tmux.ts';

const missing = await hasTmux() ? sshdObstacle() : 'tmux is not installed';

if (missing === undefined) {
	let root = '';
	let sshd: Sshd;
	let tmux: TmuxShell;

	test.before(async () => {
		await buildCli();
		root = await mkdtemp(path.join(os.tmpdir(), 'coppice-host-key-'));
		await mkdir(path.join(root, 'work'));
		sshd = await startSshd();
		await writeFile(sshd.knownHosts, '');
		tmux = await openTmux({
			folder: path.join(root, 'work'), env: {COPPICE_HOME: path.join(root, 'home'), ...sshd.env}, columns: 150, rows: 40,
		});
	});

	test.after.always(async () => {
		await tmux?.dispose();
		await sshd?.remove();
		await removeTree(root);
	});

	test.serial('ssh asks on the terminal, and the host is added; it is checked and forgotten by keys', async t => {
		await tmux.type(`'${process.execPath}' '${cliPath}'\n`);
		await tmux.until('make a new stack from a template');
		await tmux.type('Abox\r');
		await tmux.until('Where is box?');
		await tmux.press('Enter');
		await tmux.until('The address of box');
		await tmux.type(`${sshd.address}:${sshd.port}\r`);
		await tmux.until('add it as production');
		await tmux.press('Enter');
		await tmux.until('connect on the terminal', 40);
		t.is(await tmux.flag('alternate_on'), '1');
		await tmux.press('Enter');
		await tmux.until('authenticity of host', 40);
		t.is(await tmux.flag('alternate_on'), '0');
		await tmux.type('yes\n');
		await tmux.until(/✓ Added box, Coppice/v, 120);
		t.is(await tmux.flag('alternate_on'), '1');
		t.true((await readFile(sshd.knownHosts, 'utf8')).includes(`127.0.0.1]:${sshd.port}`));
		await tmux.until(/● box/v, 60);
		await tmux.type('1Gv');
		t.regex(await tmux.until(/✓ box: [\d.]+ ms, Coppice/v, 60), new RegExp(sshd.user, 'v'));
		await tmux.type('q');
		await tmux.until(screen => !/✓ box: [\d.]+ ms/v.test(screen));
		await tmux.type('x');
		await tmux.until('forget it, and remove the engine there');
		await tmux.press('Down', 'Enter');
		await tmux.until('the engine there, which');
		await tmux.type('y');
		await tmux.until('Forgot box, and removed the engine there', 60);
		await tmux.until(screen => !/[○●] box/v.test(screen));
	});
} else {
	skipAloud('a host key that is not known, in the terminal UI', missing);
}
