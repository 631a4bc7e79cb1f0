/**
Verbs run as jobs: none holds up the screen. Each has its progress, can be cancelled and run again, and stays in the list with its exit code.
*/
import type {ProgressEvent, Report} from '../../actions/progress.ts';
import {monotonicNow} from '../../system/clock.ts';
import {describeError} from '../../system/describe-error.ts';
import {exitCodes} from '../../system/errors.ts';
import type {Store} from '../state/store.ts';
import {changeJob, putJob} from '../state/update.ts';
import type {JobView, Problem} from '../state/state.ts';

export type JobTools = {readonly signal: AbortSignal; readonly report: Report};

/** How a program that had the terminal has ended. Any code but 0 is a failure in the list of jobs; it is told to the user only with a problem. */
export type ProgramEnd = {readonly exitCode: number; readonly problem?: Problem};

export type JobRequest = {
	/** What it does, as a short sentence: `reset main to 3f2a91c8`. */
	readonly title: string;

	/** The command line that does the same. */
	readonly twin: string;

	/** Id of the stack that it works on. */
	readonly stack?: string;

	/** Whether it stops when it is asked to. */
	readonly canCancel?: boolean;

	/** Whether its end is worth no sentence of its own. */
	readonly isQuiet?: boolean;

	/**
	Runs it again, with all that was asked before it asked anew. Left out where nothing was: what it does is then done again.
	*/
	readonly again?: () => Promise<void>;

	/** @returns A sentence for the user, if any; of a program its end. */
	readonly run: (tools: JobTools) => Promise<string | ProgramEnd | undefined | void>;
};

export type Jobs = {
	/** Runs it; returns when it has ended, however it did. */
	start(request: JobRequest): Promise<JobView>;
	cancel(id: number): void;

	/** Runs one that has failed or was cancelled again. */
	retry(id: number): Promise<void>;

	/** Cancels all and waits until they have ended. */
	stop(): Promise<void>;
};

export type JobsOptions = {
	readonly store: Store;

	/** Called when one has ended: what it worked on is to be read again. */
	readonly onEnd: (job: JobView) => void;
	readonly now?: () => number;
};

/** What is done is not done again by a key: it may be another branch by now that it would be done to. */
export const canRetry = ({status}: JobView): boolean => status === 'failed' || status === 'cancelled';

const toastMilliseconds = 8000;

/** What went wrong is to be read, and acted on. */
const problemMilliseconds = 60_000;

/** Two jobs of one stack at once would wait for its lock; more than these wait here. */
export const createJobs = ({store, onEnd, now = monotonicNow}: JobsOptions): Jobs => {
	let count = 0;
	const requests = new Map<number, JobRequest>();
	const running = new Map<number, {readonly controller: AbortController; readonly ended: Promise<JobView>}>();

	const readEvent = (id: number, event: ProgressEvent): void => {
		store.setState(changeJob(id, job => {
			switch (event.type) {
				case 'step': {
					return {step: event.message, progress: undefined};
				}

				case 'notice': {
					return {notices: job.notices.includes(event.message) ? job.notices : [...job.notices, event.message]};
				}

				case 'progress': {
					return {
						progress: {event, since: job.progress?.event.task === event.task ? job.progress.since : now()},
						...(event.transfer !== undefined && {transfer: event.transfer}),
					};
				}
			}
		}));
	};

	const find = (id: number): JobView => store.getState().jobs.find(job => job.id === id)!;

	const finish = (id: number, change: Partial<JobView>, isQuiet: boolean): JobView => {
		store.setState(changeJob(id, () => ({
			...change, ended: now(), step: undefined, progress: undefined,
		})));
		const job = find(id);
		if (!isQuiet || job.problem !== undefined) {
			const isDone = job.status === 'done';
			const text = isDone
				? job.result ?? `${job.title}: done`
				: [job.problem?.message ?? `${job.title}: ${job.status}`, ...job.problem?.hint === undefined ? [] : [job.problem.hint]].join(' ');
			store.setState({toast: {text, kind: isDone ? 'good' : 'bad', until: Date.now() + (job.status === 'failed' ? problemMilliseconds : toastMilliseconds)}, now: Date.now()});
		}

		onEnd(job);
		return job;
	};

	const run = async (id: number, request: JobRequest, controller: AbortController): Promise<JobView> => {
		const {signal} = controller;
		try {
			const result = await request.run({
				signal,
				report(event) {
					readEvent(id, event);
				},
			});
			if (typeof result === 'object') {
				const {exitCode, problem} = result;
				return finish(id, {status: exitCode === 0 ? 'done' : 'failed', exitCode, ...(problem !== undefined && {problem})}, request.isQuiet === true);
			}

			return finish(id, {status: 'done', exitCode: 0, ...(typeof result === 'string' && {result})}, request.isQuiet === true);
		} catch (error) {
			const report = describeError(error, signal.aborted);
			const isCancelled = report.code === 'interrupted';
			return finish(id, {
				status: isCancelled ? 'cancelled' : 'failed',
				exitCode: isCancelled ? exitCodes.interrupted : report.exitCode,
				problem: {message: report.message, ...(report.hint !== undefined && {hint: report.hint})},
			}, false);
		} finally {
			running.delete(id);
		}
	};

	const start = async (request: JobRequest): Promise<JobView> => {
		count++;
		const id = count;
		const {title, twin, stack, canCancel = false} = request;
		requests.set(id, request);
		store.setState(putJob({
			id, title, twin, status: 'running', begun: now(), time: new Date().toISOString(), notices: [], canCancel, ...(stack !== undefined && {stack}),
		}));
		const controller = new AbortController();
		const ended = run(id, request, controller);
		running.set(id, {controller, ended});
		return ended;
	};

	const cancel = (id: number): void => {
		if (!running.has(id) || !find(id).canCancel) {
			return;
		}

		store.setState(changeJob(id, () => ({step: 'stopping'})));
		running.get(id)!.controller.abort();
	};

	return {
		start,
		cancel,
		async retry(id) {
			const request = requests.get(id);
			const job = store.getState().jobs.find(each => each.id === id);
			if (request === undefined || job === undefined || !canRetry(job)) {
				return;
			}

			await (request.again === undefined ? start(request) : request.again());
		},
		async stop() {
			const all = running.values().toArray();
			for (const {controller} of all) {
				controller.abort();
			}

			await Promise.all(all.map(async ({ended}) => ended));
		},
	};
};
