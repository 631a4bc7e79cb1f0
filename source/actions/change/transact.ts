/**
Verbs of several steps, made whole by the journal.

A verb prepares (whatever fails or dies there is rolled back) and then applies (whatever dies there is finished by the next
command). Before either begins, the journal says durably what to do after a crash; a plan's steps can all be run twice.
*/
import {randomUUID} from 'node:crypto';
import {CoppiceError} from '../../system/errors.ts';
import {failpoint} from '../../system/failpoint.ts';
import {withLock} from '../../history/lock.ts';
import {waitUntilReady} from '../databases/ready.ts';
import type {Workspace} from '../workspace/workspace.ts';
import {nameStep, type Step} from './steps.ts';
import {runStep} from './run-step.ts';

/**
What the journal holds of a verb: the steps that make things whole again if the process is gone.
*/
type Recovery = {
	readonly phase: 'prepare' | 'apply';
	readonly steps: readonly Step[];
};

export type Transaction = {
	readonly verb: string;

	/** Changes that can be rolled back: clones staged, services stopped. */
	readonly prepare: (signal?: AbortSignal) => Promise<void>;

	/** Takes back whatever part of `prepare` was done. */
	readonly rollback: readonly Step[];

	/** From here on the verb will happen, whatever happens to this process. Called when `prepare` is through. */
	readonly apply: () => readonly Step[];
};

const isRecovery = (value: unknown): value is Recovery => {
	const recovery = value as Partial<Recovery> | null;
	return typeof recovery === 'object' && recovery !== null && Array.isArray(recovery.steps)
		&& (recovery.phase === 'prepare' || recovery.phase === 'apply');
};

/**
Runs steps in order. A service that does not start is no reason to leave data half changed: it is told at the end.

@returns The failures of services to start.
*/
export const runSteps = async (workspace: Workspace, verb: string, steps: readonly Step[]): Promise<unknown[]> => {
	const failures: unknown[] = [];
	const runOne = async (step: Step, index: number): Promise<void> => {
		if (step.do === 'together') {
			const results = await Promise.allSettled(step.steps.map(async inner => {
				await runOne(inner, index);
				failpoint(`${verb} ${index} within ${nameStep(inner)}`);
			}));
			const failed = results.find(result => result.status === 'rejected');
			if (failed !== undefined) {
				throw failed.reason;
			}

			return;
		}

		try {
			await runStep(workspace, step);
		} catch (error) {
			if (step.do !== 'start' && step.do !== 'start-by-definition') {
				throw error;
			}

			failures.push(error);
		}
	};

	for (const [index, step] of steps.entries()) {
		failpoint(`${verb} ${index} before ${nameStep(step)}`);
		await runOne(step, index);
		failpoint(`${verb} ${index} after ${nameStep(step)}`);
	}

	return failures;
};

/**
Runs a verb's transaction. To be called under the stack's lock, after `recover`.

@throws CoppiceError of the step that failed; `interrupted` when the signal came before the point of no return.
*/
export const transact = async (workspace: Workspace, transaction: Transaction, signal?: AbortSignal): Promise<void> => {
	const {history} = workspace;
	const {verb, rollback} = transaction;
	const entry = {id: randomUUID(), verb, time: new Date().toISOString()};
	failpoint(`${verb} begin`);
	await history.writeJournal({...entry, payload: {phase: 'prepare', steps: rollback} satisfies Recovery});
	failpoint(`${verb} prepare`);
	try {
		await transaction.prepare(signal);
		if (signal?.aborted === true) {
			throw new CoppiceError('interrupted', `Interrupted: nothing was changed by ${verb}.`, {stack: workspace.stack.name});
		}
	} catch (error) {
		try {
			await runSteps(workspace, `${verb} rollback`, rollback);
			await history.closeJournal(entry.id);
		} catch (rollbackError) {
			const why = rollbackError instanceof Error ? rollbackError.message : String(rollbackError);
			workspace.report({type: 'notice', message: `${verb} could not be taken back yet (${why}); the next command will`});
		}

		throw error;
	}

	failpoint(`${verb} prepared`);
	const steps = transaction.apply();
	await history.writeJournal({...entry, payload: {phase: 'apply', steps} satisfies Recovery});
	failpoint(`${verb} apply`);
	const failures = await runSteps(workspace, verb, steps);
	await history.closeJournal(entry.id);
	failpoint(`${verb} end`);
	if (failures.length > 0) {
		throw failures[0];
	}
};

const startedBy = (steps: readonly Step[]): string[] => steps.flatMap(step => {
	if (step.do === 'together') {
		return startedBy(step.steps);
	}

	return step.do === 'start' ? step.services : [];
});

/**
Finishes or takes back what a crash has left, and removes what was half made. To be called under the stack's lock.

@returns A sentence for each verb that was recovered.
*/
export const recover = async (workspace: Workspace): Promise<string[]> => {
	const {history, pool, stack, volumes} = workspace;
	const entries = await history.openJournal();
	const messages: string[] = [];
	for (const {id, verb, time, payload} of entries) {
		if (!isRecovery(payload)) {
			throw new CoppiceError('failed', `The journal entry ${id} of stack ${stack.name} can't be understood.`, {
				stack: stack.name, file: `${history.folder}/journal/${id}.json`,
				hint: 'It was written by another version of Coppice: use that version once, or run `coppice doctor`.',
			});
		}

		const failures = await runSteps(workspace, `recover ${verb}`, payload.steps);
		await history.closeJournal(id);
		const what = payload.phase === 'prepare' ? 'took back' : 'finished';
		messages.push(`${what} \`${verb}\` of ${time}, which was cut off`);
		try {
			await waitUntilReady(workspace, failures.length === 0 ? startedBy(payload.steps) : []);
		} catch (error) {
			failures.push(error);
		}

		for (const failure of failures) {
			messages.push(`a service did not start: ${failure instanceof Error ? failure.message : String(failure)}`);
		}
	}

	if (entries.length > 0) {
		await Promise.all([history.clean(), ...volumes.map(async volume => pool.driver.clean({stack: stack.name, volume}))]);
	}

	return messages;
};

/**
Runs a verb that changes the stack: alone, and after what a crash has left is made whole.

@throws CoppiceError `conflict` when another command holds the stack for too long.
*/
export const exclusively = async <Result>(
	workspace: Workspace,
	verb: string,
	run: () => Promise<Result>,
	options: {signal?: AbortSignal; waitMilliseconds?: number} = {},
): Promise<Result> => withLock({name: workspace.history.folder, verb, ...options}, async () => {
	for (const message of await recover(workspace)) {
		workspace.report({type: 'notice', message});
	}

	return run();
});
