/**
`watch`: tells the other side what changes in the stacks that it may read. Of every one that it is switched to another branch; of those in focus all:
history, services, definition. It ends with the connection.
*/
import {existsSync} from 'node:fs';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {stackRunFolder} from '../../host/home.ts';
import type {ParamsOf, ResultOf} from '../../host/agent-protocol.ts';
import {stacksFolder} from '../../storage/layout.ts';
import {watchFiles} from '../../system/watch-files.ts';
import type {Agent} from './agent.ts';
import type {Announcements} from './announcements.ts';
import {listStacks, usualPool, type HostStack} from './host-stacks.ts';
import type {Places} from './stack-place.ts';

/** What is watched under some key, and how that is ended. */
type Watched = Map<string, AbortController>;

/** Watches what is new in a list, and lets go of what is no longer in it. */
const keepWatched = async (watched: Watched, wanted: ReadonlyMap<string, (signal: AbortSignal) => Promise<void>>, ended: AbortSignal): Promise<void> => {
	for (const [key, controller] of watched) {
		if (wanted.has(key)) {
			continue;
		}

		controller.abort();
		watched.delete(key);
	}

	await Promise.all([...wanted].map(async ([key, start]) => {
		if (watched.has(key)) {
			return;
		}

		const controller = new AbortController();
		watched.set(key, controller);
		await start(AbortSignal.any([controller.signal, ended]));
	}));
};

/** All that happens to a stack with a project. */
const watchProject = async (stack: HostStack, places: Places, announcements: Announcements, signal: AbortSignal): Promise<void> => {
	const {name} = stack;
	const {stack: definition, runtime, home, pool} = await places.open(stack);
	const onServices = (): void => {
		announcements.add(name, 'services');
	};

	await watchFiles([...definition.composeFiles, path.join(definition.projectFolder, '.env')], () => {
		announcements.add(name, 'definition');
	}, {signal});
	if (runtime.name === 'docker') {
		const {watchContainers} = await import('../../runtime/docker/watch-containers.ts');
		void watchContainers(name, {signal, onChange: onServices});
	} else {
		await watchFiles([stackRunFolder(home, pool.path, name)], onServices, {signal});
	}
};

/** Whether it is watched now. One that can't be opened is told to who asks for its services. */
const tryToWatch = async (stack: HostStack, places: Places, announcements: Announcements, signal: AbortSignal): Promise<boolean> => {
	const attempt = new AbortController();
	try {
		await watchProject(stack, places, announcements, AbortSignal.any([signal, attempt.signal]));
		return true;
	} catch {
		// What was watched already would be watched twice with the next attempt.
		attempt.abort();
		return false;
	}
};

/** Pauses before a project that could not be opened is tried again, the first and the longest. */
const firstPause = 1000;
const longestPause = 30_000;

/**
Until it is watched: what a project needs may be on its way, as a file that is being written or a disk that is mounted later. Whoever shows it is told when
it is back, since nothing has told of what happened meanwhile.
*/
const watchOnceItOpens = async (stack: HostStack, places: Places, announcements: Announcements, signal: AbortSignal): Promise<void> => {
	for (let pause = firstPause; !signal.aborted; pause = Math.min(pause * 2, longestPause)) {
		await delay(pause, undefined, {signal}).catch(() => {});
		if (signal.aborted) {
			return;
		}

		if (await tryToWatch(stack, places, announcements, signal)) {
			announcements.add(stack.name, 'definition');
			announcements.add(stack.name, 'services');
			return;
		}
	}
};

export const createWatch = (agent: Agent, places: Places, announcements: Announcements): {readonly watch: (params: ParamsOf<'watch'>) => Promise<ResultOf<'watch'>>} => {
	const {access, options} = agent;
	const {signal: ended} = announcements;
	const lists: Watched = new Map();
	const heads: Watched = new Map();
	const focused: Watched = new Map();
	let focus: ReadonlySet<string> = new Set();

	const focusOn = (stack: HostStack) => async (signal: AbortSignal): Promise<void> => {
		const {name, history, project} = stack;
		const onHistory = (): void => {
			announcements.add(name, 'history');
		};

		// Folders, since files are replaced by renames.
		await Promise.all([
			watchFiles([history.folder], onHistory, {signal}),
			watchFiles([path.join(history.folder, 'refs')], onHistory, {signal, depth: 3}),
		]);
		if (project === undefined) {
			return;
		}

		if (!await tryToWatch(stack, places, announcements, signal)) {
			void watchOnceItOpens(stack, places, announcements, signal);
		}
	};

	const watchAll = async (): Promise<void> => {
		const {stacks} = await listStacks(options, access);
		const pools = new Set([usualPool(options), ...stacks.map(({pool}) => pool.path)]);
		const folders = [...pools].map(pool => stacksFolder(pool)).filter(folder => existsSync(folder));
		const onList = (): void => {
			announcements.add(null, 'stacks');
			void again();
		};

		const keyOf = ({pool, name, project}: HostStack): string => `${pool.path}\0${name}\0${project?.folder ?? ''}`;
		await keepWatched(lists, new Map([path.join(options.home.state, 'projects'), ...folders].map(folder => [folder, async (signal: AbortSignal) => watchFiles([folder], onList, {signal})])), ended);
		await keepWatched(heads, new Map(stacks.map(stack => [keyOf(stack), async (signal: AbortSignal) => watchFiles([path.join(stack.history.folder, 'HEAD')], () => {
			announcements.add(stack.name, 'history');
		}, {signal})])), ended);
		await keepWatched(focused, new Map(stacks.filter(({name}) => focus.has(name)).map(stack => [keyOf(stack), focusOn(stack)])), ended);
	};

	// One after the other: each ends what the one before has begun.
	let last: Promise<void> = Promise.resolve();
	const again = async (): Promise<void> => {
		const before = last;
		last = (async () => {
			await before;
			if (!ended.aborted) {
				await watchAll();
			}
		})().catch(() => {
			// Stacks that can't be listed are told to who lists them.
		});
		return last;
	};

	return {
		async watch(params) {
			focus = new Set(params.focus.filter(name => access.may('read', name)));
			await again();
			return {};
		},
	};
};
