/**
What there is on a host before an engine is put there: looked up by a script for any POSIX shell (sh(1p)), which changes nothing.
*/
import {CoppiceError} from '../system/errors.ts';
import {plainText} from './agent-errors.ts';
import {runThere, type Place, type ThereOptions} from './run-there.ts';

export type HostFacts = {
	/** `Linux`. */
	readonly system: string;

	/** As Node calls it: `x64`. What Node does not run on is as `uname -m` has it. */
	readonly architecture: string;

	/** `glibc 2.36`, `musl`, or empty. */
	readonly libc: string;
	readonly user: string;
	readonly uid: number;
	readonly homeFolder: string;

	/** Each Node found, the first in the PATH before others. */
	readonly nodes: ReadonlyArray<{readonly path: string; readonly version: string}>;

	/** Whether `sudo -n` lets this user run anything. */
	readonly sudo: boolean;

	/** The engine that `host add` has put there, by the name of its folder. */
	readonly engine?: string;

	/** A `coppice` in the PATH that somebody has installed. */
	readonly installed?: {readonly path: string; readonly version: string};

	/** Bytes that can be written to the home folder. */
	readonly free: number;

	/** Milliseconds since 1970, by the clock there. */
	readonly time: number;

	/** Whether the pool is there that root uses unless told otherwise, and that which this user does. */
	readonly hasRootPool: boolean;
	readonly hasOwnPool: boolean;
};

const mark = 'coppice-probe-1';

/** Where `host add` puts engines, below the home folder. */
export const engineFolder = '.local/share/coppice/engine';

const script = `
echo ${mark}
say() { printf '%s=%s\\n' "$1" "$2"; }
say system "$(uname -s)"
say machine "$(uname -m)"
libc=$(getconf GNU_LIBC_VERSION 2> /dev/null) || libc=
if [ -z "$libc" ]; then for file in /lib/ld-musl-*; do [ -e "$file" ] && libc=musl; done; fi
say libc "$libc"
say user "$(id -un 2> /dev/null)"
say uid "$(id -u)"
say home "$HOME"
for node in "$(command -v node 2> /dev/null)" /usr/local/bin/node "$HOME"/.nvm/versions/node/*/bin/node "$HOME"/${engineFolder}/node-*/bin/node; do
	[ -x "$node" ] && say node "$("$node" --version 2> /dev/null) $node"
done
if [ "$(id -u)" -ne 0 ] && command -v sudo > /dev/null 2>&1 && sudo -n true > /dev/null 2>&1; then say sudo yes; fi
say engine "$(readlink "$HOME"/${engineFolder}/current 2> /dev/null)"
program=$(command -v coppice 2> /dev/null) && say installed "$("$program" --version 2> /dev/null) $program"
say free "$(df -Pk "$HOME" 2> /dev/null | awk 'NR == 2 { print $4 }')"
say time "$(date +%s)"
[ -d /var/lib/coppice/pool ] && say pool root
[ -d "\${XDG_DATA_HOME:-$HOME/.local/share}"/coppice/pool ] && say pool own
echo ${mark}-end
`;

const architectures: Readonly<Record<string, string>> = {
	x86_64: 'x64', aarch64: 'arm64', riscv64: 'riscv64', loongarch64: 'loong64',
};

/** `v24.1.0 /usr/bin/node` as its parts. */
const readProgram = (value: string): {readonly path: string; readonly version: string} | undefined => {
	const match = /^v?(?<version>[\w+\-.]+) (?<path>\/.+)$/v.exec(value)?.groups;
	return match === undefined ? undefined : {path: match.path!, version: match.version!};
};

/**
Reads what the script has printed; what a login prints before it does not matter.

@returns Nothing where it is not the script that has answered: a forced command of authorized_keys, say.
*/
export const readProbe = (output: string): HostFacts | undefined => {
	const lines = output.split('\n').map(line => line.trimEnd());
	const [begin, end] = [lines.indexOf(mark), lines.indexOf(`${mark}-end`)];
	if (begin === -1 || end < begin) {
		return undefined;
	}

	const facts = lines.slice(begin + 1, end).map(line => plainText(line)).filter(line => line.includes('='))
		.map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
	const all = (key: string): string[] => facts.filter(([name, value]) => name === key && value !== '').map(([, value]) => value);
	const one = (key: string): string => all(key)[0] ?? '';
	const machine = one('machine');
	const nodes = new Map(all('node').map(value => readProgram(value)).filter(node => node !== undefined).map(node => [node.path, node]));
	const installed = readProgram(one('installed'));
	return {
		system: one('system'),
		architecture: architectures[machine] ?? machine,
		libc: one('libc'),
		user: one('user'),
		uid: Number(one('uid')),
		homeFolder: one('home'),
		nodes: nodes.values().toArray(),
		sudo: one('sudo') === 'yes',
		free: Number(one('free')) * 1024,
		time: Number(one('time')) * 1000,
		hasRootPool: all('pool').includes('root'),
		hasOwnPool: all('pool').includes('own'),
		...(one('engine') !== '' && {engine: one('engine')}),
		...(installed !== undefined && {installed}),
	};
};

/**
@returns Nothing where a forced command answers.
@throws CoppiceError `host` where it can't be reached; `precondition` for a machine that no engine runs on.
*/
export const probeHost = async (place: Place, options: Omit<ThereOptions, 'input'>): Promise<HostFacts | undefined> => {
	const {stdout} = await runThere(place, ['sh', '-s'], {...options, input: script});
	const facts = readProbe(stdout);
	if (facts !== undefined && facts.system !== 'Linux') {
		throw new CoppiceError('precondition', `The host ${place.name} runs ${facts.system}, and the engine runs on Linux.`, {host: place.name, hint: 'Choose a machine with Linux.'});
	}

	if (facts !== undefined && !facts.homeFolder.startsWith('/')) {
		throw new CoppiceError('precondition', 'The user there has no home folder to put the engine into.', {host: place.name, hint: 'Log in as a user who has one.'});
	}

	return facts;
};
