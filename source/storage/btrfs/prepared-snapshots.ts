/**
Snapshots that only wait for the word: the processes are started before writers are frozen, for starting five takes longer than
five snapshots do, and all begin at once, so that they share transactions of the file system.
*/
import {type ChildProcess, spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import type {Socket} from 'node:net';

/** Waits for a line, then becomes the command given as its arguments. Without the line (its parent died) it does nothing. */
const script = 'read -r go && [ "$go" = go ] && exec "$@"';

type Waiting = {
	readonly child: ChildProcess;
	readonly exited: Promise<void>;
};

export class PreparedSnapshots {
	readonly #waiting = new Map<string, Waiting>();

	/** Starts what will make `to` a read-only snapshot of `from`. */
	prepare(from: string, to: string): void {
		const key = `${from}\0${to}`;
		if (this.#waiting.has(key)) {
			return;
		}

		const child = spawn('sh', ['-c', script, 'sh', 'btrfs', 'subvolume', 'snapshot', '-r', from, to], {stdio: ['pipe', 'ignore', 'ignore']});
		const exited = new Promise<void>(resolve => {
			child.once('error', () => {
				resolve();
			});
			child.once('close', () => {
				resolve();
			});
		});
		child.stdin?.on('error', () => {
			// It is gone already: `take` finds no snapshot then.
		});

		// A command that never takes the snapshot must be able to finish.
		child.unref();
		(child.stdin as Socket | null)?.unref();
		this.#waiting.set(key, {child, exited});
	}

	/**
	Takes a snapshot that was prepared.

	@returns Whether it is there. Where it is not, it was not prepared or has failed.
	*/
	async take(from: string, to: string): Promise<boolean> {
		const key = `${from}\0${to}`;
		const waiting = this.#waiting.get(key);
		if (waiting === undefined) {
			return false;
		}

		this.#waiting.delete(key);
		waiting.child.ref();
		waiting.child.stdin?.end('go\n');
		await waiting.exited;
		return existsSync(to);
	}

	/** Lets go of what was prepared and not taken. */
	dismiss(): void {
		for (const {child} of this.#waiting.values()) {
			child.stdin?.end();
		}

		this.#waiting.clear();
	}
}
