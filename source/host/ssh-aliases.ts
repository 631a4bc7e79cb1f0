/**
The names that the user's own configuration of ssh has for machines (ssh_config(5)): what can be given as an address.
*/
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {readIfThere} from '../system/durable-file.ts';
import {isAddress} from './ssh-address.ts';

/**
The names after `Host`, without patterns, each once, in their order. Pure.
*/
export const readAliases = (config: string): readonly string[] => {
	const names = config.split('\n').flatMap(line => {
		const match = /^\s*host(?:\s+|\s*=\s*)(?<names>\S.*)$/iv.exec(line);
		return (match?.groups!.names ?? '').split(/\s+/v).map(name => name.replaceAll('"', ''));
	});
	return [...new Set(names.filter(name => name !== '' && !/[!*?]/v.test(name) && isAddress(name)))];
};

/** None where there is no configuration, or it can't be read. What it includes is not looked at. */
export const listAliases = async (environment: NodeJS.ProcessEnv = process.env): Promise<readonly string[]> => {
	const {COPPICE_SSH_CONFIG: config} = environment;
	const file = config === undefined || config === '' ? path.join(environment.HOME ?? os.homedir(), '.ssh', 'config') : config;
	try {
		return readAliases(await readIfThere(file) ?? '');
	} catch {
		return [];
	}
};
