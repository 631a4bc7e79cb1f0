/**
The process runtime: services as child processes of the host, held by a supervisor that outlives the command.

What `status` and a commit need is in this module and what it imports; all else is loaded when a verb asks for it.
*/
import {rmSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {CoppiceError} from '../../system/errors.ts';
import type {Service, Stack} from '../../stack/stack.ts';
import {planStart} from '../plan-order.ts';
import type {
	Runtime,
	RuntimeContext,
	ServiceState,
	StopMode,
} from '../runtime.ts';
import {isAlive, readStat, type ProcessIdentity} from '../../system/process-table.ts';
import {freezeProcesses, thawAbandoned} from './freeze.ts';
import {recogniseService} from './known-images.ts';
import {processNotices} from './notices.ts';
import {findMembers} from './service-processes.ts';
import {
	freezeFolder,
	isRunning,
	openSocketsFolder,
	readState,
	type ServiceRecord,
	type SupervisorState,
} from './supervisor-state.ts';

const defaultLeaseMilliseconds = 30_000;

const notRunnable = (service: Service): CoppiceError => new CoppiceError('precondition', service.build === undefined
	? `The process runtime can't run ${service.name}: it knows no way to run the image ${service.image ?? '(none)'}.`
	: `The process runtime can't run ${service.name}: it is built from a Dockerfile.`, {
	service: service.name, hint: `Say how to run it in \`x-coppice.process.command\` of ${service.name}, or use the docker runtime.`,
});

const statusOf = (service: Service, record: ServiceRecord, isSupervised: boolean): ServiceState['status'] => {
	if (record.process === undefined || !isAlive(record.process)) {
		if (isSupervised && record.process !== undefined && service.restart.name !== 'no') {
			// It has just ended, and its supervisor is about to say so.
			return 'restarting';
		}

		// While nobody watches, a process that is gone has failed as far as anyone can tell.
		return record.process !== undefined || (!isSupervised && record.status === 'restarting') ? 'failed' : record.status;
	}

	return 'Tt'.includes(readStat(record.process.processId)?.state ?? 'X') ? 'paused' : 'running';
};

const toState = (service: Service, record: ServiceRecord | undefined, isSupervised: boolean): ServiceState => {
	if (record === undefined) {
		return {
			name: service.name, status: 'created', restarts: 0, ports: service.ports,
		};
	}

	const status = statusOf(service, record, isSupervised);
	const runs = status === 'running' || status === 'paused';
	return {
		name: service.name,
		status,
		restarts: record.restarts,
		ports: runs ? record.ports : service.ports,
		...(record.startedAt !== undefined && {startedAt: record.startedAt}),
		...(record.exitCode !== undefined && !runs && {exitCode: record.exitCode}),
		...(runs && record.health !== undefined && {health: record.health}),
		...(runs && record.process && {processId: record.process.processId}),
		...(runs && record.socket !== undefined && {socket: record.socket}),
	};
};

/**
A runtime for the services of one stack on this host. Makes and starts nothing by itself.
*/
export const createProcessRuntime = (stack: Stack, context: RuntimeContext): Runtime => {
	const {runFolder, stateFolder} = context;
	const services = Object.values(stack.services);
	const volumeFolders = Object.fromEntries(Object.values(stack.volumes)
		.filter(volume => volume.managed)
		.map(volume => [volume.name, context.volumePath(volume.name)]));
	const stackContext = {stack, volumeFolders, stateFolder};

	const find = (name: string): Service => {
		const service = stack.services[name];
		if (service === undefined) {
			throw new CoppiceError('not-found', `The stack has no service named ${JSON.stringify(name)}.`, {
				stack: stack.name, service: name, hint: `Its services are: ${services.map(each => each.name).join(', ')}.`,
			});
		}

		return service;
	};

	const ask = async (request: {verb: 'start'; services: readonly string[]} | {verb: 'stop'; services: readonly string[]; mode: StopMode} | {verb: 'down'}, signal?: AbortSignal): Promise<ProcessIdentity> => {
		const {askSupervisor} = await import('./control-client.ts');
		const entry = context.entry ?? process.env.COPPICE_ENTRY ?? process.argv[1] ?? '';
		return askSupervisor({runFolder, stateFolder, entry: path.resolve(entry)}, {...request, ...stackContext}, {
			...(signal && {signal}),
			onNotice: text => context.onNotice?.(text),
		});
	};

	const isSupervised = (state: SupervisorState): boolean => isAlive(state.supervisor);

	/** Whether there is anything to stop, or anyone who might start something. */
	const isUp = (state: SupervisorState | undefined): boolean =>
		state !== undefined && (isSupervised(state) || Object.values(state.services).some(record => isRunning(record)));

	const start: Runtime['start'] = async (names, options = {}) => {
		const {COMPOSE_PROFILES: profiles = ''} = process.env;
		const order = planStart(stack.services, names, profiles.split(',').filter(name => name !== ''));
		for (const name of names ?? []) {
			const service = find(name);
			if (recogniseService(service) === undefined) {
				throw notRunnable(service);
			}
		}

		const runnable = order.filter(name => recogniseService(find(name)) !== undefined);
		for (const name of runnable) {
			const missing = Object.keys(find(name).dependsOn).filter(dependency => stack.services[dependency] && !runnable.includes(dependency));
			for (const dependency of missing) {
				context.onNotice?.(`${name} is started without ${dependency}, which the process runtime can't run.`);
			}
		}

		thawAbandoned(freezeFolder(runFolder));
		if (runnable.length > 0) {
			await ask({verb: 'start', services: runnable}, options.signal);
		}
	};

	return {
		name: 'process',

		notices: () => processNotices(stack),

		start,

		async resume(names) {
			await start(names);
		},

		async stop(names, options = {}) {
			const {mode = 'graceful'} = options;
			const wanted = names?.map(name => find(name).name) ?? services.map(service => service.name);
			thawAbandoned(freezeFolder(runFolder));
			if (wanted.length > 0 && isUp(readState(runFolder))) {
				await ask({verb: 'stop', services: wanted, mode});
			}
		},

		async down() {
			thawAbandoned(freezeFolder(runFolder));
			if (isUp(readState(runFolder))) {
				const supervisor = await ask({verb: 'down'});
				while (isAlive(supervisor)) {
					await delay(2);
				}
			}

			for (const folder of [runFolder, openSocketsFolder(runFolder)]) {
				rmSync(folder, {recursive: true, force: true});
			}
		},

		async states() {
			const state = readState(runFolder);
			const supervised = state !== undefined && isSupervised(state);
			return services.map(service => toState(service, state?.services[service.name], supervised));
		},

		async otherUsers() {
			// Nothing but this host's own processes, which nobody else starts on these data.
			return [];
		},

		async freeze(names, options = {}) {
			for (const name of names) {
				find(name);
			}

			const state = readState(runFolder);
			const roots = (): ProcessIdentity[] => {
				const records = readState(runFolder)?.services ?? {};
				return names.map(name => records[name]?.process).filter(identity => identity !== undefined);
			};

			const strays = state === undefined || roots().length === 0 ? [] : findMembers(names.map(name => path.join(runFolder, name)), roots());
			return freezeProcesses({
				folder: freezeFolder(runFolder),
				...(state && {starter: state.supervisor}),
				roots,
				strays,
				leaseMilliseconds: options.leaseMilliseconds ?? defaultLeaseMilliseconds,
			});
		},

		async * logs(options) {
			const wanted = options.services?.map(name => find(name).name) ?? services.map(service => service.name);
			const {readLogs} = await import('./read-logs.ts');
			yield * readLogs(stateFolder, wanted, options);
		},

		async exec(name, command, options) {
			const service = find(name);
			const record = readState(runFolder)?.services[name];
			if (record === undefined || !isRunning(record)) {
				throw new CoppiceError('precondition', `${name} does not run, so nothing can be run beside it.`, {
					service: name, hint: `Start it with \`coppice up ${name}\`.`,
				});
			}

			const {execBeside} = await import('./exec.ts');
			return execBeside({
				stack, service, record, volumeFolders, stateFolder,
			}, command, options);
		},

		async imageDigests() {
			return {};
		},
	};
};
