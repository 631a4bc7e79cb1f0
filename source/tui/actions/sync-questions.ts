/**
What fetching, pulling and pushing ask while they run. What comes of their own accord never takes a key that was meant for something else: a question
waits until no other is open, and the first choice changes nothing.
*/
import type {DivergenceAnswer, PullOptions} from '../../actions/pull.ts';
import type {PushOptions} from '../../actions/push.ts';
import type {FullSends} from '../../actions/sync/choose-bases.ts';
import {CoppiceError} from '../../system/errors.ts';
import {formatBytes, formatCount} from '../../system/format.ts';
import {isName} from '../../system/names.ts';
import type {JobTools} from '../jobs/jobs.ts';
import {whenFree} from '../modals/when-free.ts';
import type {Tools} from './action.ts';

type Asking = Pick<Tools, 'ask' | 'store'>;

const refused = (message: string): CoppiceError => new CoppiceError('interrupted', message);

/** Asks before all of a volume goes over the line where an increment was to be expected. */
export const confirmFullOf = ({ask, store}: Asking, {signal}: JobTools) => async ({host, direction, volumes}: FullSends): Promise<void> => {
	await whenFree(store, signal);
	const sizes = volumes.map(({volume, bytes}) => `${volume} about ${formatBytes(bytes)}`).join(', ');
	const answer = await ask.choose(`Nothing is on both sides that an increment could start from: all of it would go ${direction} ${host}`, [
		{id: 'leave', label: 'send nothing', detail: 'nothing was changed'},
		{id: 'send', label: `send everything: ${sizes}`, detail: 'before compression; nothing is lost by it, it only takes long'},
	]);
	if (answer !== 'send') {
		throw refused(`Nothing was sent ${direction} ${host}.`);
	}
};

/** Offers the ways out where both sides have gone on. */
export const askDivergenceOf = ({ask, store}: Asking, {signal}: JobTools): NonNullable<PullOptions['onDivergence']> =>
	async ({branch, remote, ahead, behind, keptBranch}): Promise<DivergenceAnswer> => {
		await whenFree(store, signal);
		const answer = await ask.choose(`${branch} and ${remote} have gone different ways: ${formatCount(ahead, 'commit')} here, ${behind} there`, [
			{id: 'leave', label: 'change nothing', detail: 'what was fetched stays'},
			{id: 'reset', label: `reset ${branch} to theirs`, detail: `yours stays as branch ${keptBranch}`},
			{id: 'into', label: 'take theirs into a new branch', detail: `${branch} stays as it is`},
		]);
		if (answer === 'reset') {
			return {reset: true};
		}

		const into = answer === 'into'
			? await ask.prompt({
				title: `New branch for ${remote}`, initial: remote.replaceAll('/', '-'), check: name => isName('branch', name) ? undefined : 'Letters, digits, ".", "_", "-", and "/" between parts.',
			})
			: undefined;
		if (into === undefined) {
			throw refused(`${branch} was left as it is; what ${remote} has was fetched.`);
		}

		return {into};
	};

/** Asks for the name of a host that is marked as production. */
export const confirmProductionOf = ({ask, store}: Asking, {signal}: JobTools): NonNullable<PushOptions['confirmProduction']> =>
	async ({host, stack, branch, commits, switch: isSwitch}) => {
		await whenFree(store, signal);
		const isSure = await ask.confirm({
			title: `Push to ${host}, which is marked as production`,
			lost: async () => [
				`branch ${branch} of stack ${stack} moves forward by ${formatCount(commits, 'commit')}`,
				...isSwitch ? ['its services there restart on what is pushed; what was there is kept in a safety commit'] : [],
			],
			way: `\`coppice -H ${host} --stack ${stack} undo\` takes it back.`,
			typed: host,
			isProduction: true,
		});
		if (!isSure) {
			throw refused(`Nothing was pushed to ${host}.`);
		}
	};
