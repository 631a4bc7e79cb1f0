/**
The files of a project that was cloned: its compose file, and `.env` with the variables that it needs. Pure, but for writing them.
*/
import {chmod, mkdir, open} from 'node:fs/promises';
import path from 'node:path';
import {syncFolder} from '../../system/durable-file.ts';
import {CoppiceError} from '../../system/errors.ts';

/** A value as compose's files of variables take it: literally. */
export const quoteValue = (value: string): string => {
	if (/^[\w%+,\-.\/:=@]*$/v.test(value)) {
		return value;
	}

	return value.includes('\'')
		? `"${value.replaceAll(/["$\\]/gv, String.raw`\$&`).replaceAll('\n', String.raw`\n`).replaceAll('\r', String.raw`\r`)}"`
		: `'${value}'`;
};

const isVariableName = (name: string): boolean => /^[A-Z_a-z]\w*$/v.test(name);

/**
`.env`, and the variables whose values the other side did not give.

@throws CoppiceError `failed` for a name that is none.
*/
export const makeVariablesFile = (
	variables: Readonly<Record<string, string | null>>,
	host: string,
): {readonly text: string; readonly missing: readonly string[]} => {
	const names = Object.keys(variables).toSorted();
	const wrong = names.find(name => !isVariableName(name));
	if (wrong !== undefined) {
		throw new CoppiceError('failed', `${host} names a variable ${JSON.stringify(wrong.slice(0, 80))}, which can be none.`, {host, hint: 'Nothing was made of it.'});
	}

	const missing = names.filter(name => variables[name] === null);
	const given = names.filter(name => variables[name] !== null);
	const lines = [
		...missing.length === 0 ? [] : [`# Not given by ${host}: write values here.`, ...missing.map(name => `${name}=`), ''],
		...given.map(name => `${name}=${quoteValue(variables[name]!)}`),
	];
	return {text: lines.length === 0 ? '' : `${lines.join('\n')}\n`, missing};
};

const writeLasting = async (file: string, text: string, mode: number): Promise<void> => {
	const handle = await open(file, 'wx', mode);
	try {
		await handle.writeFile(text);
		await handle.sync();
	} finally {
		await handle.close();
	}
};

/**
Writes the files into a folder that is made for them.
*/
export const writeProjectFiles = async (folder: string, {compose, variables}: {readonly compose: string; readonly variables: string}): Promise<void> => {
	await mkdir(folder);
	await chmod(folder, 0o755);
	await writeLasting(path.join(folder, 'compose.yaml'), compose, 0o644);
	if (variables !== '') {
		// Passwords.
		await writeLasting(path.join(folder, '.env'), variables, 0o600);
	}

	await syncFolder(folder);
};
