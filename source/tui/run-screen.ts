/**
Runs the screen: puts it on the terminal, gives it keys, and gives the terminal back, however it ends.
*/
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {boundMemory} from '../system/bound-memory.ts';
import type {TerminalTools, Tools} from './actions/action.ts';
import {createJobs} from './jobs/jobs.ts';
import {dispatch} from './keys/dispatch.ts';
import type {Binding} from './keys/key-map.ts';
import {createAsk} from './modals/ask.ts';
import {runClock} from './sources/clock.ts';
import {runningJobs} from './state/select.ts';
import type {Controller} from './sources/controller.ts';
import type {State} from './state/state.ts';
import type {Store} from './state/store.ts';
import {createSession} from './terminal/session.ts';
import type {Drawing} from './terminal/drawing.ts';

/** How long what runs may take to stop when the program is told to end. */
const patienceMilliseconds = 3000;

/** By the custom of shells: 128 and the number of the signal. */
const signalCodes = {
	SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143,
} as const;

/** If the process was not stopped after all (nobody could continue it), it goes on after this. */
const stopMilliseconds = 300;

/** A terminal that does not know its size says 0. */
export const sizeOf = ({columns, rows}: NodeJS.WriteStream): State['terminal'] => ({columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24});

export type ScreenOptions = {
	readonly store: Store;
	readonly bindings: readonly Binding[];

	/** What feeds the store. */
	readonly controller: Controller;

	/** Puts the state on the terminal; tells where that fails. */
	readonly draw: (onCrash: (error: unknown) => void) => Drawing;
};

/**
@returns The exit code, once it is left.
*/
export const runScreen = async ({store, bindings, controller, draw}: ScreenOptions): Promise<number> => {
	boundMemory();

	const {stdin, stdout} = process;
	const ended = Promise.withResolvers<number>();
	const jobs = createJobs({
		store, onEnd() {
			controller.refresh();
		},
	});

	let isLent = false;
	let isOver = false;
	const suspend = async (run: () => Promise<void>): Promise<void> => {
		isLent = true;
		// As it is while nobody listens: it stops this process too, where a child that has the terminal is stopped.
		process.off('SIGTSTP', onStop);
		session.leaveKeys();
		try {
			const lent = await drawing.suspend();
			session.pause();
			try {
				await run();
			} finally {
				session.resume();
				await lent.resume();
				store.setState({terminal: sizeOf(stdout), now: Date.now()});
			}
		} finally {
			isLent = false;
			if (!isOver) {
				process.on('SIGTSTP', onStop);
			}
		}
	};

	const terminal: TerminalTools = {
		suspend,
		copy(text) {
			session.copy(text);
		},
		redraw() {
			void suspend(async () => {});
		},
		setMouse(isOn) {
			session.setMouse(isOn);
		},
		stop: async () => suspend(async () => {
			const continued = new Promise<void>(resolve => {
				process.once('SIGCONT', () => {
					resolve();
				});
			});
			process.kill(process.pid, 'SIGTSTP');
			await Promise.race([continued, delay(stopMilliseconds)]);
		}),
		quit() {
			ended.resolve(0);
		},
	};

	/** Somebody asks it to stop, as `kill -TSTP` does: the key would not come as a signal. */
	const onStop = (): void => {
		void terminal.stop();
	};

	/** It goes on after SIGSTOP, which nobody can give the terminal back before: the shell has made of it what it likes. */
	const onContinue = (): void => {
		if (isLent) {
			return;
		}

		// First the keyboard, which it gets only in the foreground: in the background this stops it again, with nothing drawn over what is there.
		session.pause();
		void suspend(async () => {});
	};

	const tools: Tools = {
		store,
		jobs,
		ask: createAsk(store),
		terminal,
		bindings,
		logs: controller.logs,
		refresh: controller.refresh,
		countBranches: controller.countBranches,
		async readServices() {
			await controller.readServices?.();
		},
		leaveHost: controller.leaveHost,
	};
	const session = createSession({
		stdin,
		stdout,
		mouse: store.getState().mouse,
		onToken(token) {
			dispatch(token, tools);
		},
		onEnd() {
			ended.resolve(signalCodes.SIGHUP);
		},
	});

	const taken: {by?: Drawing} = {};
	let isGivenBack = false;

	// Whatever happens, the terminal is given back before anything is printed; nothing may be drawn after that. Once: leaving the alternate screen
	// puts the cursor where it was before, and what is printed next would be written over the error.
	const giveBack = (): void => {
		if (isGivenBack) {
			return;
		}

		isGivenBack = true;
		try {
			taken.by?.stop();
		} catch {
			// It may have been drawing that failed.
		}

		session.restore(true);
	};

	const onCrash = (error: unknown): void => {
		giveBack();
		process.stderr.write(`${error instanceof Error ? error.stack ?? error.message : String(error)}\n`);
		// eslint-disable-next-line unicorn/no-process-exit -- There is nothing to go on with.
		process.exit(1);
	};

	// Ctrl-C is a key here: a signal comes from who cancels a transfer by its record, or from the keyboard while another program has the terminal.
	const interrupt = (): boolean => {
		const transfers = runningJobs(store.getState()).filter(({transfer}) => transfer !== undefined);
		for (const {id} of isLent ? [] : transfers) {
			jobs.cancel(id);
		}

		return isLent || transfers.length > 0;
	};

	const onSignal = (name: string, code: number): void => {
		// From the keyboard, SIGQUIT is meant for the program that has the terminal.
		const isTaken = name === 'SIGINT' ? interrupt() : name === 'SIGQUIT' && isLent;
		if (!isTaken) {
			ended.resolve(code);
		}
	};

	for (const [name, code] of Object.entries(signalCodes)) {
		process.on(name, () => {
			onSignal(name, code);
		});
	}

	process.on('SIGTSTP', onStop);
	process.on('SIGCONT', onContinue);
	process.on('exit', giveBack);
	process.on('uncaughtException', onCrash);
	process.on('unhandledRejection', onCrash);

	// What Node warns of would be written over the screen.
	process.removeAllListeners('warning');
	process.on('warning', () => {});

	const onResize = (): void => {
		store.setState({terminal: sizeOf(stdout)});
	};

	stdout.on('resize', onResize);
	// Before anything is drawn: who sees it may type, and what the terminal itself takes for a control character would be lost.
	session.start();
	const drawing = draw(onCrash);
	taken.by = drawing;
	const clock = runClock(store);
	const exitCode = await ended.promise;
	isOver = true;
	process.off('SIGTSTP', onStop);
	process.off('SIGCONT', onContinue);
	clock.stop();
	controller.stop();
	stdout.off('resize', onResize);
	drawing.stop();
	session.restore(false);
	await Promise.race([Promise.all([jobs.stop(), controller.settled?.()]), delay(patienceMilliseconds)]);
	process.off('exit', giveBack);
	return exitCode;
};
