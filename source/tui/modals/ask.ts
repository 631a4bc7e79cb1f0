/**
Questions to the user. The question is a plain value in the store; who asked waits here for the answer.
*/
import type {Choice, Modal} from '../state/state.ts';
import type {Store} from '../state/store.ts';
import {emptyInput, inputOf} from '../state/text-input.ts';

export type Confirmation = {
	readonly title: string;

	/** Exactly what would be lost or changed, a line each; may take a while to find out. */
	readonly lost: () => Promise<readonly string[]>;

	/** How it can be taken back, or that it can't. */
	readonly way: string;

	/** What has to be typed. */
	readonly typed?: string;

	/** Whether it is done on a production host, whose colour it then has. */
	readonly isProduction?: boolean;
};

export type Prompt = {
	readonly title: string;
	readonly hint?: string;
	readonly initial?: string;

	/** What is wrong with a text, or `undefined`. */
	readonly check?: (text: string) => string | undefined;
};

export type Ask = {
	/** The text, or `undefined` where the user went back. */
	prompt(question: Prompt): Promise<string | undefined>;
	choose(title: string, choices: readonly Choice[]): Promise<string | undefined>;
	confirm(question: Confirmation): Promise<boolean>;
	message(title: string, lines: readonly string[]): void;

	/** The answer of the modal that is open: called by the keys. Says whether it was taken. */
	answer(text: string | undefined): boolean;
};

export const createAsk = (store: Store): Ask => {
	let pending: {readonly resolve: (text: string | undefined) => void; readonly check?: Prompt['check']} | undefined;
	const open = async (modal: Modal, check?: Prompt['check']): Promise<string | undefined> => {
		pending?.resolve(undefined);
		const {promise, resolve} = Promise.withResolvers<string | undefined>();
		pending = {resolve, ...(check !== undefined && {check})};
		store.setState({modal});
		return promise;
	};

	return {
		prompt: async ({title, hint = '', initial = '', check}) => open({
			type: 'prompt', title, hint, input: inputOf(initial),
		}, check),
		choose: async (title, choices) => open({
			type: 'choose', title, choices, index: 0,
		}),
		async confirm({title, lost, way, typed, isProduction}) {
			const answered = open({
				type: 'confirm', title, way, input: emptyInput, ...(typed !== undefined && {typed}), ...(isProduction === true && {isProduction}),
			});
			const mine = pending;
			void (async () => {
				let lines: readonly string[];
				try {
					lines = await lost();
				} catch (error) {
					lines = [`what would be lost could not be measured: ${error instanceof Error ? error.message : String(error)}`];
				}

				const {modal} = store.getState();
				if (pending === mine && modal?.type === 'confirm') {
					store.setState({modal: {...modal, lost: lines}});
				}
			})();

			return await answered !== undefined;
		},
		message(title, lines) {
			store.setState({
				modal: {
					type: 'message', title, lines, scroll: 0,
				},
			});
		},
		answer(text) {
			const {modal} = store.getState();
			const problem = text === undefined || modal?.type !== 'prompt' ? undefined : pending?.check?.(text);
			if (problem !== undefined && modal?.type === 'prompt') {
				store.setState({modal: {...modal, problem}});
				return false;
			}

			const asked = pending;
			pending = undefined;
			store.setState({modal: undefined});
			asked?.resolve(text);
			return true;
		},
	};
};
