/**
Opens the history of a stack: puts its stores together. Opening reads nothing, so that `coppice status` pays only for what it asks.
*/
import {mkdir, readdir} from 'node:fs/promises';
import path from 'node:path';
import {syncFolder} from '../system/durable-file.ts';
import {isSystemError} from '../system/errors.ts';
import {openCommitStore} from './commit-store.ts';
import {access, removeFile} from './file-access.ts';
import type {History} from './history.ts';
import {explainElsewhere} from './explain-elsewhere.ts';
import {openJournalStore} from './journal-store.ts';
import {openMeasureStore} from './measure-store.ts';
import {openOperationStore} from './operation-store.ts';
import {openPinStore} from './pin-store.ts';
import {openRefStore} from './ref-store.ts';
import {openUpstreamStore} from './upstream-store.ts';

const folders = ['commits', 'elsewhere', 'removed', 'measures', 'refs', 'refs/heads', 'refs/tags', 'refs/remotes', 'reflog', 'reflog/heads', 'pins', 'journal'];

/**
Give `historyFolder(pool, stack)`; it need not be there yet: `create` makes it. `now` is the clock of the reflogs.
*/
export const openHistory = (folder: string, options: {readonly now?: () => Date} = {}): History => {
	const refs = openRefStore(folder, options.now ?? (() => new Date()));
	const commits = openCommitStore(folder);
	const history: History = {
		folder,

		async create(branch) {
			await access(folder, 'written', async () => {
				for (const name of folders) {
					await mkdir(path.join(folder, name), {recursive: true});
				}

				for (const made of [path.dirname(folder), folder, ...folders.map(name => path.join(folder, name))]) {
					await syncFolder(made);
				}
			});
			const branches = await refs.branches();
			if (branches.size === 0) {
				await refs.setBranch(branch, null, 'init');
			}

			try {
				await refs.currentBranch();
			} catch (error) {
				// Only where there is none: one that was altered says so.
				const names = await readdir(folder);
				if (names.includes('HEAD')) {
					throw error;
				}

				await refs.setCurrentBranch(branch);
			}
		},

		async clean() {
			let names: string[];
			try {
				names = await readdir(folder, {recursive: true});
			} catch (error) {
				if (isSystemError(error, 'ENOENT')) {
					return;
				}

				throw error;
			}

			for (const name of names) {
				if (/^\..+\.tmp$/v.test(path.basename(name))) {
					await removeFile(path.join(folder, name));
				}
			}
		},

		...commits,

		async readCommit(id) {
			try {
				return await commits.readCommit(id);
			} catch (error) {
				throw await explainElsewhere(error, id, history);
			}
		},

		...openMeasureStore(folder),
		...refs,
		...openUpstreamStore(folder),
		...openPinStore(folder),
		...openOperationStore(folder),
		...openJournalStore(folder),
	};
	return history;
};
