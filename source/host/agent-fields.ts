/**
The fields that messages between hosts are made of: names that touch paths, ids, texts that are shown.
*/
import {z} from 'zod';
import {isName, isSnapshotId} from '../system/names.ts';

const name = (kind: Parameters<typeof isName>[0]) => z.string().refine(text => isName(kind, text), {message: `is not the name of a ${kind}`});

export const stack = name('stack');
export const volume = name('volume');
export const branch = name('branch');
export const tag = name('tag');
export const commit = z.string().regex(/^[\da-f]{64}$/v);
export const snapshot = z.string().refine(text => isSnapshotId(text), {message: 'is not the id of a snapshot'});

/** A commit as its canonical JSON, whose SHA-256 is its id. */
export const commitContent = z.object({id: commit, text: z.string()});

/** The id of a pool: what one side knows the other by, for pins. */
export const poolId = z.string().min(1).max(200);

/** `staging/main`. */
export const remoteBranch = z.string().refine(text => {
	const slash = text.indexOf('/');
	return slash > 0 && isName('host', text.slice(0, slash)) && isName('branch', text.slice(slash + 1));
}, {message: 'is not the name of a branch of a host'});
