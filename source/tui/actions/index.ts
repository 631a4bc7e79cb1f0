/**
All actions, and how one is run.
*/
import {describeError} from '../../system/describe-error.ts';
import type {State} from '../state/state.ts';
import type {Action, Tools} from './action.ts';
import {compareActions} from './compare.ts';
import {ejectActions} from './eject.ts';
import {historyActions} from './history.ts';
import {hostActions} from './hosts.ts';
import {serviceActions} from './services.ts';
import {stackActions} from './stacks.ts';
import {syncActions} from './sync.ts';
import {transferActions} from './transfers.ts';
import {trashActions} from './trash.ts';
import {viewActions} from './view.ts';

export const actions: readonly Action[] = [
	...historyActions,
	...trashActions,
	...compareActions,
	...serviceActions,
	...stackActions,
	...ejectActions,
	...syncActions,
	...transferActions,
	...hostActions,
	...viewActions,
];

const byId = new Map(actions.map(action => [action.id, action]));

export const findActionById = (id: string): Action | undefined => byId.get(id);

/** What the palette lists: all that is more than a step on the screen. */
export const paletteActions = (state: State): readonly Action[] =>
	actions.filter(({group}) => group !== 'Moving').toSorted((a, b) => Number(a.obstacle?.(state) !== undefined) - Number(b.obstacle?.(state) !== undefined));

const sayMilliseconds = 6000;

/** Those for which the services are being read: a key that is pressed again meanwhile is the same wish. */
const reading = new WeakSet<Tools>();

/**
Reads which services run.

@returns Whether it is still wanted: not where that was asked for already, or where another stack is shown by now.
*/
const readServices = async (tools: Tools): Promise<boolean> => {
	if (reading.has(tools)) {
		return false;
	}

	reading.add(tools);
	const {selected} = tools.store.getState();
	try {
		await tools.readServices();
	} finally {
		reading.delete(tools);
	}

	return tools.store.getState().selected === selected;
};

/**
Runs an action, or says why it can't be done now. A failure is said, never thrown.
*/
export const runAction = async (action: Action, tools: Tools): Promise<void> => {
	const say = (text: string): void => {
		tools.store.setState({toast: {text, kind: 'bad', until: Date.now() + sayMilliseconds}, now: Date.now()});
	};

	if (action.needsFreshServices === true && !await readServices(tools)) {
		return;
	}

	const obstacle = action.obstacle?.(tools.store.getState());
	if (obstacle !== undefined) {
		say(obstacle);
		return;
	}

	try {
		await action.run(tools);
	} catch (error) {
		const {message, hint} = describeError(error);
		say(hint === undefined ? message : `${message} ${hint}`);
	}
};
