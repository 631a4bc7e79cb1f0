/**
Subvolumes made by `btrfs receive` (btrfs-receive(8)), of a stream that was checked. Root only.

It is run in a root directory of its own (`-C`): what it would be told in spite of the checker, it can't do outside. The base is looked up by a
uuid on the whole file system and must be below that directory, so it is named by its own uuid: any number of subvolumes may have been received
with one id. It believes whatever it is given, and a stream that ends in its middle leaves a writable part: so what it has made counts only
read-only and with the id that it should have.

The time of modification of the subvolume is set to when the last command but the end had been carried out, see `compare-trees.ts`: files that
were written later than that are read whenever it is compared. The program reads ahead of what it does, so it is given a time to set first, and once
that shows everything before it was done.
*/
import {type ChildProcessByStdio, spawn} from 'node:child_process';
import {once} from 'node:events';
import {lstatSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type {Readable, Writable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import {encodeCommand, encodePart} from '../../stream/encode-stream.ts';
import type {
	Attributes,
	StreamCommand,
	StreamHeader,
	StreamPart,
} from '../../stream/commands.ts';
import {identityRewriter} from '../../stream/rewrite-identity.ts';
import {isAboutRoot, millisecondsToStreamTime, setTimes} from '../../stream/settle-stream.ts';
import {textToBytePath} from '../../stream/byte-path.ts';
import {CoppiceError} from '../../system/errors.ts';
import {runCommand} from '../../system/run-command.ts';
import {isReadOnly} from './subvolumes.ts';

export type NativeReceiveOptions = {
	/** Absolute: the folder that the subvolume is made in. The base is in it too. */
	readonly folder: string;

	/** What it is called there. */
	readonly name: string;

	/** What it is known by: `received_uuid`. */
	readonly uuid: string;

	/** The subvolume of the base. */
	readonly base: string | undefined;

	/** Checked, in terms of ids. */
	readonly parts: AsyncIterable<StreamPart>;
	readonly signal?: AbortSignal | undefined;
};

type Identity = {
	readonly uuid: string | undefined;
	readonly parentUuid: string | undefined;
	readonly receivedUuid: string | undefined;
};

const rootMode = 0o755;

/** Longer than a tick of the clock that stamps files, in milliseconds. */
const tick = 30;

/** Milliseconds between two looks at how far the program is. */
const longestWait = 8;

/** `btrfs receive` takes paths of less than `PATH_MAX`, with the folder before them. */
const maximumPath = 4000;

const maximumSaid = 8192;

/** So much waits for the program at most. */
const aheadBytes = 512 * 1024;

/** What `btrfs receive` can't be given; our applier can. */
class UnfitStream extends Error {
	override readonly name = 'UnfitStream';
}

/**
What a subvolume is known by (btrfs-subvolume(8), `show`).
*/
export const readIdentity = async (folder: string): Promise<Identity> => {
	const {stdout} = await runCommand(['btrfs', 'subvolume', 'show', folder]);
	const find = (label: string) => new RegExp(String.raw`^\s*${label}:\s*([\da-f\-]{36})\s*$`, 'mv').exec(stdout)?.[1];
	return {uuid: find('UUID'), parentUuid: find('Parent UUID'), receivedUuid: find('Received UUID')};
};

const isTooLong = (command: StreamHeader | StreamCommand): boolean => {
	const {path: own, pathTo, pathLink, clonePath} = command as Partial<Pick<Attributes, 'path' | 'pathTo' | 'pathLink' | 'clonePath'>>;
	return [own, pathTo, pathLink, clonePath].some(each => each !== undefined && each.length > maximumPath);
};

/**
Makes a subvolume of a stream.

@returns Whether it is there: whole, read-only, on disk. Otherwise something may have been left in its place, to be deleted.
@throws CoppiceError `failed` for want of space; `interrupted` by the signal; whatever the commands throw.
*/
export const receiveNatively = async (options: NativeReceiveOptions): Promise<boolean> => {
	const {
		folder, name, uuid, base, parts, signal,
	} = options;
	const made = path.join(folder, name);
	const ofBase = base === undefined ? undefined : await readIdentity(base);
	const baseUuid = ofBase?.uuid;
	if (base !== undefined && baseUuid === undefined) {
		return false;
	}

	const receiver = new Receiver(folder, signal);
	let settled: number;
	try {
		const rewrite = identityRewriter({name: textToBytePath(name), uuid, baseUuid});
		for await (const {command, raw} of parts) {
			if (isTooLong(command)) {
				throw new UnfitStream('A path is too long');
			}

			if (command.type === 'end' || isAboutRoot(command)) {
				continue;
			}

			const renamed = rewrite(command);
			await receiver.write(renamed === command && raw !== undefined ? raw : encodePart(renamed));
		}

		await receiver.write(encodeCommand({type: 'chmod', path: '', mode: rootMode}));
		settled = await receiver.settle(made);
		await receiver.write(encodeCommand({type: 'end'}));
		await receiver.finish();
	} catch (error) {
		await receiver.abandon();
		if (error instanceof UnfitStream) {
			return false;
		}

		if (error instanceof ReceiverFailed) {
			return receiver.judge();
		}

		throw error;
	}

	// The program leaves it to the kernel when content gets to the disk.
	const [identity] = await Promise.all([readIdentity(made), runCommand(['sync', '--file-system', made])]);
	if (Date.now() <= settled) {
		await delay(tick);
	}

	return isReadOnly(made) && identity.receivedUuid === uuid && identity.parentUuid === baseUuid;
};

/** The program ended, or can't be written to any more. */
class ReceiverFailed extends Error {
	override readonly name = 'ReceiverFailed';
}

class Receiver {
	readonly #child: ChildProcessByStdio<Writable, null, Readable>;
	readonly #signal: AbortSignal | undefined;
	readonly #command: readonly string[];
	readonly #exited: Promise<number | undefined>;
	#isOver = false;
	#stderr = '';

	readonly #interrupt = () => {
		this.#child.kill('SIGKILL');
	};

	constructor(folder: string, signal: AbortSignal | undefined) {
		this.#signal = signal;
		this.#command = ['btrfs', 'receive', '--quiet', '-C', folder];
		this.#child = spawn(this.#command[0]!, this.#command.slice(1), {stdio: ['pipe', 'ignore', 'pipe'], env: {...process.env, LC_ALL: 'C'}});
		this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
			this.#stderr = (this.#stderr + text).slice(-maximumSaid);
		});
		// What is wrong is told by its end.
		this.#child.stdin.on('error', () => {});
		this.#exited = new Promise(resolve => {
			const end = (code: number | undefined) => {
				this.#isOver = true;
				signal?.removeEventListener('abort', this.#interrupt);
				resolve(code);
			};

			this.#child.once('error', () => {
				end(undefined);
			});
			this.#child.once('close', code => {
				end(code ?? undefined);
			});
		});
		signal?.addEventListener('abort', this.#interrupt);
	}

	#check(): void {
		if (this.#signal?.aborted === true) {
			throw new CoppiceError('interrupted', 'Interrupted while the snapshot was received.');
		}

		if (this.#isOver) {
			throw new ReceiverFailed('It ended too early');
		}
	}

	async #stamp(milliseconds: number): Promise<void> {
		const time = millisecondsToStreamTime(milliseconds);
		await this.write(encodeCommand(setTimes('', time)));
	}

	async write(piece: Uint8Array): Promise<void> {
		this.#check();
		this.#child.stdin.write(piece);
		if (this.#child.stdin.writableLength < aheadBytes) {
			return;
		}

		const drained = once(this.#child.stdin, 'drain');
		await Promise.race([drained, this.#exited]).catch(() => {});
		this.#check();
	}

	/**
	Waits until everything that was written is done, then has the subvolume stamped.

	@returns The stamp: milliseconds since 1970, a moment from now.
	*/
	async settle(made: string): Promise<number> {
		// Long ago: nothing else sets it to that.
		const mark = 1;
		await this.#stamp(mark);
		for (let wait = 1; lstatSync(made, {throwIfNoEntry: false})?.mtimeMs !== mark; wait = Math.min(wait * 2, longestWait)) {
			this.#check();
			await delay(wait);
		}

		const settled = Date.now() + tick;
		await this.#stamp(settled);
		return settled;
	}

	async finish(): Promise<void> {
		this.#child.stdin.end();
		if (await this.#exited !== 0) {
			this.#check();
		}
	}

	/** Ends the program, if it still runs. */
	async abandon(): Promise<void> {
		this.#child.kill('SIGKILL');
		await this.#exited;
	}

	/**
	@returns False for a failure that another way of receiving may not meet.
	@throws CoppiceError `failed` for want of space.
	*/
	judge(): false {
		if (/No space left on device|Disk quota exceeded/v.test(this.#stderr)) {
			throw new CoppiceError('failed', 'The snapshot can\'t be received: there is no space left.', {
				command: this.#command, stderr: this.#stderr, hint: 'Run `coppice prune --now` to destroy old commits, or give the pool more room.',
			});
		}

		return false;
	}
}
