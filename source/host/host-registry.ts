/**
The hosts that `host add` has noted: `hosts.json` in the home's config folder, written whole or not at all.
*/
import path from 'node:path';
import {z} from 'zod';
import {withLock} from '../history/lock.ts';
import {readIfThere, writeDurably} from '../system/durable-file.ts';
import {CoppiceError} from '../system/errors.ts';
import {checkName, isName} from '../system/names.ts';
import type {Home} from './home.ts';
import type {HostRecord} from './host.ts';
import {isAddress} from './ssh-address.ts';

/** What this machine is called where a host is asked for. */
export const localName = 'local';

const name = z.string().refine(text => isName('host', text) && text !== localName, {message: 'is not the name of a host'});
const common = {
	name,
	engine: z.string().min(1).optional(),
	sudo: z.boolean().optional(),
	production: z.boolean().optional(),
	installed: z.boolean().optional(),
};

const hostRecord = z.discriminatedUnion('kind', [
	z.object({
		...common, kind: z.literal('ssh'), address: z.string().refine(text => isAddress(text), {message: 'is no address for ssh'}), port: z.int().min(1).max(65_535).optional(),
	}),
	z.object({...common, kind: z.literal('pool'), address: z.string().refine(text => path.isAbsolute(text), {message: 'is no absolute path'})}),
]);

const hostsFile = z.object({version: z.literal(1), hosts: z.array(hostRecord)});

const fileOf = (home: Home): string => path.join(home.config, 'hosts.json');

/**
The name, if a host can be called that.

@throws CoppiceError `usage`.
*/
export const checkHostName = (text: string): string => {
	if (text === localName) {
		throw new CoppiceError('usage', `\`${localName}\` is this machine itself.`, {hint: 'Choose another name for the host.'});
	}

	return checkName('host', text);
};

/**
All hosts, by their names in order. None where nothing was added.

@throws CoppiceError `failed` where the file is damaged: a host that can't be read is not taken for one that is not there.
*/
export const listHosts = async (home: Home): Promise<HostRecord[]> => {
	const file = fileOf(home);
	const text = await readIfThere(file);
	if (text === undefined) {
		return [];
	}

	let problem: string;
	try {
		const read = hostsFile.safeParse(JSON.parse(text));
		if (read.success) {
			return read.data.hosts.toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
		}

		problem = z.prettifyError(read.error).split('\n').map(line => line.trim()).join(' ');
	} catch (error) {
		problem = error instanceof Error ? error.message : String(error);
	}

	throw new CoppiceError('failed', `The list of hosts in ${file} can't be read: ${problem}`, {
		file, hint: 'Correct the file, or remove it and add the hosts again with `coppice host add`: nothing on them depends on it.',
	});
};

/**
@throws CoppiceError `not-found` where there is no such host, naming those there are; `usage` for `local`, which is no host that has to be reached.
*/
export const readHost = async (home: Home, host: string): Promise<HostRecord> => {
	checkHostName(host);
	const hosts = await listHosts(home);
	const found = hosts.find(record => record.name === host);
	if (found === undefined) {
		throw new CoppiceError('not-found', `There is no host ${host}.`, {
			hint: hosts.length === 0
				? `Add it: \`coppice host add ${host} USER@ADDRESS\`.`
				: `There is ${hosts.map(record => record.name).join(', ')}. \`coppice host add ${host} USER@ADDRESS\` adds it.`,
		});
	}

	return found;
};

const change = async (home: Home, edit: (hosts: readonly HostRecord[]) => readonly HostRecord[]): Promise<void> => {
	const file = fileOf(home);
	await withLock({name: file, verb: 'host'}, async () => {
		const hosts = edit(await listHosts(home));
		await writeDurably(file, `${JSON.stringify(hostsFile.parse({version: 1, hosts}), undefined, '\t')}\n`);
	});
};

/**
Notes a host, in place of one of the same name.
*/
export const writeHost = async (home: Home, record: HostRecord): Promise<void> => {
	checkHostName(record.name);
	await change(home, hosts => [...hosts.filter(({name: known}) => known !== record.name), record]);
};

/**
Forgets a host; one that is not there is no error.
*/
export const removeHost = async (home: Home, host: string): Promise<void> => {
	await change(home, hosts => hosts.filter(record => record.name !== host));
};
