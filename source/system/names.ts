/**
Names from outside, checked before they touch a path or a command line.

A branch may be called `feature/login` as in git, but every name is ONE path component on disk: the slash is written as a
colon there, which no name may hold. So `feature` and `feature/login` can live side by side, which git's refs can't.
*/
import {CoppiceError} from './errors.ts';

const component = /^\w[\w\-.]{0,127}$/v;
const branch = /^\w[\w\-.]*(?:\/\w[\w\-.]*)*$/v;

export type NameKind = 'stack' | 'volume' | 'service' | 'branch' | 'tag' | 'host';

const describe: Readonly<Record<NameKind, string>> = {
	stack: 'letters, digits, ".", "_" and "-", starting with a letter, digit or "_"',
	volume: 'letters, digits, ".", "_" and "-", starting with a letter, digit or "_"',
	service: 'letters, digits, ".", "_" and "-", starting with a letter, digit or "_"',
	host: 'letters, digits, ".", "_" and "-", starting with a letter, digit or "_"',
	branch: 'letters, digits, ".", "_", "-" and "/" between parts, each part starting with a letter, digit or "_"',
	tag: 'letters, digits, ".", "_", "-" and "/" between parts, each part starting with a letter, digit or "_"',
};

/**
Whether a name is safe to use for this kind of thing.
*/
export const isName = (kind: NameKind, name: string): boolean => kind !== 'branch' && kind !== 'tag' ? component.test(name) && !name.includes('..') : branch.test(name) && name.length <= 128 && !name.includes('..') && !name.endsWith('.lock') && name !== 'HEAD' && name !== '@';

/**
Returns the name if it is safe.

@throws CoppiceError `usage` that names the kind, the name and what is allowed.
*/
export const checkName = (kind: NameKind, name: string): string => {
	if (!isName(kind, name)) {
		throw new CoppiceError('usage', `${JSON.stringify(name)} can't be the name of a ${kind}.`, {hint: `Use ${describe[kind]}.`});
	}

	return name;
};

/**
The one path component that stands for a branch or tag on disk.
*/
export const nameToComponent = (name: string): string => name.replaceAll('/', ':');

/**
The branch or tag that a path component stands for.
*/
export const componentToName = (name: string): string => name.replaceAll(':', '/');

/**
Whether a string is a snapshot id: a lower-case UUID, the same on every host.
*/
export const isSnapshotId = (id: string): boolean => /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/v.test(id);
