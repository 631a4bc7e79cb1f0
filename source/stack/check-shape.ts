/**
Checks the shape of a merged compose file, and says where and what the first mistake is.
*/
import type * as z from 'zod/mini';
import {composeSchema, type RawCompose} from './compose-schema.ts';
import {
	errorAt,
	nodeAt,
	placeOf,
	toPlain,
	type KeyPath,
	type MapNode,
	type TreeNode,
} from './source-tree.ts';

type Issue = z.core.$ZodIssue;
type Finding = {readonly path: KeyPath; readonly message: string};

const kindOf = (node: TreeNode | undefined): string => {
	if (node?.kind === 'map') {
		return 'a map';
	}

	if (node?.kind === 'list') {
		return 'a list';
	}

	const names: Readonly<Record<string, string>> = {
		undefined: 'empty', string: 'a text', number: 'a number', boolean: 'true or false',
	};
	return names[typeof node?.value] ?? 'something else';
};

const plainPath = (path: readonly PropertyKey[]): KeyPath => path.map(part => typeof part === 'number' ? part : String(part));

/**
The mistakes of an issue: where one form of a union was meant, what is wrong in it, else that none of its forms fits.
*/
const findingsOf = (issue: Issue, prefix: KeyPath, root: TreeNode): Finding[] => {
	const path = [...prefix, ...plainPath(issue.path)];
	if (issue.code === 'invalid_union') {
		// The form that was meant is one that is wrong only further inside.
		for (const form of issue.errors) {
			if (form.length > 0 && form.every(inner => inner.path.length > 0)) {
				return form.flatMap(inner => findingsOf(inner, path, root));
			}
		}
	}

	const node = nodeAt(root, path);
	if (node === undefined) {
		return [{path: path.slice(0, -1), message: `needs a ${JSON.stringify(String(path.at(-1)))}`}];
	}

	if (issue.code === 'custom') {
		return [{path, message: issue.message}];
	}

	const wanted = issue.message === 'Invalid input' ? 'has a value of the wrong kind' : issue.message;
	return [{path, message: `${wanted}; this is ${kindOf(node)}`}];
};

/** Paths of keys that Coppice does not know. */
const unknownKeys = (issues: readonly Issue[], prefix: KeyPath = []): KeyPath[] => issues.flatMap(issue => {
	const path = [...prefix, ...plainPath(issue.path)];
	if (issue.code === 'invalid_union') {
		return issue.errors.flatMap(form => unknownKeys(form, path));
	}

	return issue.code === 'custom' && issue.params?.isUnknownKey === true ? [path] : [];
});

/** Takes out what is at a key path of plain values. */
const removeAt = (value: unknown, path: KeyPath): void => {
	const [first, ...rest] = path;
	if (typeof value !== 'object' || value === null || first === undefined) {
		return;
	}

	if (rest.length === 0) {
		Reflect.deleteProperty(value, first);
	} else {
		removeAt((value as Record<string, unknown>)[String(first)], rest);
	}
};

/**
As `checkShape`, for what compose has resolved: compose itself has checked it, and may know keys that Coppice does not know yet.
*/
export const checkResolved = (root: MapNode): RawCompose => {
	const plain = toPlain(root);
	for (let rounds = 0; rounds < 3; rounds++) {
		const result = composeSchema.safeParse(plain, {jitless: true});
		const unknown = result.success ? [] : unknownKeys(result.error.issues);
		if (result.success) {
			return result.data;
		}

		if (unknown.length === 0) {
			break;
		}

		for (const path of unknown) {
			removeAt(plain, path);
		}
	}

	return checkShape(root);
};

/**
The merged file as typed plain values.

@throws CoppiceError `usage` for the first mistake in the file, with its place.
*/
export const checkShape = (root: MapNode): RawCompose => {
	const result = composeSchema.safeParse(toPlain(root), {jitless: true});
	if (result.success) {
		return result.data;
	}

	const findings = result.error.issues
		.flatMap(issue => findingsOf(issue, [], root))
		.map(finding => ({...finding, place: placeOf(root, finding.path)}))
		.toSorted((a, b) => a.place.offset - b.place.offset);
	const {place, path, message} = findings[0]!;
	throw errorAt(place, path, message);
};
