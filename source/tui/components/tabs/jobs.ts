/**
What runs and what was run: each command line with its progress or its exit code.
*/
import {describeProgress} from '../../../actions/describe-progress.ts';
import {monotonicNow} from '../../../system/clock.ts';
import {formatDuration} from '../../../system/format.ts';
import {localClock} from '../../draw/local-time.ts';
import {piece, row, type Row} from '../../draw/row.ts';
import {jobEntries} from '../../state/select.ts';
import type {JobView, State} from '../../state/state.ts';
import {listContent, teach} from '../list-content.ts';
import type {PaneContent, View} from '../view.ts';
import {workSign} from '../work-sign.ts';

/** What a job is at: the step, or how far it is, how fast, and how long it will take. */
export const jobProgress = ({step, progress, begun}: JobView, now = monotonicNow()): string => progress === undefined
	? [...step === undefined ? [] : [step], formatDuration(now - begun).replace(/\.\d+(?= s)/v, '')].join('  ')
	: describeProgress(progress.event, now - progress.since);

const jobRow = (job: JobView, state: State, view: View): Row => {
	const {title, twin, status, exitCode, begun, ended, time, problem} = job;
	return {
		...row(
			workSign(status, state, view),
			' ',
			piece(localClock(time), 'dim'),
			' ',
			status === 'running' ? `${title}  ` : piece(twin),
			...status === 'running' ? [piece(jobProgress(job), 'accent')] : [],
			...problem === undefined ? [] : [piece(`  ${problem.message}`, 'bad')],
		),
		right: status === 'running' || ended === undefined
			? []
			: [piece(`${formatDuration(ended - begun)}  exit ${exitCode ?? ''}`, exitCode === 0 ? 'dim' : 'bad')],
	};
};

export const jobsContent = (state: State, view: View, height: number): PaneContent => {
	const entries = jobEntries(state).map(job => ({...job, job, id: job.key}));
	return entries.length === 0
		? teach('Nothing was run yet. What is done by keys stands here with its progress and exit code: `x` cancels, `v` runs it again, enter shows all of it.')
		: listContent(state, 'jobs', entries, height, ({job, key}) => jobRow({...job, id: Number(key)}, state, view));
};
