/**
Fills an empty data folder so that a kill or a power cut at any moment never leaves something half-made that is later taken for a
database.

The data are made in `<data>/.coppice-init/data`. When they are whole and on disk that folder is renamed to `.coppice-ready`, and
what is in it is moved up, with the entry by which a database is recognised last. A start that finds `.coppice-ready` goes on
moving; one that finds `.coppice-init` throws that away and begins anew. Nothing else is ever removed.
*/
import {
	chown,
	mkdir,
	readdir,
	readFile,
	readlink,
	rename,
	rm,
	rmdir,
	stat,
} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {CoppiceError} from '../../../system/errors.ts';
import {syncFolder} from '../../../system/durable-file.ts';
import {failpoint} from '../../../system/failpoint.ts';
import {isRoot, runCommand} from '../../../system/run-command.ts';
import {listProcesses} from '../../../system/process-table.ts';
import {sendSignal} from '../service-processes.ts';
import type {ServiceUser} from '../service-user.ts';

const unfinished = '.coppice-init';
const whole = '.coppice-ready';

/** What may lie in a folder that counts as empty: what a file system makes by itself. */
const ignored = new Set(['lost+found']);

export type StagedInit = {
	readonly service: string;
	readonly dataFolder: string;
	readonly user: ServiceUser;

	/** The entry of the data folder by which a database is recognised. */
	readonly landmark: string;

	/**
	Makes the data in an empty folder.

	@param folder - Where the data go.
	@param scratch - A folder for what else is needed; it is removed afterwards.
	*/
	readonly fill: (folder: string, scratch: string) => Promise<void>;
};

/**
Ends programs that an earlier, killed attempt has left running on its unfinished folder.
*/
const endLeftovers = async (folder: string): Promise<void> => {
	const usesFolder = async (processId: number): Promise<boolean> => {
		try {
			const [cwd, command] = await Promise.all([readlink(`/proc/${processId}/cwd`), readFile(`/proc/${processId}/cmdline`, 'utf8')]);
			return cwd.startsWith(folder) || command.split('\0').some(word => word.includes(`${folder}/`));
		} catch {
			return false;
		}
	};

	for (let round = 0; round < 200; round++) {
		const others = listProcesses().map(({processId}) => processId).filter(processId => processId !== process.pid);
		const uses = await Promise.all(others.map(async processId => usesFolder(processId)));
		const left = others.filter((_, index) => uses[index]);
		if (left.length === 0) {
			return;
		}

		for (const processId of left) {
			sendSignal(processId, 'SIGKILL');
		}

		await delay(5);
	}
};

const moveUp = async (dataFolder: string, landmark: string): Promise<void> => {
	const from = path.join(dataFolder, whole, 'data');
	const names = await readdir(from).catch(() => []);
	for (const name of [...names.filter(name => name !== landmark), ...names.filter(name => name === landmark)]) {
		if (name === landmark) {
			// All else is in place for good before the database can be recognised.
			await syncFolder(dataFolder);
			failpoint('initialise:landmark');
		}

		await rename(path.join(from, name), path.join(dataFolder, name));
	}

	await syncFolder(dataFolder);
	await rmdir(from).catch(() => undefined);
	await rm(path.join(dataFolder, whole), {recursive: true, force: true});
};

/**
Makes the database of a data folder if there is none, and finishes what an earlier attempt has begun.

@returns Whether it was made now.
@throws CoppiceError `precondition` when the folder holds something that is no database: it is left as it is.
*/
export const initialiseOnce = async ({service, dataFolder, user, landmark, fill}: StagedInit): Promise<boolean> => {
	const entries = await readdir(dataFolder);
	const names = entries.filter(name => !ignored.has(name));
	if (names.includes(whole)) {
		await moveUp(dataFolder, landmark);
		return true;
	}

	const stage = path.join(dataFolder, unfinished);
	if (names.includes(unfinished)) {
		await endLeftovers(stage);
		await rm(stage, {recursive: true, force: true});
	}

	const rest = names.filter(name => name !== unfinished);
	if (rest.includes(landmark)) {
		return false;
	}

	if (rest.length > 0) {
		throw new CoppiceError('precondition', `The data folder of ${service} is not empty (${rest.slice(0, 3).join(', ')}…) and holds no database, so none was made in it.`, {
			service, file: dataFolder, hint: 'Empty it, or mount the folder that holds the database.',
		});
	}

	const folder = path.join(stage, 'data');
	const scratch = path.join(stage, 'scratch');
	for (const each of [stage, folder, scratch]) {
		await mkdir(each, {mode: 0o700});
		if (isRoot()) {
			await chown(each, user.uid, user.gid);
		}
	}

	try {
		failpoint('initialise:fill');
		await fill(folder, scratch);
		failpoint('initialise:filled');
		await rm(scratch, {recursive: true, force: true});
		await stat(path.join(folder, landmark));
		// All of it reaches the disk at once, rather than file by file.
		await runCommand(['sync', '-f', folder]);
		await rename(stage, path.join(dataFolder, whole));
	} catch (error) {
		await endLeftovers(stage);
		await rm(stage, {recursive: true, force: true});
		throw error;
	}

	await syncFolder(dataFolder);
	failpoint('initialise:whole');
	await moveUp(dataFolder, landmark);
	return true;
};
