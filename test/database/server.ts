/**
Real servers for tests: started as a user without rights, on free ports, in folders of their own, and always stopped again.
*/
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {
	access,
	chown,
	mkdtemp,
	readdir,
	rm,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {isRoot, runCommand, tryCommand} from '../../source/system/run-command.ts';
import type {Database, DatabaseTarget} from '../../source/database/database.ts';

/** Where Debian keeps what is not in everybody's PATH. */
const moreFolders = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

/** The path of a program, where it is on this machine. */
export const findProgram = async (name: string, folders: readonly string[] = []): Promise<string | undefined> => {
	for (const folder of [...folders, ...(process.env.PATH ?? '').split(path.delimiter), ...moreFolders]) {
		const file = path.join(folder, name);
		try {
			await access(file);
			return file;
		} catch {
			// Not there: the next one.
		}
	}

	return undefined;
};

/** The folder of the newest Postgres of Debian's packages, or the one in PATH. */
export const findPostgres = async (): Promise<string | undefined> => {
	const versions = await readdir('/usr/lib/postgresql').catch(() => []);
	const folders = versions.toSorted((a, b) => Number(b) - Number(a)).map(version => `/usr/lib/postgresql/${version}/bin`);
	const initdb = await findProgram('initdb', folders);
	return initdb === undefined ? undefined : path.dirname(initdb);
};

export type Account = {readonly uid: number; readonly gid: number} | undefined;

/** The user that a server runs as: one of these where tests run as root, else whoever runs them. */
export const findAccount = async (...names: readonly string[]): Promise<Account> => {
	if (!isRoot()) {
		return undefined;
	}

	for (const name of [...names, 'nobody']) {
		const [uid, gid] = await Promise.all([tryCommand(['id', '-u', name]), tryCommand(['id', '-g', name])]);
		if (uid.exitCode === 0 && gid.exitCode === 0) {
			return {uid: Number(uid.stdout), gid: Number(gid.stdout)};
		}
	}

	throw new Error('There is no user to run a server as');
};

/** A short folder (sockets have short paths) that belongs to an account. */
export const makeFolder = async (t: ExecutionContext, account: Account): Promise<string> => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-db-'));
	t.teardown(async () => rm(folder, {recursive: true, force: true}));
	if (account !== undefined) {
		await chown(folder, account.uid, account.gid);
	}

	return folder;
};

/** A process and all that it started, whatever session they are in. */
const family = async (pid: number): Promise<number[]> => {
	const {stdout} = await tryCommand(['ps', '-o', 'pid=', '--ppid', String(pid)]);
	const children = stdout.split('\n').map(Number).filter(child => child > 0);
	const below = await Promise.all(children.map(async child => family(child)));
	return [pid, ...below.flat()];
};

const signalAll = async (pid: number, signal: NodeJS.Signals): Promise<void> => {
	for (const member of await family(pid)) {
		try {
			process.kill(member, signal);
		} catch {
			// It has ended meanwhile.
		}
	}
};

export class Server {
	private readonly child: ChildProcess;
	private readonly output: string[] = [];

	constructor(t: ExecutionContext, command: readonly string[], account: Account) {
		const [file = '', ...rest] = command;
		this.child = spawn(file, rest, {cwd: '/', stdio: ['ignore', 'pipe', 'pipe'], ...account});
		const note = (text: unknown): void => {
			this.output.push(String(text));
		};

		this.child.on('error', note);
		for (const stream of [this.child.stdout, this.child.stderr]) {
			stream?.on('data', note);
		}

		t.teardown(async () => this.kill());
	}

	get pid(): number {
		return this.child.pid ?? -1;
	}

	get hasEnded(): boolean {
		return this.child.exitCode !== null || this.child.signalCode !== null;
	}

	get log(): string {
		return this.output.join('');
	}

	async freeze(): Promise<void> {
		// Twice: one may be started while the others stop.
		await signalAll(this.pid, 'SIGSTOP');
		await signalAll(this.pid, 'SIGSTOP');
	}

	async thaw(): Promise<void> {
		await signalAll(this.pid, 'SIGCONT');
	}

	async signal(signal: NodeJS.Signals): Promise<void> {
		process.kill(this.pid, signal);
	}

	async ended(): Promise<void> {
		if (!this.hasEnded) {
			await once(this.child, 'exit');
		}
	}

	async kill(): Promise<void> {
		if (this.hasEnded || this.child.pid === undefined) {
			return;
		}

		await signalAll(this.pid, 'SIGKILL');
		await this.ended();
	}
}

/** Waits until a client can query. */
export const waitUntilReady = async (database: Database, target: DatabaseTarget, server: Server): Promise<void> => {
	let reason = '';
	for (let round = 0; round < 1200 && !server.hasEnded; round++) {
		const readiness = await database.probe(target);
		if (readiness.ready) {
			return;
		}

		({reason} = readiness);
		await delay(50);
	}

	throw new Error(`The server did not get ready: ${reason}\n${server.log}`);
};

/** A copy of a folder with owners, times and links as they are. */
export const copyFolder = async (from: string, to: string): Promise<void> => {
	await runCommand(['cp', '-a', from, to]);
};
