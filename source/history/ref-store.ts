/**
Refs: names for commits, one small file each, and which branch is current.

```
HEAD                                the name of the current branch
refs/heads/<component>              id of the tip, or `none`
refs/tags/<component>               id
refs/remotes/<host>/<component>     id
reflog/heads/<component>            where the branch pointed when
reflog/HEAD                         which branch was current when
```
A component is one path component for a whole name (`feature/x` is `feature:x`), so `feature` and `feature/x` can both be there.
The reflog of a removed branch stays, and goes on when a branch of that name is made again.
*/
import path from 'node:path';
import {stat} from 'node:fs/promises';
import {listIfThere} from '../system/durable-file.ts';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import {failpoint} from '../system/failpoint.ts';
import {
	checkName,
	componentToName,
	isName,
	nameToComponent,
	type NameKind,
} from '../system/names.ts';
import {isCommitId} from './commit.ts';
import {
	access,
	moveFile,
	readText,
	removeFile,
	writeText,
} from './file-access.ts';
import type {ReflogEntry} from './history.ts';
import {readLastMove, readReflog, recordMove} from './reflog.ts';

export type RefStore = {
	currentBranch(): Promise<string>;
	setCurrentBranch(branch: string): Promise<void>;
	branches(): Promise<ReadonlyMap<string, string | null>>;
	setBranch(branch: string, commit: string | null, reason: string): Promise<void>;
	removeBranch(branch: string, reason: string): Promise<void>;
	renameBranch(from: string, to: string): Promise<void>;
	tags(): Promise<ReadonlyMap<string, string>>;
	setTag(tag: string, commit: string): Promise<void>;
	removeTag(tag: string): Promise<void>;
	remoteBranches(): Promise<ReadonlyMap<string, string>>;
	setRemoteBranch(host: string, branch: string, commit: string): Promise<void>;
	removeRemoteBranch(host: string, branch: string): Promise<void>;
	reflog(branch: string): Promise<readonly ReflogEntry[]>;
	headlog(): Promise<readonly ReflogEntry[]>;
};

const withoutCommit = 'none';

const checkCommit = (id: string): string => {
	if (!isCommitId(id)) {
		throw new CoppiceError('usage', `${JSON.stringify(id)} is not the id of a commit.`, {hint: 'An id is 64 hexadecimal digits; `coppice log` shows them.'});
	}

	return id;
};

/** Waits for all, so that nothing is still being written when a failure is reported. */
const allDone = async (writes: ReadonlyArray<Promise<void>>): Promise<void> => {
	await Promise.allSettled(writes);
	await Promise.all(writes);
};

const isThere = async (file: string): Promise<boolean> => {
	try {
		await stat(file);
		return true;
	} catch (error) {
		if (isSystemError(error, 'ENOENT')) {
			return false;
		}

		throw error;
	}
};

/**
@param folder - The folder of the history.
@param now - The clock of the reflogs.
*/
export const openRefStore = (folder: string, now: () => Date): RefStore => {
	const headFile = path.join(folder, 'HEAD');
	const headlogFile = path.join(folder, 'reflog/HEAD');
	const logsFolder = path.join(folder, 'reflog/heads');
	const headsFolder = path.join(folder, 'refs/heads');
	const tagsFolder = path.join(folder, 'refs/tags');
	const remotesFolder = path.join(folder, 'refs/remotes');
	const fileIn = (refs: string, kind: NameKind, name: string) => path.join(refs, nameToComponent(checkName(kind, name)));
	const branchFile = (branch: string) => fileIn(headsFolder, 'branch', branch);
	const logFile = (branch: string) => fileIn(logsFolder, 'branch', branch);
	const remoteFile = (host: string, branch: string) => fileIn(path.join(remotesFolder, checkName('host', host)), 'branch', branch);

	const damaged = async (file: string, text: string, logOfBranch?: string): Promise<CoppiceError> => {
		const last = logOfBranch === undefined ? undefined : await readLastMove(logOfBranch);
		const hint = last === undefined
			? 'Write the id of the right commit into that file (`ls` the folder `commits` beside `refs`), or remove the file to give the name up.'
			: `Its reflog says that it should hold ${last.to ?? withoutCommit}: write that into the file.`;
		return new CoppiceError('failed', `The file ${file} was cut or altered: it holds ${text === '' ? 'nothing' : JSON.stringify(text.slice(0, 80))} in place of the id of a commit. All commits are untouched.`, {file, hint});
	};

	/** The id in a ref file; `none` for a branch without a commit; `undefined` where there is no file. */
	const readRef = async (file: string, branchLog?: string): Promise<string | undefined> => {
		const text = await readText(file);
		if (text === undefined) {
			return undefined;
		}

		const value = text.endsWith('\n') ? text.slice(0, -1) : text;
		if (isCommitId(value) || (branchLog !== undefined && value === withoutCommit)) {
			return value;
		}

		throw await damaged(file, text, branchLog);
	};

	const readRefs = async (refs: string, kind: 'branch' | 'tag', prefix = ''): Promise<Array<[string, string]>> => {
		const components = await access(refs, 'read', async () => listIfThere(refs));
		// A file whose name no ref can have is not ours: an editor's backup, say.
		const names = components.map(component => componentToName(component)).filter(name => isName(kind, name));
		const values = await Promise.all(names.map(async name => readRef(fileIn(refs, kind, name), refs === headsFolder ? logFile(name) : undefined)));
		return names.flatMap((name, index): Array<[string, string]> => {
			const value = values[index];
			return value === undefined ? [] : [[`${prefix}${name}`, value]];
		});
	};

	const branchTip = async (branch: string): Promise<string | null> => {
		const value = await readRef(branchFile(branch), logFile(branch));
		return value === undefined || value === withoutCommit ? null : value;
	};

	const stamp = (from: string | null, to: string | null, reason: string): ReflogEntry => ({
		time: now().toISOString(), from, to, reason,
	});

	const currentBranch = async (): Promise<string> => {
		const text = await readText(headFile);
		if (text === undefined) {
			throw new CoppiceError('failed', `The file ${headFile} is missing, so it is not known which branch is current.`, {
				file: headFile, hint: `Write the name of the branch and a line end into that file; the last line of ${headlogFile} says which it was.`,
			});
		}

		const name = text.trimEnd();
		// The line end tells a whole name from one that was cut.
		if (!text.endsWith('\n') || !isName('branch', name)) {
			throw new CoppiceError('failed', `The file ${headFile} was cut or altered: it holds ${JSON.stringify(text.slice(0, 80))} in place of the name of the current branch.`, {
				file: headFile, hint: `Write the name of the branch and a line end into that file; the last line of ${headlogFile} says which it was.`,
			});
		}

		return name;
	};

	const setCurrentBranch = async (branch: string): Promise<void> => {
		checkName('branch', branch);
		const text = await readText(headFile);
		const name = text?.trimEnd() ?? '';
		const from = isName('branch', name) ? name : null;
		// In any order: a crash in between leaves one of the two, and doing it again adds the other.
		await allDone([
			text === `${branch}\n` ? Promise.resolve() : writeText(headFile, `${branch}\n`),
			recordMove(headlogFile, stamp(from, branch, text === undefined ? 'init' : 'switch')),
		]);
	};

	return {
		currentBranch,
		setCurrentBranch,

		async branches() {
			const entries = await readRefs(headsFolder, 'branch');
			return new Map(entries.map(([name, value]) => [name, value === withoutCommit ? null : value]));
		},

		async setBranch(branch, commit, reason) {
			const file = branchFile(branch);
			const value = commit === null ? withoutCommit : checkCommit(commit);
			const text = await readText(file);
			const from = await branchTip(branch);
			const move = stamp(from, commit, reason);
			const write = text === `${value}\n` ? Promise.resolve() : writeText(file, `${value}\n`);
			// At once, since this is on the critical path of a reset; doing it again after a crash in between adds what is missing.
			await allDone([write, recordMove(logFile(branch), move)]);
		},

		async removeBranch(branch, reason) {
			const file = branchFile(branch);
			if (await readText(file) === undefined) {
				return;
			}

			await recordMove(logFile(branch), stamp(await branchTip(branch), null, reason));
			failpoint('history.remove-branch.recorded');
			await removeFile(file);
		},

		async renameBranch(from, to) {
			const [fromFile, toFile, fromLog, toLog] = [branchFile(from), branchFile(to), logFile(from), logFile(to)];
			const [fromThere, toThere] = await Promise.all([isThere(fromFile), isThere(toFile)]);
			if (fromThere && toThere) {
				throw new CoppiceError('conflict', `There is a branch ${to} already.`, {hint: `Choose another name, or delete it first with \`coppice branch -d ${to}\`.`});
			}

			if (!fromThere && !toThere) {
				throw new CoppiceError('not-found', `There is no branch ${from}.`, {hint: '`coppice branch` lists them.'});
			}

			if (fromThere) {
				if (await isThere(fromLog)) {
					if (await isThere(toLog)) {
						// Of a branch of that name that was removed earlier. No branch name holds a tilde.
						let number = 1;
						while (await isThere(`${toLog}~${number}`)) {
							number++;
						}

						await moveFile(toLog, `${toLog}~${number}`);
						failpoint('history.rename-branch.old-log-aside');
					}

					await moveFile(fromLog, toLog);
					failpoint('history.rename-branch.log-moved');
				}

				await moveFile(fromFile, toFile);
				failpoint('history.rename-branch.ref-moved');
			}

			const tip = await branchTip(to);
			await recordMove(toLog, stamp(tip, tip, `branch: renamed from ${from}`));
			if (await currentBranch() === from) {
				await setCurrentBranch(to);
			}
		},

		async tags() {
			return new Map(await readRefs(tagsFolder, 'tag'));
		},

		async setTag(tag, commit) {
			await writeText(fileIn(tagsFolder, 'tag', tag), `${checkCommit(commit)}\n`);
		},

		async removeTag(tag) {
			await removeFile(fileIn(tagsFolder, 'tag', tag));
		},

		async remoteBranches() {
			const hosts = await access(remotesFolder, 'read', async () => listIfThere(remotesFolder));
			const ours = hosts.filter(host => isName('host', host));
			const entries = await Promise.all(ours.map(async host => readRefs(path.join(remotesFolder, host), 'branch', `${host}/`)));
			return new Map(entries.flat());
		},

		async setRemoteBranch(host, branch, commit) {
			await writeText(remoteFile(host, branch), `${checkCommit(commit)}\n`);
		},

		async removeRemoteBranch(host, branch) {
			await removeFile(remoteFile(host, branch));
		},

		reflog: async branch => readReflog(logFile(branch)),
		headlog: async () => readReflog(headlogFile),
	};
};
