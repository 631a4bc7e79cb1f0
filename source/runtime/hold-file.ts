/**
What keeps writers that stand still from being left so: hold files, and a guard outside this process.

Before the first writer is stopped a guard is started, in a session of its own, which waits on a pipe from this process: when that closes
(this process has died, by whatever means) or the lease is over, it lets go on whatever is written in the hold file. Every id is written
there before its writer is stopped.

A file is `hold.PID.START` of its guard, and becomes `going.PID.START` when its writers are being let go on, by whomever: it keeps nobody
still any more then, but what it names is let go on even if that one dies over it. Two freezes may overlap: each ends its own hold first,
and then lets go on only what no other one names.
*/
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {
	closeSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	writeSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {identify} from '../system/process-table.ts';

/** What the command that lets go on ends with where it could not (`EX_TEMPFAIL` of sysexits(3)): then the next command of ours does it. */
export const notDoneStatus = 75;

/** Arguments: the lease in seconds, the folder, and the command that lets go on the ids after it. */
const guardScript = `
timeout "$1" cat >/dev/null
folder=$2
shift 2
for file in "$folder/hold.$$".*; do
	[ -e "$file" ] && mv "$file" "$folder/going\${file#"$folder/hold"}"
done
for file in "$folder/going.$$".*; do
	[ -e "$file" ] || continue
	others=' '
	for other in "$folder"/hold.*; do
		id=\${other#"$folder/hold."}
		if [ -e "$other" ] && kill -0 "\${id%%.*}" 2>/dev/null; then
			others="$others$(tr '\\n' ' ' <"$other" 2>/dev/null) "
		fi
	done
	free=
	for id in $(cat "$file"); do
		case "$others" in
			*" $id "*) ;;
			*) free="$free $id" ;;
		esac
	done
	[ -z "$free" ] || "$@" $free >/dev/null 2>&1
	case $? in
		${notDoneStatus} | 126 | 127) ;;
		*) rm -f "$file" ;;
	esac
done
`;

const linesOf = (text: string): string[] => text.split('\n').filter(line => line !== '');

const readIds = (file: string): string[] => {
	try {
		return linesOf(readFileSync(file, 'latin1'));
	} catch (error) {
		if (isSystemError(error, 'ENOENT')) {
			return [];
		}

		throw error;
	}
};

/**
Whether the guard that a file is named after is still there: the very one, since ids are given out again.
*/
const hasGuard = (name: string): boolean => {
	const [, processId, startTime] = name.split('.', 3);
	return identify(Number(processId))?.startTime === Number(startTime);
};

const namesIn = (folder: string): string[] => {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
};

/**
The ids that are held now; those of a hold whose guard is gone count no more.
*/
export const heldIds = (folder: string): ReadonlySet<string> => {
	const held = new Set<string>();
	for (const name of namesIn(folder)) {
		if (name.startsWith('hold.') && hasGuard(name)) {
			for (const id of readIds(path.join(folder, name))) {
				held.add(id);
			}
		}
	}

	return held;
};

/**
What a hold leaves to be let go on.
*/
export type Release = {
	/** In the order in which they were stopped; without those that somebody else holds. */
	readonly ids: readonly string[];

	/** Says that they have been let go on. Until then the guard, or the next command, does it if this process dies. */
	done(): void;
};

/**
Holds whose guard was killed too: what they named is to be let go on, and then `done` called.
*/
export const abandonedHolds = (folder: string): Release[] => namesIn(folder)
	.filter(name => /^(?:hold|going)\./v.test(name) && !hasGuard(name))
	.map(name => {
		const file = path.join(folder, name.replace(/^hold/v, 'going'));
		try {
			renameSync(path.join(folder, name), file);
		} catch (error) {
			// Another command does it.
			if (!isSystemError(error, 'ENOENT')) {
				throw error;
			}
		}

		const others = heldIds(folder);
		return {
			ids: readIds(file).filter(id => !others.has(id)),
			done() {
				rmSync(file, {force: true});
			},
		};
	});

export type Hold = {
	/** What was added so far, in that order. */
	readonly ids: ReadonlySet<string>;

	/** Notes writers. To be called before they are stopped. */
	add(...ids: readonly string[]): void;

	/** Ends the hold. Its guard goes with `done`. */
	release(): Release;
};

export type HoldOptions = {
	/** A private folder for the hold files, the same for all who may stop these writers. */
	readonly folder: string;
	readonly leaseMilliseconds: number;

	/**
	The command with which the guard lets go on the ids that it is given: `['kill', '-CONT']`. Called once, with all of them; ends with
	`notDoneStatus` where the next command of ours is to do it.
	*/
	readonly letGo: readonly string[];

	/** Added to the environment of that command. */
	readonly environment?: Readonly<Record<string, string>>;
};

const startGuard = async ({folder, leaseMilliseconds, letGo, environment = {}}: HoldOptions): Promise<ChildProcess> => {
	const guard = spawn('/bin/sh', ['-c', guardScript, 'coppice-thaw-guard', String(leaseMilliseconds / 1000), folder, ...letGo], {
		detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/', env: {...process.env, ...environment},
	});
	// Without a listener a failed start would end this process.
	guard.on('error', () => undefined);
	if (guard.pid === undefined) {
		throw new CoppiceError('failed', 'The guard that lets writers go on again could not be started, so nothing was frozen.');
	}

	await once(guard, 'spawn');
	guard.unref();
	return guard;
};

/**
Starts the guard and opens an empty hold file.

@throws CoppiceError `failed` when the guard can't be started.
*/
export const openHold = async (options: HoldOptions): Promise<Hold> => {
	const {folder} = options;
	mkdirSync(folder, {recursive: true, mode: 0o700});
	const guard = await startGuard(options);
	const identity = identify(guard.pid!);
	const name = `${guard.pid}.${identity?.startTime ?? 0}`;
	const [file, going] = [path.join(folder, `hold.${name}`), path.join(folder, `going.${name}`)];
	const descriptor = openSync(file, 'ax', 0o600);
	const ids = new Set<string>();
	return {
		ids,
		add(...added) {
			writeSync(descriptor, added.map(id => `${id}\n`).join(''));
			for (const id of added) {
				ids.add(id);
			}
		},
		release() {
			closeSync(descriptor);
			try {
				renameSync(file, going);
			} catch (error) {
				// The lease is over, and its guard has ended the hold.
				if (!isSystemError(error, 'ENOENT')) {
					throw error;
				}
			}

			return {
				ids: [...ids.difference(heldIds(folder))],
				done() {
					rmSync(going, {force: true});
					guard.stdin?.destroy();
				},
			};
		},
	};
};
