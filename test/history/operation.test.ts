import test from 'ava';
import fc from 'fast-check';
import {
	invert,
	nextRedo,
	nextUndo,
	undoneOperations,
	type Operation,
	type OperationChange,
} from '../../source/history/operation.ts';

const operation = (id: string, rest: Partial<Operation> = {}): Operation => ({
	id, time: '2026-11-20T14:00:00.000Z', verb: 'reset', summary: id, changes: [], ...rest,
});

/** An editor: a text, and two stacks of the texts to go back and forth to. */
class Editor {
	readonly #back: string[] = [];
	#forth: string[] = [];
	text = '';

	type(text: string): void {
		this.#back.push(this.text);
		this.#forth = [];
		this.text = text;
	}

	undo(): boolean {
		const text = this.#back.pop();
		if (text === undefined) {
			return false;
		}

		this.#forth.push(this.text);
		this.text = text;
		return true;
	}

	redo(): boolean {
		const text = this.#forth.pop();
		if (text === undefined) {
			return false;
		}

		this.#back.push(this.text);
		this.text = text;
		return true;
	}
}

/** A stack with one branch, whose verbs are recorded as operations and taken back by what these say. */
class Stack {
	#ids = 0;
	tip: string | null = null;
	readonly operations: Operation[] = [];

	#record(changes: readonly OperationChange[], rest: Partial<Operation> = {}): void {
		for (const change of changes) {
			if (change.type === 'branch') {
				this.tip = change.to ?? null;
			}
		}

		this.operations.push(operation(String(this.#ids++), {changes, ...rest}));
	}

	move(to: string): void {
		this.#record([{
			type: 'branch', name: 'main', from: this.tip, to,
		}]);
	}

	undo(): boolean {
		const target = nextUndo(this.operations);
		if (target) {
			this.#record(invert(target), {undoes: target.id});
		}

		return target !== undefined;
	}

	redo(): boolean {
		const target = nextRedo(this.operations);
		if (target) {
			this.#record(invert(target), {redoes: target.id});
		}

		return target !== undefined;
	}
}

test('undo and redo do what those of an editor do', t => {
	const anyActions = fc.array(fc.constantFrom('type', 'undo', 'undo', 'redo'), {maxLength: 60});
	fc.assert(fc.property(anyActions, actions => {
		const editor = new Editor();
		const stack = new Stack();
		for (const [index, action] of actions.entries()) {
			if (action === 'type') {
				editor.type(String(index));
				stack.move(String(index));
				continue;
			}

			t.is(stack[action](), editor[action](), `${index} ${action}`);
			t.is(stack.tip ?? '', editor.text);
		}
	}), {numRuns: 500});
});

test('what is undone is marked, and no longer when it is redone', t => {
	const operations = [operation('a'), operation('b')];
	t.deepEqual([...undoneOperations(operations)], []);
	operations.push(operation('c', {undoes: 'b'}));
	t.deepEqual([...undoneOperations(operations)], ['b']);
	t.is(nextUndo(operations)?.id, 'a');
	t.is(nextRedo(operations)?.id, 'c');
	operations.push(operation('d', {redoes: 'c'}));
	t.deepEqual(undoneOperations(operations), new Set(['b', 'c']), 'the redo stands in for what it did again');
	t.is(nextUndo(operations)?.id, 'd', 'an undo after a redo takes back the redo, with the data that it kept');
	t.is(nextRedo(operations), undefined);
	operations.push(operation('e', {undoes: 'd'}), operation('f'));
	t.deepEqual(undoneOperations(operations), new Set(['b', 'c', 'd']));
	t.is(nextUndo(operations)?.id, 'f');
	t.is(nextRedo(operations), undefined);
});

test('an undo of an operation that is not in the list does no harm', t => {
	t.is(nextUndo([operation('a'), operation('b', {undoes: 'lost'})])?.id, 'a');
	t.is(nextUndo([]), undefined);
	t.is(nextRedo([]), undefined);
});

test('an inverse takes the data from the safety commit that the operation kept, and goes backwards', t => {
	t.deepEqual(invert(operation('x', {
		changes: [
			{
				type: 'branch', name: 'main', from: 'old', to: 'new', kept: 'safety', made: 'new',
			},
			{type: 'head', from: 'main', to: 'other'},
			{type: 'branch-renamed', from: 'a', to: 'b'},
		],
	})), [
		{type: 'branch-renamed', from: 'b', to: 'a'},
		{type: 'head', from: 'other', to: 'main'},
		{
			type: 'branch', name: 'main', from: 'new', to: 'old', made: 'safety',
		},
	]);
});

test('the inverse of making is deleting; a branch without a commit is not no branch', t => {
	t.deepEqual(invert(operation('x', {changes: [{type: 'branch', name: 'x', to: null}]})), [{type: 'branch', name: 'x', from: null}]);
	t.deepEqual(invert(operation('x', {
		changes: [{
			type: 'branch', name: 'x', from: 'tip', kept: 'safety',
		}],
	})), [{
		type: 'branch', name: 'x', to: 'tip', made: 'safety',
	}]);
	t.deepEqual(invert(operation('x', {changes: [{type: 'tag', name: 'v1', to: 'a'}, {type: 'pruned', commits: ['b']}]})), [
		{type: 'restored', commits: ['b']}, {type: 'tag', name: 'v1', from: 'a'},
	]);
});

test('the inverse of an inverse is the operation, but for the safety commits that only its verb can name', t => {
	const name = fc.constantFrom('a', 'b', 'c');
	const tip = fc.option(name);
	const change = fc.oneof(
		fc.record({type: fc.constant('head' as const), from: name, to: name}),
		fc.record({
			type: fc.constant('branch' as const), name, from: tip, to: tip,
		}, {requiredKeys: ['type', 'name']}),
		fc.record({type: fc.constant('branch-renamed' as const), from: name, to: name}),
		fc.record({
			type: fc.constant('tag' as const), name, from: name, to: name,
		}, {requiredKeys: ['type', 'name']}),
		fc.record({type: fc.constantFrom('pruned' as const, 'restored' as const), commits: fc.array(name)}),
	);
	fc.assert(fc.property(fc.array(change), changes => {
		const once = operation('x', {changes});
		t.deepEqual(invert({...once, changes: invert(once)}), changes);
	}));
});
