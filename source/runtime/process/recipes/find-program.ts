/**
Finds programs on this host.
*/
import {accessSync, constants} from 'node:fs';
import path from 'node:path';
import {searchPath} from './base-environment.ts';

/**
The path of the first of these programs that is found, or `undefined`. Links are not followed: some programs go by the name they are called.
*/
export const findProgram = (names: readonly string[], folders: readonly string[] = searchPath().split(':')): string | undefined => {
	for (const name of names) {
		for (const candidate of name.includes('/') ? [name] : folders.map(folder => path.join(folder, name))) {
			try {
				accessSync(candidate, constants.X_OK);
				return candidate;
			} catch {
				// Not there, or not for us.
			}
		}
	}

	return undefined;
};
