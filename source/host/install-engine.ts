/**
Puts this program on another host, into the folder of the user there: one folder a version, `current` for the one that is used. A version is put together
beside its place and has run once before it gets its name; `current` changes in one step. Whatever cuts it off leaves the engine that was there.

`~/.local/share/coppice/engine/`
  `0.1.0-1f2e3d4c5b6a/`   `bin/coppice`, `dist/`, `templates/`, `node_modules/` with the native calls
  `node-v24.1.0-x64/`     a Node, where the host has none that serves
  `current`               a link to the version
*/
import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {
	chmod,
	mkdir,
	mkdtemp,
	rm,
	symlink,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
	PassThrough,
	Transform,
	type Readable,
	type TransformCallback,
} from 'node:stream';
import {createGzip} from 'node:zlib';
import {CoppiceError} from '../system/errors.ts';
import {nodeFlags} from '../system/node-flags.ts';
import {plainText} from './agent-errors.ts';
import {
	engineFiles,
	nodeFor,
	type EngineFile,
	type NodeProgram,
} from './engine-files.ts';
import type {Home} from './home.ts';
import {engineFolder, probeHost, type HostFacts} from './probe-host.ts';
import {runThere, type Place, type ThereOptions} from './run-there.ts';
import {quoteWord} from './ssh.ts';

/** What goes on, for who waits. */
export type InstallReport = {
	step(message: string): void;

	/** Bytes read so far of those that are sent, before compression. */
	sent(task: string, done: number, total: number): void;
};

export type Installed = {
	/** The command that runs it there: an absolute path. */
	readonly engine: string;

	/** What was done, a sentence each. Nothing where it was there already. */
	readonly did: readonly string[];
};

/** As `engines` in package.json has it. */
const leastNode = 24;

// On one line: a C shell does not take line breaks in quotes. Arguments: the folder, the name, a word that nobody else has.
const takeScript = [
	'set -e',
	'umask 022',
	'folder=$1 name=$2 partial=$2.$3.partial',
	'mkdir -p "$folder"',
	'cd "$folder"',
	// Left by what was cut off; a day is longer than any line needs.
	String.raw`find . -maxdepth 1 -name "*.partial" -mtime +0 -exec rm -rf {} \;`,
	'trap \'rm -rf "$folder/$partial"\' EXIT',
	'mkdir "$partial"',
	'tar -xzf - -C "$partial"',
	// Tried before it has its name.
	'"$partial/$4" --version',
	'sync',
	'if [ -e "$name" ]; then rm -rf "$partial"; else mv "$partial" "$name"; fi',
].join('; ');

// Arguments: the folder, the name. What was used before stays too, since it may be at work; and each Node that either needs.
const useScript = [
	'set -e',
	'cd "$1"',
	'before=$(readlink current || :)',
	'"$2/bin/coppice" --version',
	'if [ "$before" != "$2" ]; then ln -s "$2" ".current.$$"; mv -T ".current.$$" current; else before=$(cat .previous 2> /dev/null || :); fi',
	'printf "%s" "$before" > .previous',
	'sync',
	// eslint-disable-next-line no-template-curly-in-string -- Of the shell.
	'for old in */; do old=${old%/}; case $old in "$2"|"$before"|current|node-*|*.partial) ;; *) rm -rf "$old" ;; esac; done',
	// eslint-disable-next-line no-template-curly-in-string -- Of the shell.
	'for node in node-*/; do node=${node%/}; [ -d "$node" ] || continue; case $node in *.partial) continue ;; esac; grep -qs "/$node/" */bin/coppice || rm -rf "$node"; done',
].join('; ');

/** Refuses while something runs by an engine there; then removes the folder of the engines and nothing else. */
const purgeScript = [
	'set -e',
	'cd "$HOME/.local/share/coppice"',
	'folder=$(pwd -P)/engine',
	String.raw`for process in /proc/[0-9]*; do if tr "\\0" "\\n" < "$process/cmdline" 2> /dev/null | grep -qs "^$folder/.*/dist/coppice[.]js\$"; then echo busy; exit 0; fi; done`,
	'[ ! -L engine ]',
	'rm -rf engine',
	// Code that Node has compiled of it; another program of the same kind makes its own again.
	// eslint-disable-next-line no-template-curly-in-string -- Of the shell.
	'cache=${XDG_CACHE_HOME:-$HOME/.cache}/coppice',
	'rm -rf "$cache"/program-*',
	'rmdir "$cache" 2> /dev/null || :',
	'cd ..',
	'rmdir coppice 2> /dev/null || :',
	'echo removed',
].join('; ');

type ScriptOptions = ThereOptions & {
	/** For the error: `Sending Node to staging`. */
	readonly what: string;
};

const run = async (place: Place, script: string, words: readonly string[], {what, ...options}: ScriptOptions): Promise<string> => {
	const {exitCode, stdout, stderr} = await runThere(place, ['sh', '-c', script, 'coppice', ...words], options);
	if (exitCode !== 0) {
		throw new CoppiceError('host', `${place.name}: ${what} failed (exit code ${exitCode}).`, {
			host: place.name, stderr: plainText(stderr), hint: 'What was there before is still there. Mend what it says and run the command again.',
		});
	}

	return stdout;
};

type Archive = {readonly stream: Readable; remove(): Promise<void>};

/** Files under the names that they are to have, packed; `onBytes` is told how many were read. */
const pack = async (files: readonly EngineFile[], onBytes: (done: number) => void): Promise<Archive> => {
	const stage = await mkdtemp(path.join(os.tmpdir(), 'coppice-engine-'));
	for (const {source, name} of files) {
		await mkdir(path.join(stage, path.dirname(name)), {recursive: true});
		await symlink(source, path.join(stage, name));
	}

	// Links are followed; nobody's names, and modes without what a mask has made of them.
	const tar = spawn('tar', ['-C', stage, '-chf', '-', '--owner=0', '--group=0', '--numeric-owner', '--mode=u+rwX,go=rX', '.'], {stdio: ['ignore', 'pipe', 'ignore']});
	let done = 0;
	const counted = new Transform({
		transform(chunk: Uint8Array, _encoding: BufferEncoding, callback: TransformCallback) {
			done += chunk.length;
			onBytes(done);
			callback(undefined, chunk);
		},
	});

	// The fastest level: a line of 20 MB/s or more would wait for any other, and the rest is small.
	const stream = tar.stdout.pipe(counted).pipe(createGzip({level: 1})).pipe(new PassThrough());
	tar.on('error', error => {
		stream.destroy(error);
	});
	tar.on('exit', code => {
		if (code !== 0) {
			stream.destroy(new CoppiceError('failed', 'The files of the engine could not be packed.', {hint: 'See that `tar` is installed here and that the disk has space.'}));
		}
	});
	return {
		stream,
		async remove() {
			tar.kill();
			await rm(stage, {recursive: true, force: true});
		},
	};
};

type Sending = {
	readonly place: Place;
	readonly options: Omit<ThereOptions, 'input'>;
	readonly report: InstallReport;

	/** The folder of the engines there. */
	readonly folder: string;
};

type Parcel = {readonly task: string; readonly name: string; readonly files: readonly EngineFile[]; readonly bytes: number; readonly tried: string};

const send = async ({place, options, report, folder}: Sending, {task, name, files, bytes, tried}: Parcel): Promise<void> => {
	const {stream, remove} = await pack(files, done => {
		report.sent(task, Math.min(done, bytes), bytes);
	});
	try {
		await run(place, takeScript, [folder, name, randomBytes(6).toString('hex'), tried], {...options, input: stream, what: task});
	} finally {
		await remove();
	}
};

const major = (version: string): number => Number(version.split('.', 1)[0]);

const checkSpace = (place: Place, {free}: HostFacts, needed: number): void => {
	if (free > 0 && free < needed) {
		throw new CoppiceError('host', `The home folder on ${place.name} has ${Math.floor(free / 1e6)} MB free, and the engine needs ${Math.ceil(needed / 1e6)}.`, {
			host: place.name, hint: 'Free some space there.',
		});
	}
};

const noNode = (place: Place, {architecture, libc, nodes}: HostFacts): CoppiceError => {
	const known = nodes.map(({path: file, version}) => `${file} is ${version}`).join(', ');
	return new CoppiceError('host', `The host ${place.name} needs Node ${leastNode} or newer (${known === '' ? 'it has none' : known}), and there is none here for ${architecture}${libc === '' ? '' : ` with ${libc}`}.`, {
		host: place.name, hint: `Install Node ${leastNode} there, or the package node-linux-${architecture} beside Coppice here.`,
	});
};

/** The text of `bin/coppice`: finds its own folder behind all links, so that what it runs stays the version that it was. */
const launcher = (node: string): string => `#!/bin/sh
# Made by \`coppice host add\`.
engine=$(readlink -f -- "$0")
engine=\${engine%/*/*}
exec ${node} ${nodeFlags.join(' ')} "$engine/dist/coppice.js" "$@"
`;

type NodeChoice = {
	/** As the launcher has it. */
	readonly word: string;

	/** What is to be sent. */
	readonly parcel?: NodeProgram & {readonly folder: string};
	readonly sentence: string;
};

const chooseNode = async (place: Place, facts: HostFacts): Promise<NodeChoice> => {
	const own = `${facts.homeFolder}/${engineFolder}/`;
	const serving = facts.nodes.filter(({version}) => major(version) >= leastNode);
	const there = serving.find(node => !node.path.startsWith(own)) ?? serving[0];
	if (there !== undefined) {
		return {
			word: there.path.startsWith(own) ? `"$engine"/../${there.path.slice(own.length)}` : quoteWord(there.path),
			sentence: `It runs on the Node ${there.version} there (${there.path}).`,
		};
	}

	const node = await nodeFor(facts);
	if (node === undefined) {
		throw noNode(place, facts);
	}

	const folder = `node-v${node.version}-${facts.architecture}`;
	return {word: `"$engine"/../${folder}/bin/node`, parcel: {...node, folder}, sentence: `Node ${node.version} came with it, since ${place.name} has none from ${leastNode} on.`};
};

export type InstallOptions = Omit<ThereOptions, 'input'> & {readonly report: InstallReport};

/**
Puts this version there, unless it is there already, and lets it be the current one.

@throws CoppiceError `host` where it can't be reached, lacks the space or a Node; `precondition` where this program was not built.
*/
export const installEngine = async (place: Place, facts: HostFacts, {report, ...options}: InstallOptions): Promise<Installed> => {
	const folder = `${facts.homeFolder}/${engineFolder}`;
	const engine = `${folder}/current/bin/coppice`;
	const {name, files, bytes, hasNativeCalls} = await engineFiles(facts);
	if (facts.engine === name) {
		return {engine, did: []};
	}

	const node = await chooseNode(place, facts);
	checkSpace(place, facts, bytes + (node.parcel?.bytes ?? 0) + 16e6);
	const sending = {
		place, options, report, folder,
	};
	const did: string[] = [];
	if (node.parcel !== undefined) {
		report.step(`sending Node ${node.parcel.version} to ${place.name}`);
		await send(sending, {
			task: `sending Node to ${place.name}`, name: node.parcel.folder, files: [{source: node.parcel.file, name: 'bin/node'}], bytes: node.parcel.bytes, tried: 'bin/node',
		});
	}

	report.step(`putting the engine on ${place.name}`);
	const scratch = await mkdtemp(path.join(os.tmpdir(), 'coppice-launcher-'));
	try {
		const source = path.join(scratch, 'coppice');
		await writeFile(source, launcher(node.word));
		await chmod(source, 0o755);
		await send(sending, {
			task: `sending the engine to ${place.name}`, name, files: [...files, {source, name: 'bin/coppice'}], bytes, tried: 'bin/coppice',
		});
	} finally {
		await rm(scratch, {recursive: true, force: true});
	}

	await run(place, useScript, [folder, name], {...options, what: 'Taking the new engine into use'});
	did.push(`Put the engine ${name} into ~/${engineFolder}${facts.engine === undefined ? '' : `, in place of ${facts.engine}, which is kept beside it`}.`, node.sentence);
	if (!hasNativeCalls) {
		did.push('Without native calls: the package koffi is not here for that machine. Holes and extended attributes are then left out there.');
	}

	return {engine, did};
};

/**
Replaces an engine that `host add` has put there by this one, asking nobody.
*/
export const upgradeEngine = async (place: Place, {home, report}: {readonly home: Home; readonly report: InstallReport}): Promise<Installed> => {
	const facts = await probeHost(place, {home});
	if (facts === undefined) {
		throw new CoppiceError('host', `The engine on ${place.name} is of another version, and this key may not replace it.`, {host: place.name, hint: 'Ask its owner to update Coppice there.'});
	}

	return installEngine(place, facts, {home, report});
};

/**
Removes what `installEngine` has put there, and nothing else: no pool, no settings.

@throws CoppiceError `conflict` while something runs by that engine: services of a stack, or a transfer.
*/
export const purgeEngine = async (place: Place, options: Omit<ThereOptions, 'input'>): Promise<void> => {
	const {exitCode, stdout, stderr} = await runThere(place, ['sh', '-c', purgeScript], options);
	if (stdout.includes('busy')) {
		throw new CoppiceError('conflict', `The engine on ${place.name} is at work: it runs services, or a transfer.`, {
			host: place.name, hint: `Stop them (\`coppice down -H ${place.name} --stack NAME\`), or leave it there: \`coppice host rm ${place.name}\`.`,
		});
	}

	if (exitCode !== 0 && !/can't cd|No such file/v.test(stderr)) {
		throw new CoppiceError('host', `The engine on ${place.name} could not be removed.`, {
			host: place.name, stderr: plainText(stderr), hint: `Remove ~/${engineFolder} there by hand, and then run \`coppice host rm ${place.name}\`.`,
		});
	}
};
