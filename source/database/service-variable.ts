/**
Variables of a service by the rules of the official images: `NAME`, or a file named by `NAME_FILE`.
*/
import {readFileSync} from 'node:fs';
import {hostFile} from '../stack/host-path.ts';
import type {Service} from '../stack/stack.ts';

/**
The text of a file inside a service, where it comes from the host and may be read; without its last newlines, as a shell reads it.
*/
export const readServiceFile = (service: Service, file: string): string | undefined => {
	const found = hostFile(service, file);
	if (found === undefined) {
		return undefined;
	}

	if ('content' in found) {
		return found.content;
	}

	try {
		const text = readFileSync(found.path, 'utf8');
		let end = text.length;
		while (text[end - 1] === '\n') {
			end--;
		}

		return text.slice(0, end);
	} catch {
		// What can't be read is not known; connecting then says what is missing.
		return undefined;
	}
};

/**
The first of several variables that is set and not empty.
*/
export const readVariable = (service: Service, ...names: readonly string[]): string | undefined => {
	for (const name of names) {
		const value = service.environment[name];
		if (value !== undefined && value !== '') {
			return value;
		}

		const file = service.environment[`${name}_FILE`];
		const content = file === undefined || file === '' ? undefined : readServiceFile(service, file);
		if (content !== undefined && content !== '') {
			return content;
		}
	}

	return undefined;
};
