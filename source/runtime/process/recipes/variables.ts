/**
Variables as the official images read them: `NAME`, or `NAME_FILE` with a file that holds the value.
*/
import {readFileSync} from 'node:fs';
import {CoppiceError} from '../../../system/errors.ts';
import type {Service} from '../../../stack/stack.ts';
import {toHostPath, type HostMount} from '../mounts.ts';

/**
The value of the first of these variables that is set and not empty.

@throws CoppiceError `precondition` when the file that one names can't be read.
*/
export const readVariable = (service: Service, mounts: readonly HostMount[], ...names: string[]): string | undefined => {
	for (const name of names) {
		const value = service.environment[name];
		if (value !== undefined && value !== '') {
			return value;
		}

		const inside = service.environment[`${name}_FILE`];
		if (inside === undefined || inside === '') {
			continue;
		}

		const file = toHostPath(mounts, inside) ?? inside;
		try {
			return readFileSync(file, 'utf8').replace(/\r?\n$/v, '');
		} catch (error) {
			throw new CoppiceError('precondition', `${name}_FILE of the service ${service.name} names ${inside}, which can't be read on this host.`, {
				service: service.name, file, cause: error, hint: `Mount the file under that path in \`volumes:\`, or set ${name}.`,
			});
		}
	}

	return undefined;
};
