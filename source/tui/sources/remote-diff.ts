/**
What differs in a stack of another host, as the engine there says: checked before it is drawn.
*/
import {z} from 'zod';
import type {DiffResult} from '../../actions/diff.ts';
import {CoppiceError} from '../../system/errors.ts';

const text = z.string().max(10_000);
const amount = z.number().min(0);

const file = z.object({
	path: text, kind: z.enum(['added', 'removed', 'modified', 'renamed', 'metadata']), from: text.optional(), bytes: amount,
});
const files = z.array(file).max(10_000);
const volume = z.object({
	name: text, kind: z.enum(['added', 'removed', 'changed', 'same']), bytes: amount, fileCount: amount, files,
});
const change = z.object({key: text, from: text.optional(), to: text.optional()});
const drift = z.object({service: text, kind: z.enum(['definition', 'image', 'image-name', 'unknown-service'])});

const schema = z.object({
	from: text,
	to: text.nullable(),
	volumes: z.array(volume).max(10_000),
	definition: z.array(change).max(10_000),
	drift: z.array(drift).max(10_000),
});

/**
@throws CoppiceError `host` for what is no such thing.
*/
export const readDiff = (value: unknown, host: string): DiffResult => {
	const read = schema.safeParse(value);
	if (!read.success) {
		throw new CoppiceError('host', `What ${host} says that differs can't be read.`, {host, hint: `Run \`coppice host check ${host}\`: it compares the versions of both sides.`});
	}

	return read.data;
};
