/**
The terminal UI on a stack in Docker, by keys alone, under a shell in tmux: what happens in the engine shows by itself, its end too.
*/
import {Buffer} from 'node:buffer';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {buildCli, cliPath, coppice} from '../fixtures/built-cli.ts';
import {dockerMissing} from '../fixtures/docker/engine.ts';
import {makeOtherMachine, type OtherMachine} from '../fixtures/docker/other-machine.ts';
import {brokenFrames} from '../fixtures/frames.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {sshdObstacle} from '../fixtures/sshd.ts';
import {hasTmux, openTmux, type TmuxShell} from '../fixtures/tmux.ts';

const compose = String.raw`services:
  web:
    image: busybox:1.35
    command: ["sh", "-c", "i=0; while :; do i=$$((i+1)); echo \"GET /page/$$i\"; echo \"WARN slow $$i\"; sleep 0.3; done"]
    stop_grace_period: 0s
  worker:
    image: busybox:1.35
    command: ["sh", "-c", "i=0; while :; do i=$$((i+1)); echo \"job $$i done\"; n=0; while [ $$n -lt 40000 ]; do n=$$((n+1)); done; sleep 0.5; done"]
    volumes: ["data:/data"]
    stop_grace_period: 0s
volumes:
  data: {}
`;

const missing = await dockerMissing() ?? sshdObstacle() ?? (await hasTmux() ? undefined : 'tmux is not installed');

if (missing === undefined) {
	let machine: OtherMachine;
	let folder = '';
	let home = '';
	let env: Readonly<Record<string, string>> = {};
	let tmux: TmuxShell;
	const away = /✗ The Docker engine at \S+ (?:is not running|can't be reached|hung up)/v;
	const container = (service: string): string => `watched-${service}-1`;

	test.before(async () => {
		await buildCli();
		machine = await makeOtherMachine(['busybox:1.35']);
		folder = path.join(machine.folder, 'watched');
		home = path.join(machine.folder, 'home');
		await mkdir(folder);
		await mkdir(path.join(home, 'config'), {recursive: true});
		await writeFile(path.join(folder, 'compose.yaml'), compose);
		await writeFile(path.join(home, 'config/config.json'), JSON.stringify({runtime: 'docker', driver: 'directory', pool: machine.pool}));
		env = {COPPICE_HOME: home, DOCKER_HOST: machine.engineUrl};
		tmux = await openTmux({folder, env});
	});

	test.after.always(async () => {
		await tmux?.dispose();
		await coppice(['down'], {cwd: folder, env});
		await machine?.dispose();
	});

	test.serial('a project becomes a stack, and its services run', async t => {
		await tmux.type(`'${process.execPath}' '${cliPath}'\n`);
		await tmux.until('watched');
		await tmux.press('i');
		await tmux.until(/watched is a stack now, on docker/v, 60);
		await tmux.press('u');
		await tmux.until(/✓ Up: ready after/v, 60);
		t.regex(await tmux.until(/● web[\s\S]*● worker/v), /docker, directory/v);
	});

	test.serial('a container that is stopped, paused and started elsewhere shows by itself', async t => {
		await machine.docker('stop', '--time', '0', container('worker'));
		t.regex(await tmux.until(/[○✗] worker (?:stopped|failed|exited)/v, 5), /● web/v);
		await machine.docker('start', container('worker'));
		await tmux.until('● worker', 5);
		await machine.docker('pause', container('web'));
		await tmux.until(/web paused/v, 5);
		await machine.docker('unpause', container('web'));
		await tmux.until('● web', 5);
	});

	test.serial('statistics of each service, as graphs', async t => {
		await tmux.press('1', ']', ']');
		const screen = await tmux.until(text => /CPU [^\n▁▂▃▄▅▆▇█]*[▁▂▃▄▅▆▇█]{2}[^\n]*\d %/v.test(text) && /memory [^\n]*\d [KM]iB/v.test(text), 20);
		t.regex(screen, /worker[\s\S]*CPU[^\n]* (?!0\.0)[\d.]+ %/v);
		t.true(['network', 'disk'].every(name => screen.includes(name)));
	});

	test.serial('logs of both, merged; scrolling stands still, the end follows', async t => {
		await tmux.press('L');
		t.regex(await tmux.until(/^.*web +GET[\s\S]*worker +job \d+ done/mv), /following/v);
		await tmux.press('5', 'C-u');
		await tmux.until('standing still');
		const lines = async (): Promise<string[]> => (await tmux.screen()).split('\n').filter(line => /job \d+ done|GET/v.test(line));
		const before = await lines();
		const newest = async (): Promise<string> => machine.docker('logs', '--tail', '1', container('worker'));
		const at = await newest();
		while (await newest() === at) {
			// Something more is logged.
		}

		t.deepEqual(await lines(), before);
		await tmux.press('G');
		await tmux.until('following');
		await tmux.until(text => text.includes(at), 5);
	});

	test.serial('filters: a text, an expression, and what not to show; times, wrapped lines', async t => {
		await tmux.press('/');
		await tmux.type('!/^GET|slow/');
		await tmux.press('Enter');
		await tmux.until(text => /worker +job/v.test(text) && !text.includes('GET /page'));
		await tmux.press('Escape');
		await tmux.until('GET /page');
		await tmux.press('/');
		await tmux.type(String.raw`/page.\d*[05]$/`);
		await tmux.press('Enter');
		// Each key filters anew: the whole of it is there when nothing else is.
		const isFiltered = (text: string): boolean => /web +GET/v.test(text) && !/worker +job|slow/v.test(text)
			&& text.matchAll(/GET \/page\/(?<number>\d+)/gv).every(({groups}) => /[05]$/v.test(groups!.number!));
		await tmux.until(isFiltered);
		await tmux.press('t', 'w');
		t.regex(await tmux.until(/\d\d:\d\d:\d\d\.\d{3} GET/v), /following/v);
	});

	test.serial('what is shown is saved in a file, and copied to the clipboard of the terminal', async t => {
		await tmux.press('C-s');
		await tmux.until('Save the logs');
		await tmux.press('Enter');
		await tmux.until(/✓ Saved \d+ lines? in/v);
		const saved = await readFile(path.join(folder, 'watched.log'), 'utf8');
		t.regex(saved, /^\S+Z web \| GET \/page\/5$/mv);
		t.false(saved.includes('job'));
		await tmux.press('y');
		await tmux.until(/Copied (?:the last )?\d+ lines?\b/v);
		// eslint-disable-next-line regexp/no-control-character, no-control-regex -- The sequence that fills a clipboard.
		const copied = /\u{1B}\]52;c;(?<text>[^\u{7}]+)\u{7}/v.exec(await tmux.output())!.groups!.text!;
		t.true(Buffer.from(copied, 'base64').toString().includes('web | GET /page/5'));
		await tmux.press('Escape');
		await tmux.until(/worker +\d\d:\d\d:\d\d\.\d{3} job/v);
	});

	test.serial('the engine is killed: that is said, nothing freezes, and its services are there again when it is', async t => {
		await tmux.press('1');
		await tmux.until('⏎ open');
		await machine.killEngine();
		t.deepEqual(brokenFrames(await tmux.until(away, 15)), []);
		await tmux.press('?');
		await tmux.until('In stacks', 3);
		await tmux.press('q');
		await tmux.until(screen => !away.test(screen) && /[○✗] web[\s\S]*[○✗] worker/v.test(screen), 30);
		await tmux.press('u');
		await tmux.until(/✓ Up: ready after/v, 60);
		t.regex(await tmux.until(/● web[\s\S]*● worker/v), /docker, directory/v);
		await tmux.press('q');
		await tmux.until(screen => !screen.includes('4 Commits'));
	});
} else {
	skipAloud('the terminal UI on Docker', missing);
}
