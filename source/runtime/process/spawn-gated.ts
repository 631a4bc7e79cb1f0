/**
Starts a service's program in a session of its own, behind a gate.

Between the start of a process and the moment its id is written down, a kill of the supervisor would leave a process that nobody
knows: its successor would start a second server on the same data. So what is started is a shell that waits for a word on
descriptor 3, and becomes the program only then; if the supervisor dies first it reads the end of the pipe and goes away.
*/
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import type {Writable} from 'node:stream';
import {CoppiceError} from '../../system/errors.ts';
import {isRoot} from '../../system/run-command.ts';
import {identify, type ProcessIdentity} from '../../system/process-table.ts';
import type {LaunchPlan} from './recipes/recipe.ts';

const gate = 'read -r word <&3 || exit 125; exec 3<&-; exec "$@"';

export type GatedProcess = {
	readonly child: ChildProcess;
	readonly identity: ProcessIdentity;

	/** Lets the program run. To be called once the identity is on record. */
	readonly open: () => Promise<void>;
};

const write = async (stream: Writable, text: string): Promise<void> => {
	// A program that does not read its input, or has ended, is seen by its exit.
	stream.on('error', () => undefined);
	await new Promise<void>(resolve => {
		stream.end(text, () => {
			resolve();
		});
		stream.once('error', () => {
			resolve();
		});
	});
};

/**
Starts the gate of a program.

@throws CoppiceError `failed` where not even that can be started.
*/
export const spawnGated = async (
	service: string,
	plan: LaunchPlan,
	mark: Readonly<Record<string, string>>,
	output: readonly [number, number],
): Promise<GatedProcess> => {
	const child = spawn('/bin/sh', ['-c', gate, 'coppice-gate', ...plan.command], {
		detached: true,
		cwd: plan.workingFolder,
		env: {...plan.environment, ...mark},
		stdio: [plan.input === undefined ? 'ignore' : 'pipe', output[0], output[1], 'pipe'],
		...(isRoot() && {uid: plan.user.uid, gid: plan.user.gid}),
	});
	try {
		await once(child, 'spawn');
	} catch (error) {
		throw new CoppiceError('failed', `The service ${service} could not be started: ${error instanceof Error ? error.message : String(error)}.`, {
			service, file: plan.workingFolder, cause: error, hint: `Can ${plan.user.name} enter ${plan.workingFolder}?`,
		});
	}

	const word = child.stdio[3] as Writable;
	const identity = child.pid === undefined ? undefined : identify(child.pid);
	if (identity === undefined) {
		throw new CoppiceError('failed', `The service ${service} ended before it had started.`, {service});
	}

	return {
		child,
		identity,
		async open() {
			if (plan.input !== undefined && child.stdin) {
				// All of it is in the pipe before the program can read: a half configuration would be worse than none.
				await write(child.stdin, plan.input);
			}

			await write(word, 'go\n');
		},
	};
};
