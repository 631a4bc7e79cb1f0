/**
What the tests of the history share: a folder of their own, and commits.
*/
import {randomUUID} from 'node:crypto';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import fc from 'fast-check';
import type {Commit} from '../../source/history/commit.ts';
import type {History} from '../../source/history/history.ts';
import {openHistory} from '../../source/history/open-history.ts';
import {CoppiceError} from '../../source/system/errors.ts';

export const makeFolder = async (t: ExecutionContext): Promise<string> => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-history-'));
	t.teardown(async () => rm(folder, {recursive: true, force: true}));
	return folder;
};

/** A history with the branch `main`, in a folder that is gone after the test. */
export const makeHistory = async (t: ExecutionContext, now?: () => Date): Promise<History> => {
	const history = openHistory(path.join(await makeFolder(t), 'history'), now && {now});
	await history.create('main');
	return history;
};

export const makeCommit = (overrides: Partial<Commit> = {}): Commit => ({
	version: 1,
	stack: 'shop',
	parents: [],
	time: '2026-11-20T14:00:00.000Z',
	message: 'a message',
	kind: 'commit',
	branch: 'main',
	consistency: 'quiesced',
	stillMilliseconds: 12.5,
	volumes: {data: randomUUID()},
	definition: {
		services: {
			db: {
				image: 'postgres:15', environmentNames: ['POSTGRES_PASSWORD'], ports: ['127.0.0.1:5432:5432'], mounts: ['data:/var/lib/postgresql/data'], dependsOn: [],
			},
		},
		volumes: ['data'],
	},
	...overrides,
});

/** An id that is not of any commit, told apart by a digit. */
export const fakeId = (digit: string): string => digit.repeat(64);

/**
Commits named by their number, each with parents of a lower number: any history that there can be, oldest first.
*/
export const historyShape = (maxLength = 14): fc.Arbitrary<ReadonlyArray<{readonly id: string; readonly parents: readonly string[]}>> =>
	fc.array(fc.array(fc.nat(), {maxLength: 3}), {maxLength}).map(shape => shape.map((parents, index) => ({
		id: `c${index}`,
		parents: index === 0 ? [] : [...new Set(parents.map(parent => `c${parent % index}`))],
	})));

/** Asserts that something fails as a user should see it, and returns the failure. */
export const failsAs = async (t: ExecutionContext, code: CoppiceError['code'], run: () => unknown): Promise<CoppiceError> => {
	const error = await t.throwsAsync(async () => run(), {instanceOf: CoppiceError});
	t.is(error.code, code, error.message);
	t.not(error.hint, undefined, 'no next step is said');
	return error;
};

/** Asserts that something fails as a user should see it and says some text, and returns the failure. */
export const failsNaming = async (t: ExecutionContext, code: CoppiceError['code'], text: string, run: () => unknown): Promise<CoppiceError> => {
	const error = await failsAs(t, code, run);
	t.true(error.message.includes(text), error.message);
	return error;
};

export const tipOf = async (history: History, branch: string): Promise<string | null | undefined> => {
	const branches = await history.branches();
	return branches.get(branch);
};

/** The moves of a branch without their times. */
export const movesOf = async (history: History, branch: string): Promise<ReadonlyArray<readonly [string | null, string | null, string]>> => {
	const entries = await history.reflog(branch);
	return entries.map(({from, to, reason}) => [from, to, reason] as const);
};

export const linesOf = async (file: string): Promise<readonly string[]> => {
	const text = await readFile(file, 'utf8');
	return text.trimEnd().split('\n');
};

/** Writes some commits, each the child of the one before, and returns their ids, oldest first. */
export const writeLine = async (history: History, count: number): Promise<string[]> => {
	const ids: string[] = [];
	for (let number = 0; number < count; number++) {
		const commit = makeCommit({message: String(number), parents: ids.slice(-1)});
		ids.push(await history.writeCommit(commit));
	}

	return ids;
};
