/**
Data must not be taken away under those who have them open and are no service of the stack: a container that was started by hand, or one
of another project. A file system may let that happen: btrfs deletes a subvolume under a running container.
*/
import {CoppiceError} from '../../system/errors.ts';
import type {Workspace} from '../workspace/workspace.ts';
import type {Step} from './steps.ts';

/**
The volumes whose current data steps replace, move, or link elsewhere: pure.
*/
export const volumesTaken = (steps: readonly Step[], current: string): string[] => {
	const taken = steps.flatMap(step => {
		switch (step.do) {
			case 'together': {
				return volumesTaken(step.steps, current);
			}

			case 'link': {
				return [step.volume];
			}

			case 'swap':
			case 'retire': {
				return step.branch === current ? [step.volume] : [];
			}

			case 'rename': {
				return step.from === current ? [step.volume] : [];
			}

			default: {
				return [];
			}
		}
	});
	return [...new Set(taken)];
};

/**
@throws CoppiceError `conflict` naming who has a volume open.
*/
export const refuseOtherUsers = async ({runtime, stack}: Workspace, verb: string, volumes: readonly string[]): Promise<void> => {
	if (volumes.length === 0) {
		return;
	}

	const [user, ...others] = await runtime.otherUsers(volumes);
	if (user === undefined) {
		return;
	}

	const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
	throw new CoppiceError('conflict', `The data of stack ${stack.name} are in use by ${user}${more}, so ${verb} can't change them.`, {
		stack: stack.name, hint: 'Stop it first; the services of the stack are stopped and started by themselves.',
	});
};
