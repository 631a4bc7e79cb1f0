/**
The failures that all drivers meet, each said in one way.
*/
import {statfs} from 'node:fs/promises';
import prettyBytes from 'pretty-bytes';
import {CoppiceError, isSystemError} from '../system/errors.ts';
import type {VolumeAddress} from './layout.ts';

export const snapshotNotFound = (address: VolumeAddress, snapshot: string): CoppiceError =>
	new CoppiceError('not-found', `Volume ${address.volume} of ${address.stack} has no snapshot ${snapshot}.`, {
		...address, hint: 'Run `coppice log` for the commits that are there, `coppice doctor` if one should be.',
	});

export const branchNotFound = (address: VolumeAddress, branch: string): CoppiceError =>
	new CoppiceError('not-found', `Volume ${address.volume} of ${address.stack} has no live data of branch ${branch}.`, {
		...address, hint: 'Run `coppice branch` for the branches that are there.',
	});

export const branchExists = (address: VolumeAddress, branch: string): CoppiceError =>
	new CoppiceError('conflict', `Volume ${address.volume} of ${address.stack} already has live data of branch ${branch}.`, {
		...address, hint: 'Nothing was changed. Use another name, or delete that branch first.',
	});

/**
Whether a failure says that there is no space left: of a system call, or of a program that printed what it met.
*/
export const isNoSpace = (error: unknown): boolean => isSystemError(error, 'ENOSPC', 'EDQUOT')
	|| (error instanceof CoppiceError && /No space left on device|Disk quota exceeded/v.test(error.context.stderr ?? ''));

/**
Turns a failure for want of space into one that says how full the pool is and what to do; passes any other on.
*/
export const explainNoSpace = async (error: unknown, pool: string): Promise<unknown> => {
	if (!isNoSpace(error)) {
		return error;
	}

	const {bsize, blocks, bavail} = await statfs(pool);
	const format = (count: number) => prettyBytes(count * bsize, {binary: true});
	return new CoppiceError('failed', `The pool ${pool} is full: ${format(bavail)} of ${format(blocks)} are free, which is not enough.`, {
		hint: 'Nothing was changed. Run `coppice prune --now` to destroy old commits, or give the pool more room.',
		cause: error,
		...(error instanceof CoppiceError && error.context.command !== undefined && {command: error.context.command}),
	});
};
