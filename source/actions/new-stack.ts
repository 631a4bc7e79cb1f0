/**
`coppice new`: a new project from a template, in a folder of its own, whole or not at all.

It is made beside its place under a name of its own and renamed when it is whole and on disk. What a killed run has left is removed
by the next one of the same name.
*/
import {
	chmod,
	copyFile,
	lstat,
	mkdir,
	open,
	readdir,
	readFile,
	rm,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import {renameDurably, syncFolder} from '../system/durable-file.ts';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {failpoint} from '../system/failpoint.ts';
import {freePortFrom} from '../system/free-port.ts';
import {isMarkAlive, processMark} from '../system/process-table.ts';
import {suggestion} from '../stack/closest-name.ts';
import {fillVariables} from './templates/fill-variables.ts';
import {
	defaultTemplate,
	templateNames,
	templates,
	type Template,
} from './templates/templates.ts';

export type NewStackOptions = {
	/** The folder to make; its last part is the project's name. */
	readonly name: string;

	/** What `name` is relative to; absolute. */
	readonly directory: string;

	/** `postgres` unless told. */
	readonly template?: string;
};

export type NewStackResult = {
	readonly name: string;

	/** Absolute. */
	readonly folder: string;
	readonly template: string;

	/** Relative to the folder, in order. */
	readonly files: readonly string[];

	/** The ports in `.env`, by variable. */
	readonly ports: Readonly<Record<string, number>>;

	/** Command lines to go on with, from where the command was run. */
	readonly next: readonly string[];
	readonly note?: string;
};

/** Under which name a file of a template is written, where that differs: npm leaves `.gitignore` files out of packages. */
const writtenNames: Readonly<Record<string, string>> = {gitignore: '.gitignore'};

/** What compose takes for a project's name (compose-spec, `name`). */
const projectName = /^[\da-z][\d\-_a-z]{0,62}$/v;

const variablesExample = '.env.example';
const variablesFile = '.env';

const isFolderOfTemplates = async (folder: string): Promise<boolean> => {
	try {
		await lstat(path.join(folder, defaultTemplate, 'compose.yaml'));
		return true;
	} catch {
		return false;
	}
};

/**
Where the templates are: beside `source/` in a clone, and beside `dist/` once it is built or installed.
*/
const findTemplates = async (): Promise<string> => {
	for (const up of ['..', '../..']) {
		const folder = path.resolve(import.meta.dirname, up, 'templates');
		if (await isFolderOfTemplates(folder)) {
			return folder;
		}
	}

	throw new CoppiceError('precondition', 'The templates of Coppice are not beside the program.', {
		file: path.resolve(import.meta.dirname, '../templates'), hint: 'Install it again with `./install.sh`.',
	});
};

const findTemplate = (name: string): Template => {
	const template = templates.find(each => each.name === name);
	if (template === undefined) {
		throw new CoppiceError('not-found', `There is no template ${JSON.stringify(name)}.${suggestion(name, templateNames)}`, {
			hint: '`coppice new --list` lists the templates.',
		});
	}

	return template;
};

const checkProjectName = (name: string): void => {
	if (!projectName.test(name)) {
		throw new CoppiceError('usage', `${JSON.stringify(name)} can't be the name of a project.`, {
			hint: 'Use lower-case letters, digits, "-" and "_", starting with a letter or digit: compose takes nothing else.',
		});
	}
};

/**
The files of a template by the names they are written under; those of its base first, so that its own win.
*/
const filesOf = async (folder: string, {name, base}: Template): Promise<ReadonlyMap<string, string>> => {
	const files = new Map(base === undefined ? [] : await filesOf(folder, findTemplate(base)));
	const root = path.join(folder, name);
	for (const entry of await readdir(root, {recursive: true, withFileTypes: true})) {
		const file = path.join(entry.parentPath, entry.name);
		const relative = path.relative(root, file);
		// What somebody has installed or set in a clone's own templates is no part of them.
		if (entry.isFile() && entry.name !== variablesFile && !relative.split(path.sep).includes('node_modules')) {
			files.set(path.join(path.dirname(relative), writtenNames[entry.name] ?? entry.name), file);
		}
	}

	return files;
};

const syncFile = async (file: string): Promise<void> => {
	const handle = await open(file, 'r');
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
};

/**
Writes all files into an empty folder.

@returns The ports that were chosen.
*/
const writeFiles = async (folder: string, name: string, files: ReadonlyMap<string, string>): Promise<Readonly<Record<string, number>>> => {
	const folders = new Set<string>();
	for (const [relative, source] of files) {
		const file = path.join(folder, relative);
		const parent = path.dirname(file);
		if (parent !== folder && !folders.has(parent)) {
			await mkdir(parent, {recursive: true});
			folders.add(parent);
		}

		if (path.extname(relative) === '.md') {
			const text = await readFile(source, 'utf8');
			await writeFile(file, text.replaceAll('{{name}}', () => name));
		} else {
			await copyFile(source, file);
		}

		// A database's own user reads the seed data, whatever mask this user has.
		await chmod(file, 0o644);
		await syncFile(file);
	}

	for (const each of folders) {
		await chmod(each, 0o755);
		await syncFolder(each);
	}

	const example = files.get(variablesExample);
	if (example === undefined) {
		return {};
	}

	const {text, ports} = await fillVariables(await readFile(example, 'utf8'), {chooseFreePort: freePortFrom});
	const file = path.join(folder, variablesFile);
	await writeFile(file, text, {mode: 0o600, flag: 'wx'});
	await syncFile(file);
	return ports;
};

const removeLeftovers = async (parent: string, name: string): Promise<void> => {
	for (const entry of await readdir(parent)) {
		const mark = entry.startsWith(`.${name}.new-`) ? entry.slice(name.length + 6) : undefined;
		if (mark !== undefined && (mark === processMark() || !isMarkAlive(mark))) {
			await rm(path.join(parent, entry), {recursive: true, force: true});
		}
	}
};

const takenError = (folder: string, name: string): CoppiceError => new CoppiceError('conflict', `${folder} is there already, so nothing was written.`, {
	file: folder, hint: `Choose another name, or take up the project that is there: \`cd ${name} && coppice init\`.`,
});

const isThere = async (file: string): Promise<boolean> => {
	try {
		await lstat(file);
		return true;
	} catch (error) {
		if (isSystemError(error, 'ENOENT')) {
			return false;
		}

		throw error;
	}
};

/**
Sees that the parent folder is there and the place in it is free.
*/
const checkPlace = async (folder: string, name: string): Promise<void> => {
	const parent = path.dirname(folder);
	try {
		await readdir(parent);
	} catch (error) {
		if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
			throw new CoppiceError('not-found', `There is no folder ${parent} to make ${path.basename(folder)} in.`, {file: parent, hint: `Make it first: \`mkdir -p ${parent}\`.`, cause: error});
		}

		throw new CoppiceError('permission', `The folder ${parent} can't be read by you.`, {file: parent, hint: 'Run it in a folder of your own.', cause: error});
	}

	if (await isThere(folder)) {
		throw takenError(folder, name);
	}
};

/** A word as a shell takes it. */
const quoteWord = (word: string): string => /^[\w\-.\/]+$/v.test(word) ? word : `'${word.replaceAll('\'', String.raw`'\''`)}'`;

/**
Makes a project from a template, with passwords of its own and ports that are free now. Needs no root, and starts nothing.

@throws CoppiceError `usage` for a name that compose would not take, `not-found` for a template or parent folder that is not there, `conflict`
where something has that name already: it is never written over.
*/
export const newStack = async ({name: wished, directory, template: templateName = defaultTemplate}: NewStackOptions): Promise<NewStackResult> => {
	const folder = path.resolve(directory, wished);
	const name = path.basename(folder);
	checkProjectName(name);
	const template = findTemplate(templateName);
	const files = await filesOf(await findTemplates(), template);
	await checkPlace(folder, wished);
	const parent = path.dirname(folder);
	await removeLeftovers(parent, name);
	const stage = path.join(parent, `.${name}.new-${processMark()}`);
	let ports: Readonly<Record<string, number>>;
	try {
		await mkdir(stage);
		ports = await writeFiles(stage, name, files);
		await syncFolder(stage);
		failpoint('new:whole');
		await renameDurably(stage, folder);
	} catch (error) {
		await rm(stage, {recursive: true, force: true});
		if (isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) {
			throw new CoppiceError('permission', `Nothing can be made by you in the folder ${parent}.`, {file: parent, hint: 'Run it in a folder of your own.', cause: error});
		}

		// Somebody else has made it meanwhile: rename(2) replaces nothing but an empty folder.
		throw isSystemError(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR') ? takenError(folder, wished) : error;
	}

	failpoint('new:made');
	return {
		name,
		folder,
		template: template.name,
		files: [...files.keys(), ...files.has(variablesExample) ? [variablesFile] : []].toSorted(),
		ports,
		next: [`cd ${quoteWord(wished)}`, 'coppice init', 'coppice up'],
		...(template.note !== undefined && {note: template.note}),
	};
};
