/**
What a commit has to look like to be used: checked on reading and before writing, since a commit may come from another host
and its names become paths.

Fields of later versions are let through untouched. `zod/mini` is used because `zod` itself takes 50 ms to load.
*/
import * as z from 'zod/mini';
import {isName, isSnapshotId} from '../system/names.ts';

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const strings = z.array(z.string());

const service = z.looseObject({
	image: z.optional(z.string()),
	imageDigest: z.optional(z.string()),
	command: z.optional(strings),
	entrypoint: z.optional(strings),
	environmentNames: strings,
	ports: strings,
	mounts: strings,
	dependsOn: strings,
});

// Not `z.record`, which passes over a key such as `__proto__`.
const record = (isEntry: (key: string, value: unknown) => boolean) => {
	const isRight = (value: unknown): boolean => isRecord(value) && Object.entries(value).every(([key, entry]) => isEntry(key, entry));
	return z.custom(value => isRight(value));
};

const commitIdText = z.string().check(z.regex(/^[\da-f]{64}$/v));

const definition = z.looseObject({
	services: record((_name, value) => z.safeParse(service, value).success),
	volumes: strings,
	compose: z.optional(record(() => true)),
});

const schema = z.looseObject({
	stack: z.string().check(z.refine(name => isName('stack', name))),
	parents: z.array(commitIdText),
	time: z.iso.datetime({precision: 3}),
	message: z.string(),
	kind: z.enum(['commit', 'safety']),
	branch: z.string().check(z.refine(name => isName('branch', name))),
	consistency: z.enum(['quiesced', 'frozen', 'stopped']),
	stillMilliseconds: z.number().check(z.nonnegative()),
	volumes: record((name, snapshot) => isName('volume', name) && typeof snapshot === 'string' && isSnapshotId(snapshot)),
	definition,
	id: z.optional(z.undefined()),
	removed: z.optional(z.undefined()),
	state: z.optional(z.undefined()),
});

/**
What is wrong with the content of a commit, in words for people; `newer` for one of a later version; `undefined` where it is right.
*/
export const findFault = (content: unknown): string | undefined => {
	if (!isRecord(content)) {
		return 'it is no object';
	}

	if (content.version !== 1) {
		return typeof content.version === 'number' && content.version > 1 ? 'newer' : '"version" is not 1';
	}

	const result = z.safeParse(schema, content);
	return result.success ? undefined : `"${result.error.issues[0]?.path.join('.') ?? ''}" is missing or not right`;
};
