/**
What fetching, pulling and pushing ask on a terminal.
*/
import type {PullOptions} from '../actions/pull.ts';
import type {PushQuestion} from '../actions/push.ts';
import type {FullSends} from '../actions/sync/choose-bases.ts';
import {formatBytes, formatCount} from './output/format.ts';
import type {Context} from './verb.ts';

/**
Asks before all of a volume goes over the line where an increment was to be expected. Where nobody can be asked, `undefined`: the action says which
option to give then.
*/
export const confirmFullOf = (context: Context): ((sends: FullSends) => Promise<void>) | undefined => {
	if (!context.isInteractive && !context.globals.yes) {
		return undefined;
	}

	return async ({host, direction, volumes}) => context.confirm({
		what: `Sending everything ${direction} ${host}, since nothing is on both sides that an increment could start from`,
		lost: volumes.map(({volume, bytes}) => `${volume}: about ${formatBytes(bytes)}, before compression`),
		way: 'Nothing is lost by it; it only takes long.',
	});
};

export const confirmProductionOf = (context: Context) => async ({
	host, stack, branch, commits, switch: isSwitch,
}: PushQuestion): Promise<void> => context.confirm({
	what: `Pushing to ${host}, which is marked as production`,
	lost: [
		`branch ${branch} of stack ${stack} moves forward by ${formatCount(commits, 'commit')}`,
		...isSwitch ? ['its services there restart on what is pushed; what was there is kept in a safety commit'] : [],
	],
	way: `\`coppice -H ${host} --stack ${stack} undo\` takes it back.`,
	typed: host,
});

/**
Offers the ways out where both sides have gone on. Where nobody can be asked, `undefined`: the action stops and names the options.
*/
export const askDivergenceOf = (context: Context): PullOptions['onDivergence'] => {
	// `--yes` says go on, but not which way.
	if (!context.isInteractive || context.globals.yes) {
		return undefined;
	}

	return async ({branch, remote, ahead, behind, keptBranch}) => {
		const answer = await context.choose({
			what: `${branch} and ${remote} have gone different ways: ${formatCount(ahead, 'commit')} here, ${behind} there.`,
			choices: [
				{key: 'r', label: `reset ${branch} to theirs; yours stays as branch ${keptBranch}`},
				{key: 'b', label: `take theirs into a new branch; ${branch} stays as it is`, text: {question: 'Name of the new branch?', usual: remote.replaceAll('/', '-')}},
			],
			none: 'change nothing',
		});
		switch (answer?.key) {
			case 'r': {
				return {reset: true};
			}

			case 'b': {
				return {into: answer.text!};
			}

			default: {
				return undefined;
			}
		}
	};
};
