/**
Draws the whole screen by React and ink, on the alternate screen of the terminal.
*/
import process from 'node:process';
import {render, useApp, type SuspendTerminal} from 'ink';
import {createElement as h, Fragment, useEffect} from 'react';
import {App} from '../components/app.ts';
import type {View} from '../components/view.ts';
import type {Store} from '../state/store.ts';
import type {Drawing} from './drawing.ts';

type Lent = {suspend?: SuspendTerminal};

/** Lends ink's way of giving the screen away to code outside of React. Draws nothing. */
const Lender = ({lent}: {readonly lent: Lent}): null => {
	const {suspendTerminal} = useApp();
	useEffect(() => {
		lent.suspend = suspendTerminal;
	}, [lent, suspendTerminal]);
	return null;
};

const framesPerSecond = 60;

export type ScreenDrawing = {
	readonly store: Store;
	readonly parts: Pick<View, 'bindings' | 'logs'>;

	/** Drawing has failed. */
	readonly onCrash: (error: unknown) => void;
};

export const drawScreen = ({store, parts, onCrash}: ScreenDrawing): Drawing => {
	const {stdin, stdout} = process;
	const lent: Lent = {};
	const instance = render(h(Fragment, null, h(App, {store, parts}), h(Lender, {lent})), {
		stdout, stdin, exitOnCtrlC: false, patchConsole: false, alternateScreen: true, incrementalRendering: true, maxFps: framesPerSecond, interactive: true,
	});
	void (async () => {
		try {
			await instance.waitUntilExit();
		} catch (error) {
			onCrash(error);
		}
	})();

	return {
		async suspend() {
			const suspension = await lent.suspend?.();
			return {
				async resume() {
					await suspension?.resume();
				},
			};
		},
		stop() {
			instance.unmount();
		},
	};
};
