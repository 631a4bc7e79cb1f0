/**
The syntax of revisions, git's as far as it makes sense here: a name, then what it was at some time, then steps to parents.

```
revision = (name | "@" | "") ["@{" selector "}"] {"~" [N] | "^" [N]}
selector = N | "-" N | date
```
*/
import {CoppiceError} from '../system/errors.ts';

export type Selector =
	/** The value that the branch had N changes ago. */
	| {readonly kind: 'index'; readonly index: number}

	/** The branch that was current N switches ago. */
	| {readonly kind: 'previous'; readonly count: number}

	/** The value that the branch had at some time. */
	| {readonly kind: 'date'; readonly date: string};

export type Step =
	/** `^N`: the N-th parent; 0 is the commit itself. */
	| {readonly kind: 'parent'; readonly number: number}

	/** `~N`: N times the first parent. */
	| {readonly kind: 'ancestor'; readonly count: number};

export type Revision = {
	/** `HEAD` for `@`, and where nothing stands before a selector. */
	readonly name: string;
	readonly selector?: Selector;
	readonly steps: readonly Step[];
};

const syntax = /^(?<name>@|[\w\-.\/]*)(?:@\{(?<selector>[^\{\}]+)\})?(?<steps>(?:[\^~]\d{0,9})*)$/v;

const parseSelector = (text: string): Selector => {
	const match = /^(?<sign>-?)(?<number>\d{1,9})$/v.exec(text);
	if (!match) {
		return {kind: 'date', date: text};
	}

	const number = Number(match.groups!.number);
	return match.groups!.sign === '' ? {kind: 'index', index: number} : {kind: 'previous', count: number};
};

const parseStep = (text: string): Step => {
	const number = text.length === 1 ? 1 : Number(text.slice(1));
	return text.startsWith('^') ? {kind: 'parent', number} : {kind: 'ancestor', count: number};
};

/**
Reads a revision without looking anything up.

@throws CoppiceError `usage` when it is none.
*/
export const parseRevision = (text: string): Revision => {
	const groups = syntax.exec(text)?.groups;
	if (!groups || (groups.name === '' && groups.selector === undefined)) {
		throw new CoppiceError('usage', `${JSON.stringify(text)} does not name a commit.`, {
			hint: 'Name one by its id or the start of it, a branch, a tag, `HEAD`, `HEAD~2`, `main@{1}` or `main@{1 hour ago}` (in quotes).',
		});
	}

	const {name = '', selector, steps = ''} = groups;
	return {
		name: name === '' || name === '@' ? 'HEAD' : name,
		...(selector !== undefined && {selector: parseSelector(selector)}),
		steps: (steps.match(/[\^~]\d*/gv) ?? []).map(step => parseStep(step)),
	};
};
