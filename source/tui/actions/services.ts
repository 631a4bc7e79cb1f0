/**
Services: up, down, restart, logs, a shell, the database's own client.
*/
import {down, restart, up} from '../../actions/services.ts';
import {openWorkspace} from '../../actions/workspace/open-workspace.ts';
import {formatDuration} from '../../system/format.ts';
import {
	currentService,
	selectedStack,
	sidePanelOf,
} from '../state/select.ts';
import {placeOf} from '../jobs/stack-work.ts';
import {isLocal, type StackView, type State} from '../state/state.ts';
import {focusPanel, showTab} from '../state/update.ts';
import {commandLine, type Action, type Tools} from './action.ts';
import {
	confirmOnProduction,
	needsShown,
	needsStack,
	runVerb,
} from './with-stack.ts';

const stackOf = (state: State): StackView => selectedStack(state)!;

/** The service that a verb is for: the one under the cursor while the services have the focus. */
const chosenService = (state: State): string | undefined => sidePanelOf(state) === 'services' ? currentService(state)?.name : undefined;

const needsRunning = (state: State): string | undefined =>
	needsStack(state) ?? (stackOf(state).detail?.services.some(service => service.state === 'running') === true ? undefined : 'No service runs: `u` starts them.');

/** The service for a shell: the chosen one, else the only one, else asked for. */
const askService = async (tools: Tools, among: readonly string[], title: string): Promise<string | undefined> => {
	const chosen = chosenService(tools.store.getState());
	if (chosen !== undefined && among.includes(chosen)) {
		return chosen;
	}

	return among.length <= 1 ? among[0] : tools.ask.choose(title, among.map(name => ({id: name, label: name})));
};

/* eslint-disable no-template-curly-in-string -- Variables of the shell. */
/** The client of each kind of database, as a shell line that knows the image's variables. A password goes by the environment. */
export const clientCommands: Readonly<Record<string, readonly string[]>> = {
	postgres: ['sh', '-c', 'exec psql ${POSTGRES_USER:+-U "$POSTGRES_USER"} ${POSTGRES_DB:+-d "$POSTGRES_DB"}'],
	mysql: ['sh', '-c', 'export MYSQL_PWD="${MYSQL_PWD:-${MARIADB_ROOT_PASSWORD:-$MYSQL_ROOT_PASSWORD}}"; exec "$(command -v mariadb || command -v mysql)" -u root'],
	redis: ['redis-cli'],
	mongo: ['sh', '-c', 'exec "$(command -v mongosh || command -v mongo)"'],
};
/* eslint-enable no-template-curly-in-string */

const shownClient: Readonly<Record<string, string>> = {
	postgres: 'psql', mysql: 'mysql', redis: 'redis-cli', mongo: 'mongosh',
};

/** What runs a command in a service with this terminal, wherever the stack is; asked for before the terminal is handed over. */
const openTerminalIn = async (state: State, stack: StackView): Promise<(service: string, command: readonly string[]) => Promise<number>> => {
	if (isLocal(stack)) {
		const {runtime} = await openWorkspace({directory: stack.folder});
		return async (service, command) => {
			const {exitCode} = await runtime.exec(service, command, {stdio: 'inherit'});
			return exitCode;
		};
	}

	const [{runOnTerminalThere}, place] = await Promise.all([import('../../actions/hosts/verb-there.ts'), placeOf(state, stack)]);
	return async (service, command) => runOnTerminalThere(place, ['exec', service, '--', ...command]);
};

/** Runs something in a service that has the terminal; noted as a job with its exit code. */
const runInside = async (tools: Tools, service: string, command: readonly string[], words: readonly string[]): Promise<void> => {
	const stack = stackOf(tools.store.getState());
	const title = `${words.join(' ')} in ${service}`;
	const twin = commandLine(tools.store.getState(), stack, 'exec', service, '--', ...words);
	if (!await confirmOnProduction(tools, stack, {title, twin})) {
		return;
	}

	await tools.jobs.start({
		title,
		twin,
		stack: stack.id,
		isQuiet: true,
		async again() {
			await runInside(tools, service, command, words);
		},
		async run() {
			const run = await openTerminalIn(tools.store.getState(), stack);
			let exitCode = 0;
			await tools.terminal.suspend(async () => {
				exitCode = await run(service, command);
			});
			const isMissing = exitCode === 126 || exitCode === 127;
			return {exitCode, ...(isMissing && {problem: {message: `${words[0]} could not be run in ${service} (exit code ${exitCode}).`}})};
		},
	});
};

const runningServices = (state: State): string[] => selectedStack(state)?.detail?.services.filter(service => service.state === 'running').map(({name}) => name) ?? [];

const databasesRunning = (state: State): string[] => runningServices(state).filter(name => selectedStack(state)?.detail?.databases[name] !== undefined);

export const serviceActions: readonly Action[] = [
	{
		id: 'services.up',
		group: 'Services',
		title: 'Start the services, and wait until they are ready',
		obstacle: needsStack,
		twin: state => commandLine(state, selectedStack(state), 'up', ...chosenService(state) === undefined ? [] : [chosenService(state)!]),
		async run(tools) {
			const state = tools.store.getState();
			const service = chosenService(state);
			const services = service === undefined ? undefined : [service];
			await runVerb(tools, stackOf(state), {
				title: `up${service === undefined ? '' : ` ${service}`}`,
				words: ['up', ...services ?? []],
				canCancel: true,
				run: async (workspace, {signal}) => up(workspace, {signal, ...(services !== undefined && {services})}),
				notices: result => result.notices,
				tell: result => `Up: ready after ${formatDuration(result.readyMilliseconds)}.`,
			});
		},
	},
	{
		id: 'services.down',
		group: 'Services',
		title: 'Stop all services; the data stay',
		obstacle: needsStack,
		twin: state => commandLine(state, selectedStack(state), 'down'),
		async run(tools) {
			const state = tools.store.getState();
			const stack = stackOf(state);
			const running = runningServices(state);
			await runVerb(tools, stack, {
				title: 'down',
				words: ['down'],
				...(running.length > 0 && {
					question: {
						title: `Stop ${stack.name}`,
						lost: async () => [`connections to ${running.join(', ')}; no data`],
						way: '`u` starts them again.',
					},
				}),
				run: async workspace => down(workspace),
				tell: ({stopped}) => stopped.length === 0 ? 'Nothing ran.' : `Stopped ${stopped.join(', ')}.`,
			});
		},
	},
	{
		id: 'services.restart',
		group: 'Services',
		title: 'Restart the services',
		obstacle: needsStack,
		twin: state => commandLine(state, selectedStack(state), 'restart', ...chosenService(state) === undefined ? [] : [chosenService(state)!]),
		async run(tools) {
			const state = tools.store.getState();
			const service = chosenService(state);
			const services = service === undefined ? undefined : [service];
			await runVerb(tools, stackOf(state), {
				title: `restart${service === undefined ? '' : ` ${service}`}`,
				words: ['restart', ...services ?? []],
				canCancel: true,
				run: async (workspace, {signal}) => restart(workspace, {signal, ...(services !== undefined && {services})}),
				tell: result => `Restarted: ready after ${formatDuration(result.readyMilliseconds)}.`,
			});
		},
	},
	{
		id: 'services.logs',
		group: 'Services',
		title: 'Show the logs',
		obstacle: needsShown,
		twin: state => commandLine(state, selectedStack(state), 'logs', '-f', ...chosenService(state) === undefined ? [] : [chosenService(state)!]),
		run({store}) {
			store.setState(showTab('logs'));
			store.setState(focusPanel('main'));
		},
	},
	{
		id: 'services.shell',
		group: 'Services',
		title: 'Open a shell in a service',
		needsFreshServices: true,
		obstacle: needsRunning,
		twin: state => commandLine(state, selectedStack(state), 'exec', chosenService(state) ?? 'SERVICE', '--', 'sh'),
		async run(tools) {
			const service = await askService(tools, runningServices(tools.store.getState()), 'A shell in which service?');
			if (service !== undefined) {
				await runInside(tools, service, ['sh', '-c', 'command -v bash >/dev/null && exec bash || exec sh'], ['sh']);
			}
		},
	},
	{
		id: 'services.exec',
		group: 'Services',
		title: 'Run a command in a service',
		needsFreshServices: true,
		obstacle: needsRunning,
		twin: state => commandLine(state, selectedStack(state), 'exec', chosenService(state) ?? 'SERVICE', '--', 'COMMAND'),
		async run(tools) {
			const service = await askService(tools, runningServices(tools.store.getState()), 'Run it in which service?');
			const command = service === undefined ? undefined : await tools.ask.prompt({title: `Run in ${service}`, hint: 'a line for its shell'});
			if (service === undefined || command === undefined || command.trim() === '') {
				return;
			}

			const words = ['sh', '-c', command];
			await runInside(tools, service, words, words);
		},
	},
	{
		id: 'services.client',
		group: 'Services',
		title: 'Open the client of a database: psql, mysql, redis-cli, mongosh',
		needsFreshServices: true,
		obstacle: state => needsRunning(state) ?? (databasesRunning(state).length === 0 ? 'No database runs.' : undefined),
		twin(state) {
			const service = chosenService(state) ?? databasesRunning(state)[0] ?? 'SERVICE';
			return commandLine(state, selectedStack(state), 'exec', service, '--', shownClient[selectedStack(state)?.detail?.databases[service] ?? ''] ?? 'psql');
		},
		async run(tools) {
			const state = tools.store.getState();
			const service = await askService(tools, databasesRunning(state), 'Which database?');
			const database = stackOf(state).detail?.databases[service ?? ''];
			const command = clientCommands[database ?? ''];
			if (service !== undefined && command !== undefined) {
				await runInside(tools, service, command, [shownClient[database!]!]);
			}
		},
	},
];
