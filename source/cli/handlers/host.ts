/**
Runs `coppice host`: adds, lists, checks and removes.
*/
import {
	addPoolHost,
	addSshHost,
	type AddedHost,
	type AddPoolHostOptions,
} from '../../actions/hosts/add-host.ts';
import {checkHosts, type CheckedHost} from '../../actions/hosts/check-hosts.ts';
import {removeHost, type RemovedHost} from '../../actions/hosts/remove-host.ts';
import {findHome} from '../../host/home.ts';
import {listHosts} from '../../host/host-registry.ts';
import type {HostRecord} from '../../host/host.ts';
import {CoppiceError, exitCodes} from '../../system/errors.ts';
import {
	checkedToJson,
	renderAdded,
	renderChecked,
	renderHosts,
	renderRemoved,
} from '../render/hosts.ts';
import type {Context, Verb} from '../verb.ts';

type Options = {
	readonly pool?: string;
	readonly driver?: AddPoolHostOptions['driver'];
	readonly dataset?: string;
	readonly production?: boolean;
	readonly engine?: string;
	readonly sudo?: boolean;
	readonly purge?: boolean;
};

type Action = 'add' | 'ls' | 'check' | 'rm';

type HostResult =
	| {readonly did: 'add'; readonly added: AddedHost}
	| {readonly did: 'ls'; readonly hosts: readonly HostRecord[]}
	| {readonly did: 'check'; readonly checked: readonly CheckedHost[]}
	| {readonly did: 'rm'; readonly removed: RemovedHost};

const optionsOf: Readonly<Record<Action, ReadonlyArray<keyof Options>>> = {
	add: ['pool', 'driver', 'dataset', 'production', 'engine', 'sudo'],
	ls: [],
	check: [],
	rm: ['purge'],
};

const usageError = (message: string, hint: string): CoppiceError => new CoppiceError('usage', message, {hint});

const checkUsage = (action: Action, words: readonly string[], options: Options): void => {
	const most = {
		add: 2, ls: 0, check: 1, rm: 1,
	}[action];
	if (words.length > most) {
		throw usageError(`\`host ${action}\` has no place for ${JSON.stringify(words[most])}.`, 'See `coppice host --help`.');
	}

	if (words.length === 0 && (action === 'add' || action === 'rm')) {
		throw usageError('Which host?', action === 'add' ? 'Run it as `coppice host add NAME USER@HOST`.' : 'Run it as `coppice host rm NAME`.');
	}

	const own: readonly string[] = optionsOf[action];
	const foreign = Object.values(optionsOf).flat().find(key => Object.hasOwn(options, key) && !own.includes(key));
	if (foreign !== undefined) {
		throw usageError(`\`host ${action}\` has no option \`--${foreign}\`.`, 'See `coppice host --help`.');
	}
};

const add = async (context: Context, [name = '', address]: readonly string[], options: Options): Promise<AddedHost> => {
	const {report, signal, isInteractive: interactive} = context;
	const {
		pool, driver, dataset, production, engine, sudo,
	} = options;
	if ((pool === undefined) === (address === undefined)) {
		throw usageError(
			pool === undefined ? `Where is ${name}?` : 'A host is a machine or a pool of this one, not both.',
			'Give an address (`coppice host add NAME USER@HOST`) or a folder (`coppice host add NAME --pool FOLDER`).',
		);
	}

	if (pool !== undefined) {
		if (engine !== undefined || sudo !== undefined) {
			throw usageError('The engine of a pool of this machine is this one.', 'Leave out `--engine` and `--sudo`.');
		}

		return addPoolHost({
			name, pool, driver, dataset, production, report, signal,
		});
	}

	if (driver !== undefined || dataset !== undefined) {
		throw usageError('`--driver` and `--dataset` are for a pool of this machine.', 'The pool on another machine is made there, by its own first `coppice init` or by the first push.');
	}

	return addSshHost({
		name, address: address ?? '', production, engine, sudo, interactive, report, signal,
	});
};

export const verb: Verb<Options, HostResult> = {
	async run(context, {arguments: words, options}) {
		const [action, ...rest] = words as readonly [Action, ...string[]];
		const {report, signal} = context;
		const [name = ''] = rest;
		checkUsage(action, rest, options);
		switch (action) {
			case 'add': {
				return {did: 'add', added: await add(context, rest, options)};
			}

			case 'ls': {
				return {did: 'ls', hosts: await listHosts(findHome())};
			}

			case 'check': {
				return {did: 'check', checked: await checkHosts({...(rest.length > 0 && {name}), report, signal})};
			}

			case 'rm': {
				return {did: 'rm', removed: await removeHost({name, purge: options.purge, signal})};
			}
		}
	},
	render(result, view) {
		switch (result.did) {
			case 'add': {
				return renderAdded(result.added);
			}

			case 'ls': {
				return renderHosts(result.hosts, view);
			}

			case 'check': {
				return renderChecked(result.checked, view);
			}

			case 'rm': {
				return renderRemoved(result.removed);
			}
		}
	},
	toJson(result) {
		switch (result.did) {
			case 'add': {
				return {...result.added.record, did: result.added.did};
			}

			case 'ls': {
				return result.hosts;
			}

			case 'check': {
				return result.checked.map(checked => checkedToJson(checked));
			}

			case 'rm': {
				return {...result.removed.record, purged: result.removed.purged};
			}
		}
	},
	notices: result => result.did === 'add' ? result.added.notices : [],
	exitCode: result => result.did === 'check' && result.checked.some(({failure}) => failure !== undefined) ? exitCodes.host : 0,
};
