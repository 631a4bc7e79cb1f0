/**
Hosts: add, check, forget. Nothing waits for them: they are jobs. What ssh has to ask is asked on the terminal, which is handed over for that long.
*/
import {stat} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import type {RemovedHost} from '../../actions/hosts/remove-host.ts';
import {listAliases} from '../../host/ssh-aliases.ts';
import {parseAddress} from '../../host/ssh-address.ts';
import {findHome} from '../../host/home.ts';
import {CoppiceError} from '../../system/errors.ts';
import {describeError} from '../../system/describe-error.ts';
import {isName} from '../../system/names.ts';
import {whenFree} from '../modals/when-free.ts';
import {localHost, type State} from '../state/state.ts';
import {commandLine, type Action, type Tools} from './action.ts';
import {
	chooseHost,
	hostUnderCursor,
	needsHost,
	otherHosts,
} from './choose-host.ts';

const shownHost = (state: State): string => hostUnderCursor(state) ?? (otherHosts(state).length === 1 ? otherHosts(state)[0]!.name : 'NAME');

const checkNewName = (state: State) => (text: string): string | undefined => {
	if (text === localHost) {
		return `${localHost} is this machine itself.`;
	}

	if (!isName('host', text)) {
		return 'Letters, digits, ".", "_", "-".';
	}

	return state.hosts.some(({name}) => name === text) ? `There is a host ${text} already.` : undefined;
};

const checkAddress = (text: string): string | undefined => {
	try {
		parseAddress(text.trim());
		return undefined;
	} catch (error) {
		return describeError(error).hint;
	}
};

type Place = {readonly address: string} | {readonly pool: string};

/** What is said of a host that ssh reaches: one of its own configuration, or another address. */
const askPlace = async ({ask, store}: Tools, name: string): Promise<Place | undefined> => {
	const aliases = await listAliases();
	const own = aliases.toSorted((a, b) => Number(b === name) - Number(a === name));
	const choice = await ask.choose(`Where is ${name}?`, [
		...own.slice(0, 30).map(alias => ({id: `alias ${alias}`, label: alias, detail: 'of your configuration of ssh'})),
		{id: 'address', label: 'another machine', detail: 'USER@HOST or USER@HOST:PORT, by ssh'},
		{id: 'pool', label: 'another pool of this machine', detail: 'a folder, on another disk say'},
	]);
	if (choice === undefined) {
		return undefined;
	}

	if (choice === 'pool') {
		const {directory} = store.getState();
		const folder = await ask.prompt({title: `The pool of ${name}`, hint: `its folder, from ${directory}`, check: text => text.trim() === '' ? 'The pool needs a folder.' : undefined});
		return folder === undefined ? undefined : {pool: path.resolve(directory, folder.trim())};
	}

	const address = choice === 'address' ? await ask.prompt({title: `The address of ${name}`, hint: 'USER@HOST or USER@HOST:PORT', check: checkAddress}) : choice.slice('alias '.length);
	return address === undefined ? undefined : {address: address.trim()};
};

/** Logs in once with the terminal, so that ssh can ask; what follows shares that connection. */
const connectOnTerminal = async ({terminal}: Tools, name: string, address: string, signal: AbortSignal): Promise<void> => {
	const {probeHost} = await import('../../host/probe-host.ts');
	let failure: unknown;
	await terminal.suspend(async () => {
		process.stdout.write(`Connecting to ${address}. What ssh asks is asked here; Ctrl-C leaves it.\n`);
		try {
			await probeHost({name, ...parseAddress(address)}, {home: findHome(), interactive: true, signal});
		} catch (error) {
			failure = error;
		}
	});
	if (failure !== undefined) {
		throw failure;
	}
};

const addHost = async (tools: Tools, name: string, place: Place, isProduction: boolean): Promise<void> => {
	const mark = isProduction ? {production: true} : {};
	const words = ['host', 'add', name, ...'pool' in place ? ['--pool', place.pool] : [place.address], ...isProduction ? ['--production'] : []];
	await tools.jobs.start({
		title: `add host ${name}`,
		twin: commandLine(tools.store.getState(), undefined, ...words),
		canCancel: true,
		async run({report, signal}) {
			const {addPoolHost, addSshHost} = await import('../../actions/hosts/add-host.ts');
			const add = async () => 'pool' in place
				? addPoolHost({
					name, pool: place.pool, ...mark, report, signal,
				})
				: addSshHost({
					name, address: place.address, ...mark, report, signal,
				});
			let added: Awaited<ReturnType<typeof add>>;
			try {
				added = await add();
			} catch (error) {
				const {needsTerminal} = await import('../../host/ssh-failures.ts');
				if (!('address' in place) || !needsTerminal(error)) {
					throw error;
				}

				await whenFree(tools.store, signal);
				const answer = await tools.ask.choose(describeError(error).message, [
					{id: 'connect', label: 'connect on the terminal', detail: 'ssh asks for the host key, a password or a passphrase; then it goes on by itself'},
					{id: 'leave', label: 'leave it'},
				]);
				if (answer !== 'connect') {
					throw error;
				}

				await connectOnTerminal(tools, name, place.address, signal);
				added = await add();
			}

			const {did, notices, hello} = added;
			for (const message of [...did, ...notices]) {
				report({type: 'notice', message});
			}

			return `Added ${name}, Coppice ${hello.version}. ${hello.pool === null ? 'It has no pool yet: the first push makes one.' : 'C clones a stack of it, f fetches, p pulls.'}`;
		},
	});
};

/** Whether there is something to look at, for the wording only. */
const isThere = async (folder: string): Promise<boolean> => {
	try {
		const stats = await stat(folder);
		return stats.isDirectory();
	} catch {
		return false;
	}
};

/** How often, and how many milliseconds apart, it is looked whether what this program ran there has ended. */
const tries = 10;
const patienceMilliseconds = 500;

/** The engine is not removed while it is at work, and the session of this program is work of its own: it is ended first. */
const removeAlone = async ({leaveHost}: Tools, name: string, purge: boolean, signal: AbortSignal): Promise<RemovedHost> => {
	const {removeHost} = await import('../../actions/hosts/remove-host.ts');
	const takeUp = leaveHost(name);
	try {
		for (let attempt = 1; ; attempt++) {
			try {
				return await removeHost({name, purge, signal});
			} catch (error) {
				if (attempt === tries || !(error instanceof CoppiceError && error.code === 'conflict')) {
					throw error;
				}
			}

			await delay(patienceMilliseconds, undefined, {signal});
		}
	} finally {
		takeUp();
	}
};

/** Forgets a host; with `ask`, what is to become of the engine there is asked where `host add` has put it there. */
const forget = async (tools: Tools, wish: 'ask' | 'purge'): Promise<void> => {
	const {store, ask, jobs} = tools;
	const state = store.getState();
	const name = await chooseHost(tools, 'Forget which host?', hostUnderCursor(state));
	if (name === undefined) {
		return;
	}

	const {readHost} = await import('../../host/host-registry.ts');
	const record = await readHost(findHome(), name);
	const choice = wish === 'ask' && record.installed === true
		? await ask.choose(`Forget ${name}`, [
			{id: 'keep', label: 'forget it', detail: `coppice host rm ${name}; the engine there stays`},
			{id: 'purge', label: 'forget it, and remove the engine there', detail: `coppice host rm ${name} --purge`},
		])
		: wish;
	const isPurge = choice === 'purge';
	const isSure = choice !== undefined && await ask.confirm({
		title: `Forget the host ${name}`,
		lost: async () => [
			`the name ${name} for ${record.address}, on this machine`,
			...isPurge && record.installed === true ? ['the engine there, which `host add` has put there'] : [],
			'no data: its pool and what it holds stay as they are',
		],
		way: '`A` adds it again.',
		...(state.hosts.find(host => host.name === name)?.production === true && {typed: name, isProduction: true}),
	});
	if (!isSure) {
		return;
	}

	await jobs.start({
		title: `forget ${name}`,
		again: async () => forget(tools, wish),
		twin: commandLine(state, undefined, 'host', 'rm', name, ...isPurge ? ['--purge'] : []),
		async run({signal}) {
			const {purged} = await removeAlone(tools, name, isPurge, signal);
			return `Forgot ${name}${purged ? ', and removed the engine there' : ''}. Its pool and data are untouched.`;
		},
	});
};

export const hostActions: readonly Action[] = [
	{
		id: 'host.add',
		group: 'Hosts',
		title: 'Add a host: a machine by ssh, or another pool of this one',
		twin: state => commandLine(state, undefined, 'host', 'add', 'NAME', 'USER@HOST'),
		async run(tools) {
			const name = await tools.ask.prompt({title: 'Add a host: its name', hint: 'as you will call it: staging, usb', check: checkNewName(tools.store.getState())});
			const place = name === undefined ? undefined : await askPlace(tools, name);
			if (name === undefined || place === undefined) {
				return;
			}

			const what = 'address' in place ? place.address : `${place.pool}${await isThere(place.pool) ? '' : ', which is made'}`;
			const kind = await tools.ask.choose(`Add ${name} at ${what}`, [
				{id: 'plain', label: 'add it'},
				{id: 'production', label: 'add it as production', detail: 'its colour is red, and its name is asked for before anything is pushed there'},
			]);
			if (kind !== undefined) {
				await addHost(tools, name, place, kind === 'production');
			}
		},
	},
	{
		id: 'host.check',
		group: 'Hosts',
		title: 'Check hosts: whether they answer, how far away they are, what their engines may do',
		obstacle: needsHost,
		twin: state => commandLine(state, undefined, 'host', 'check', ...hostUnderCursor(state) === undefined ? [] : [hostUnderCursor(state)!]),
		async run(tools) {
			const {store, jobs, ask} = tools;
			const name = hostUnderCursor(store.getState());
			await jobs.start({
				title: name === undefined ? 'check all hosts' : `check ${name}`,
				twin: commandLine(store.getState(), undefined, 'host', 'check', ...name === undefined ? [] : [name]),
				canCancel: true,
				async run({report, signal}) {
					const [{checkHosts}, {checkHints, describeChecked, isProductionHost}] = await Promise.all([import('../../actions/hosts/check-hosts.ts'), import('../../actions/hosts/describe-checked.ts')]);
					const checked = await checkHosts({...(name !== undefined && {name}), report, signal});
					await whenFree(store, signal);
					ask.message('Hosts', checked.flatMap(host => [
						host.failure === undefined
							? `✓ ${host.record.name}: ${[...describeChecked(host), ...isProductionHost(host) ? ['production'] : []].join(', ')}`
							: `✗ ${host.record.name}: ${host.failure.message}`,
						...checkHints(host).map(hint => `    ${hint}`),
					]));
					const failed = checked.filter(({failure}) => failure !== undefined);
					if (failed.length > 0) {
						throw new CoppiceError('host', `${failed.map(({record}) => record.name).join(', ')} can't be used now.`, {hint: 'What was shown says why.'});
					}

					return `${checked.map(({record}) => record.name).join(', ')}: reached.`;
				},
			});
		},
	},
	{
		id: 'host.remove',
		group: 'Hosts',
		title: 'Forget a host; its pool and data stay as they are',
		obstacle: needsHost,
		twin: state => commandLine(state, undefined, 'host', 'rm', shownHost(state)),
		run: async tools => forget(tools, 'ask'),
	},
	{
		id: 'host.removePurge',
		group: 'Hosts',
		title: 'Forget a host, and remove the engine there',
		obstacle: needsHost,
		twin: state => commandLine(state, undefined, 'host', 'rm', shownHost(state), '--purge'),
		run: async tools => forget(tools, 'purge'),
	},
	{
		id: 'host.list',
		group: 'Hosts',
		title: 'List the hosts',
		twin: state => commandLine(state, undefined, 'host', 'ls'),
		run({store, ask}) {
			const hosts = otherHosts(store.getState());
			ask.message('Hosts', hosts.length === 0
				? ['No other host is known: A in the list of stacks adds one.']
				: hosts.map(({name, kind, address, status, production}) => `${name}: ${kind === 'pool' ? 'the pool ' : ''}${address ?? ''}, ${status}${production ? ', production' : ''}`));
		},
	},
];
