/**
Running `zfs`: what it says when it fails, told apart and said in our words.

The messages are those of libzfs, the same in zfs-fuse 0.7 and OpenZFS 2 but for small words (`lib/libzfs/libzfs_util.c`).
*/
import {setTimeout as sleep} from 'node:timers/promises';
import {CoppiceError, type ErrorCode} from '../../system/errors.ts';
import {failpoint} from '../../system/failpoint.ts';
import {tryCommand, type RunResult} from '../../system/run-command.ts';
import {roomHint} from './mountpoints.ts';

/**
Why a `zfs` command failed, where it matters to the caller.
*/
export type ZfsFailure = 'absent' | 'exists' | 'mounted' | 'unmounted' | 'covered' | 'busy' | 'space' | 'clones' | 'conflict' | 'permission' | 'down' | 'other';

const patterns: ReadonlyArray<readonly [ZfsFailure, RegExp]> = [
	['down', /daemon is running|failed to initialize zfs|modules? (?:are not loaded|cannot be auto-loaded)|\/dev\/zfs/iv],
	['clones', /has dependent clones|has children/v],
	['conflict', /conflicting snapshot/v],
	['mounted', /already mounted/v],
	['unmounted', /not currently mounted/v],
	['covered', /directory is not empty/v],
	['absent', /does not exist|no such pool|could not find any snapshots/v],
	['exists', /already exists/v],
	['space', /out of space|no space left/iv],
	['busy', /\bbusy\b|umount failed/iv],
	['permission', /permission denied|must be root|only root|operation not permitted/iv],
];

export const classifyFailure = (stderr: string): ZfsFailure => patterns.find(([, pattern]) => pattern.test(stderr))?.[0] ?? 'other';

/** What happened, without the advice of `zfs` about options that destroy more. */
const firstLine = (stderr: string): string => stderr.split('\n').map(line => line.trim()).find(line => line !== '') ?? 'no reason given';

type Explanation = {readonly code: ErrorCode; readonly message: string; readonly hint: string};

const explain = (failure: ZfsFailure, verb: string, name: string): Explanation | undefined => {
	const explanations: Partial<Record<ZfsFailure, Explanation>> = {
		space: {code: 'failed', message: 'The ZFS pool is full.', hint: roomHint},
		busy: {
			code: 'conflict',
			message: `The dataset ${name} is in use.`,
			hint: 'Stop the services that use it, leave its folder in every shell, and run the command again.',
		},
		covered: {
			code: 'precondition',
			message: `The folder of the dataset ${name} is not empty, so it can't be mounted there.`,
			hint: 'Something wrote there while the dataset was not mounted. Move that away and run the command again.',
		},
		permission: {
			code: 'permission',
			message: `You may not run \`zfs ${verb}\` on ${name}.`,
			hint: 'Run the command with sudo: on Linux only root mounts ZFS datasets.',
		},
		down: {
			code: 'precondition',
			message: 'ZFS is not running on this host.',
			hint: 'Load it with `modprobe zfs`, or start the service zfs-fuse, then import the pool with `zpool import`.',
		},
	};
	return explanations[failure];
};

/**
The error for the user. `in use` is a conflict: nothing was changed, and it can be tried again.
*/
export const zfsError = (command: readonly string[], {stderr, exitCode}: RunResult): CoppiceError => {
	const verb = command[1] ?? '';
	const {code, message, hint} = explain(classifyFailure(stderr), verb, command.at(-1) ?? '') ?? {
		code: 'failed',
		message: `zfs ${verb} failed with exit code ${exitCode}: ${firstLine(stderr)}`,
		hint: 'Look at the pool with `zpool status -v`.',
	};
	return new CoppiceError(code, message, {command, stderr, hint});
};

let count = 0;

/** Counts the commands that change something, so that the crash tests can die after each of them. */
const changed = (verb: string | undefined): void => {
	if (verb === 'list' || verb === 'get') {
		return;
	}

	count++;
	failpoint(`zfs-${count}-${verb}`);
};

/**
Runs `zfs` with these arguments.

@returns What it printed; or, where it failed for one of the `allowed` reasons, that reason.
@throws CoppiceError when it fails for any other reason.
*/
export const tryZfs = async (arguments_: readonly string[], allowed: readonly ZfsFailure[]): Promise<{stdout: string; failure?: ZfsFailure}> => {
	const command = ['zfs', ...arguments_];
	const result = await tryCommand(command);
	changed(arguments_[0]);
	if (result.exitCode === 0) {
		return {stdout: result.stdout};
	}

	const failure = classifyFailure(result.stderr);
	if (allowed.includes(failure)) {
		return {stdout: result.stdout, failure};
	}

	throw zfsError(command, result);
};

/**
Runs `zfs` and returns what it printed.

@throws CoppiceError when it fails.
*/
export const zfs = async (...arguments_: readonly string[]): Promise<string> => {
	const {stdout} = await tryZfs(arguments_, []);
	return stdout;
};

/**
Rows of `zfs list -H` or `zfs get -H`: fields parted by tabs.
*/
export const parseRows = (stdout: string): string[][] => stdout.split('\n').filter(line => line !== '').map(line => line.split('\t'));

/**
Milliseconds to wait before each further try. zfs-fuse unmounts by itself after `umount` has returned, and calls the dataset busy until then.
So does any ZFS while a container starts: it begins with a copy of all mounts of the host, which holds them until it has let go of its copy.
*/
const patience = [10, 20, 40, 80, 160, 320, 640, 1280, 1280, 1280];

/**
Runs a `zfs` command that may meet a dataset whose unmounting is under way, and tries again until it is over.

@throws CoppiceError `conflict` when it stays in use.
*/
export const zfsOnceIdle = async (arguments_: readonly string[], allowed: readonly ZfsFailure[] = []): Promise<ZfsFailure | undefined> => {
	for (const delay of patience) {
		const {failure} = await tryZfs(arguments_, [...allowed, 'busy']);
		if (failure !== 'busy') {
			return failure;
		}

		await sleep(delay);
	}

	const {failure} = await tryZfs(arguments_, allowed);
	return failure;
};
