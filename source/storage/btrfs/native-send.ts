/**
Streams by `btrfs send` (btrfs-send(8)). Root only; both snapshots must be read-only.
*/
import {spawn} from 'node:child_process';
import {lstatSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {CoppiceError} from '../../system/errors.ts';
import {isRoot} from '../../system/run-command.ts';
import {isReadOnly} from './subvolumes.ts';

export type NativeSendOptions = {
	readonly signal?: AbortSignal | undefined;

	/** Only where content differs, not the content: reads metadata only. */
	readonly skipsData?: boolean;
};

/** Kept of what the program says. */
const maximumSaid = 8192;

/**
Whether two trees began as one. Of two that did not, inodes with one number may be of the same transaction, which `btrfs send` takes for one
inode then.
*/
const areRelated = (one: string, two: string): boolean => {
	const [first, second] = [one, two].map(folder => lstatSync(path.join(folder, 'data'), {bigint: true, throwIfNoEntry: false}));
	return first !== undefined && first.ino === second?.ino && first.birthtimeNs === second.birthtimeNs;
};

/**
Whether `btrfs send` can be asked for what differs between two snapshots, or for all of one.
*/
export const canSendNatively = (from: string | undefined, to: string): boolean =>
	isRoot() && isReadOnly(to) && (from === undefined || (isReadOnly(from) && areRelated(from, to)));

/**
@yields What the program writes. Giving up ends it.
@throws CoppiceError `failed` when it fails; `interrupted` by the signal.
*/
export async function * sendNatively(
	from: string | undefined,
	to: string,
	{signal, skipsData = false}: NativeSendOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
	const command = ['btrfs', 'send', '--quiet', ...(skipsData ? ['--no-data'] : []), ...(from === undefined ? [] : ['-p', from]), to];
	const child = spawn(command[0]!, command.slice(1), {stdio: ['ignore', 'pipe', 'pipe'], env: {...process.env, LC_ALL: 'C'}});
	let stderr = '';
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		stderr = (stderr + text).slice(-maximumSaid);
	});
	const exited = new Promise<number | undefined>(resolve => {
		child.once('error', () => {
			resolve(undefined);
		});
		child.once('close', code => {
			resolve(code ?? undefined);
		});
	});
	const interrupt = () => {
		child.kill('SIGKILL');
	};

	signal?.addEventListener('abort', interrupt);
	try {
		if (signal?.aborted !== true) {
			yield * child.stdout as AsyncIterable<Uint8Array>;
		}

		const exitCode = signal?.aborted === true ? undefined : await exited;
		if (signal?.aborted === true) {
			throw new CoppiceError('interrupted', 'Interrupted while the stream was made.');
		}

		if (stderr.includes('File name too long')) {
			throw new CoppiceError('failed', 'The snapshot can\'t be sent by btrfs: it has a path of more than 4096 bytes.', {
				command, stderr, hint: 'Move what is so deep further up, and commit again.',
			});
		}

		if (exitCode !== 0) {
			throw new CoppiceError('failed', `The snapshot can't be sent by btrfs: ${stderr.trim().split('\n').at(-1) ?? ''}`, {
				command, stderr, hint: 'Run `coppice doctor`: it says what is wrong with the pool.',
			});
		}
	} finally {
		signal?.removeEventListener('abort', interrupt);
		child.kill('SIGKILL');
	}
}
