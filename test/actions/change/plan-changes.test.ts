/**
The planner of all verbs against a model of a pool: whatever is done, no data are ever lost, steps can be run twice, and undo
brings back exactly what was there.
*/
import test from 'ava';
import fc from 'fast-check';
import {commitId, type Commit, type StoredCommit} from '../../../source/history/commit.ts';
import {nextRedo, nextUndo, type Operation} from '../../../source/history/operation.ts';
import {
	planChanges,
	type Change,
	type Facts,
	type Intent,
} from '../../../source/actions/change/plan-changes.ts';
import type {Step} from '../../../source/actions/change/steps.ts';
import {invertOperation} from '../../../source/actions/change/invert-operation.ts';

const volumes = ['db', 'files'];

const notPlanned = (step: Step): void => {
	throw new Error(`The planner never plans ${step.do}`);
};

/**
A pool and a history as plain maps. The content of a clone is a number; writing makes a new one.
*/
class Model {
	#ids = 0;
	#content = 0;

	/** What each step does to the model. */
	readonly #steps: {readonly [Kind in Step['do']]: (step: Extract<Step, {do: Kind}>) => void} = {
		together: step => {
			for (const inner of step.steps) {
				this.run(inner);
			}
		},
		stop: step => {
			this.running = new Set([...this.running].filter(service => !step.services.includes(service)));
		},
		start: step => {
			this.running = new Set([...this.running, ...step.services]);
		},
		'start-by-definition': () => undefined,
		stage: step => {
			const content = this.snapshots.get(step.snapshot);
			if (content === undefined) {
				throw new Error(`No snapshot ${step.snapshot}`);
			}

			this.staged.set(`${step.volume}/${step.staged}`, content);
		},
		unstage: step => {
			this.staged.delete(`${step.volume}/${step.staged}`);
		},
		swap: step => {
			const key = `${step.volume}/${step.branch}`;
			const next = this.staged.get(`${step.volume}/${step.staged}`);
			if (next === undefined) {
				if (!this.live.has(key)) {
					throw new Error('Swapped nothing in');
				}

				return;
			}

			const before = this.live.get(key);
			if (before !== undefined) {
				if (step.keepAs === undefined) {
					throw new Error('Would discard live data');
				}

				this.snapshots.set(step.keepAs, before);
			}

			this.live.set(key, next);
			this.staged.delete(`${step.volume}/${step.staged}`);
		},
		retire: step => {
			const key = `${step.volume}/${step.branch}`;
			const before = this.live.get(key);
			if (before === undefined) {
				return;
			}

			this.snapshots.set(step.keepAs, before);
			this.live.delete(key);
		},
		rename: step => {
			const before = this.live.get(`${step.volume}/${step.from}`);
			if (before === undefined) {
				return;
			}

			this.live.set(`${step.volume}/${step.to}`, before);
			this.live.delete(`${step.volume}/${step.from}`);
		},
		create: step => {
			const key = `${step.volume}/${step.branch}`;
			this.live.set(key, this.live.get(key) ?? 0);
		},
		link: step => {
			this.links.set(step.volume, step.branch);
		},
		'write-commit': step => {
			const id = commitId(step.commit);
			this.commits.set(id, {...step.commit, id});
		},
		'set-branch': step => {
			this.branches.set(step.branch, step.commit);
		},
		'remove-branch': step => {
			this.branches.delete(step.branch);
		},
		'set-head': step => {
			this.current = step.branch;
		},
		'set-tag': step => {
			this.tags.set(step.tag, step.commit);
		},
		'remove-tag': step => {
			this.tags.delete(step.tag);
		},
		'remove-commit': ({commit}) => {
			this.#move(commit, this.commits, this.removed);
		},
		'restore-commit': ({commit}) => {
			this.#move(commit, this.removed, this.commits);
		},
		operation: step => {
			if (this.operations.every(({id}) => id !== step.operation.id)) {
				this.operations.push(step.operation);
			}
		},
		'discard-snapshot': notPlanned,
		'empty-trash': notPlanned,
		snapshot: notPlanned,
		'take-original': notPlanned,
		manage: notPlanned,
		'give-back': notPlanned,
		'discard-filling': notPlanned,
		'record-adopted': notPlanned,
		'forget-project': notPlanned,
	};

	current = 'main';
	readonly branches = new Map<string, string | null>([['main', null]]);
	readonly tags = new Map<string, string>();
	readonly commits = new Map<string, StoredCommit>();
	readonly removed = new Map<string, StoredCommit>();
	readonly live = new Map<string, number>(volumes.map(volume => [`${volume}/main`, 0]));
	readonly staged = new Map<string, number>();
	readonly snapshots = new Map<string, number>();
	readonly links = new Map<string, string>(volumes.map(volume => [volume, 'main']));
	readonly operations: Operation[] = [];
	running = new Set(['postgres', 'web']);

	newId = (): string => `00000000-0000-4000-8000-${String(++this.#ids).padStart(12, '0')}`;

	#commitOf(parents: string[]): Commit {
		return {
			version: 1, stack: 'shop', parents, time: this.facts().now, message: '', kind: 'commit', branch: this.current,
			consistency: 'frozen', stillMilliseconds: 1, volumes: {}, definition: {services: {}, volumes},
		};
	}

	#move(id: string, from: Map<string, StoredCommit>, to: Map<string, StoredCommit>): void {
		const commit = from.get(id);
		if (commit === undefined) {
			return;
		}

		to.set(id, commit);
		from.delete(id);
	}

	write(): void {
		for (const volume of volumes) {
			this.live.set(`${volume}/${this.current}`, ++this.#content);
		}
	}

	/** What `commit` does, which is not the planner's. */
	commit(): void {
		const tip = this.branches.get(this.current) ?? null;
		const taken: Record<string, string> = {};
		for (const volume of volumes) {
			taken[volume] = this.newId();
			this.snapshots.set(taken[volume], this.live.get(`${volume}/${this.current}`)!);
		}

		const commit: Commit = {...this.#commitOf(tip === null ? [] : [tip]), volumes: taken};
		const id = commitId(commit);
		this.commits.set(id, {...commit, id});
		this.branches.set(this.current, id);
		this.operations.push({
			id: this.newId(), time: commit.time, verb: 'commit', summary: 'commit', changes: [{
				type: 'branch', name: this.current, from: tip, to: id,
			}],
		});
	}

	facts(): Facts {
		const liveVolumes = new Map<string, string[]>();
		for (const key of this.live.keys()) {
			const [volume = '', ...branch] = key.split('/');
			liveVolumes.set(branch.join('/'), [...liveVolumes.get(branch.join('/')) ?? [], volume]);
		}

		return {
			stack: 'shop',
			current: this.current,
			branches: this.branches,
			tags: this.tags,
			volumes,
			liveVolumes,
			commits: new Map([...this.removed, ...this.commits]),
			running: [...this.running],
			users: {db: ['postgres'], files: ['web']},
			definition: {services: {}, volumes},
			now: new Date(1_700_000_000_000 + (++this.#ids * 1000)).toISOString(),
			newId: this.newId,
		};
	}

	run(step: Step): void {
		const take = this.#steps[step.do] as (step: Step) => void;
		take(step);
	}

	/** What a user sees: everything that undo has to bring back. */
	view(): unknown {
		return {
			current: this.current,
			branches: [...this.branches].toSorted(([a], [b]) => a.localeCompare(b)),
			tags: [...this.tags].toSorted(([a], [b]) => a.localeCompare(b)),
			live: [...this.live].toSorted(([a], [b]) => a.localeCompare(b)),
			links: [...this.links],
			running: [...this.running].toSorted((a, b) => a.localeCompare(b)),
			removed: this.removed.keys().toArray().toSorted((a, b) => a.localeCompare(b)),
		};
	}

	/** Every content that can be reached: live, or in a snapshot of a commit, removed ones included. */
	contents(): Set<number> {
		return new Set([...this.live.values(), ...this.snapshots.values()]);
	}

	apply(intent: Intent, options: {cutAfter?: number} = {}): void {
		const before = this.contents();
		const plan = planChanges(this.facts(), intent);
		for (const step of plan.prepare) {
			this.run(step);
		}

		for (const step of plan.apply.slice(0, options.cutAfter)) {
			this.run(step);
		}

		if (options.cutAfter !== undefined) {
			for (const step of plan.apply) {
				this.run(step);
			}
		}

		for (const content of before) {
			if (!this.contents().has(content)) {
				throw new Error(`${intent.verb} lost data`);
			}
		}
	}
}

type Verb = {readonly name: string; readonly pick: number; readonly cut?: number};

const pickFrom = <Value>(values: readonly Value[], pick: number): Value | undefined => values[pick % values.length];

/**
The changes that a verb asks for in this state, or `undefined` where it does not apply.
*/
const changesOf = (model: Model, {name, pick}: Verb): Change[] | undefined => {
	const commit = pickFrom(model.commits.keys().toArray(), pick);
	if (commit === undefined) {
		return undefined;
	}

	const other = pickFrom(model.branches.keys().filter(branch => branch !== model.current).toArray(), pick);
	const fresh = `b${pick}`;
	switch (name) {
		case 'reset': {
			return [{
				type: 'move', branch: model.current, to: commit, data: commit,
			}];
		}

		case 'switch': {
			return other === undefined ? undefined : [{type: 'head', to: other}];
		}

		case 'switch -c': {
			return model.branches.has(fresh)
				? undefined
				: [{
					type: 'create', branch: fresh, at: commit, data: commit,
				}, {type: 'head', to: fresh}];
		}

		case 'branch -d': {
			return other === undefined ? undefined : [{type: 'delete', branch: other}];
		}

		case 'branch -m': {
			return model.branches.has(fresh) ? undefined : [{type: 'rename', from: other ?? model.current, to: fresh}];
		}

		case 'tag': {
			return [{type: 'tag', name: `t${pick}`, to: commit}];
		}

		case 'prune': {
			const tips = new Set([...model.branches.values(), ...model.tags.values()]);
			return tips.has(commit) ? undefined : [{type: 'prune', commits: [commit]}];
		}

		default: {
			return undefined;
		}
	}
};

const verbs = fc.array(fc.record({
	name: fc.constantFrom('write', 'commit', 'reset', 'switch', 'switch -c', 'branch -d', 'branch -m', 'tag', 'prune', 'undo', 'redo'),
	pick: fc.nat(5),
	cut: fc.option(fc.nat(3), {nil: undefined}),
}), {maxLength: 25});

const takeBack = (model: Model, operation: Operation, verb: 'undo' | 'redo'): void => {
	model.apply({
		verb, summary: verb, changes: invertOperation(operation), ...(verb === 'undo' ? {undoes: operation.id} : {redoes: operation.id}),
	});
};

const play = (model: Model, verb: Verb): void => {
	switch (verb.name) {
		case 'write': {
			model.write();
			break;
		}

		case 'commit': {
			model.commit();
			break;
		}

		case 'undo':
		case 'redo': {
			const operation = verb.name === 'undo' ? nextUndo(model.operations) : nextRedo(model.operations);
			const wantsRemoved = operation?.changes.some(change => 'kept' in change && change.kept !== undefined && !model.commits.has(change.kept));
			if (operation !== undefined && wantsRemoved !== true) {
				takeBack(model, operation, verb.name);
			}

			break;
		}

		default: {
			const changes = changesOf(model, verb);
			if (changes !== undefined) {
				model.apply({verb: verb.name, summary: verb.name, changes}, {cutAfter: verb.cut});
			}
		}
	}
};

test('no verb loses data, cut anywhere or not', t => {
	fc.assert(fc.property(verbs, sequence => {
		const model = new Model();
		for (const verb of sequence) {
			play(model, verb);
		}

		t.is(model.staged.size, 0);
		t.true(model.links.values().every(branch => branch === model.current));
		t.is(model.running.size, 2);
	}), {numRuns: 500});
});

test('undo brings back what was there, and redo what undo took away', t => {
	fc.assert(fc.property(verbs, fc.constantFrom('reset', 'switch', 'switch -c', 'branch -d', 'branch -m', 'tag', 'prune'), fc.nat(5), (sequence, name, pick) => {
		const model = new Model();
		for (const verb of sequence) {
			play(model, verb);
		}

		const changes = changesOf(model, {name, pick});
		fc.pre(changes !== undefined);
		const before = model.view();
		model.apply({verb: name, summary: name, changes});
		const after = model.view();
		takeBack(model, nextUndo(model.operations)!, 'undo');
		t.deepEqual(model.view(), before);
		takeBack(model, nextRedo(model.operations)!, 'redo');
		t.deepEqual(model.view(), after);
		takeBack(model, nextUndo(model.operations)!, 'undo');
		t.deepEqual(model.view(), before);
	}), {numRuns: 300});
});

test('only services whose data change are stopped', t => {
	const model = new Model();
	model.commit();
	const [commit] = model.commits.values().toArray();
	const {db} = commit!.volumes;
	const partial: StoredCommit = {...commit!, volumes: {db: db!}};
	const facts = {...model.facts(), commits: new Map([[partial.id, partial]])};
	const plan = planChanges(facts, {
		verb: 'reset', summary: 'reset', changes: [{
			type: 'move', branch: 'main', to: partial.id, data: partial.id,
		}],
	});
	t.deepEqual(plan.restarted, ['postgres']);
	t.deepEqual(plan.notices, [`${partial.id.slice(0, 8)} has no data of files`]);
});

test('what does not fit is refused before anything is touched', t => {
	const model = new Model();
	model.commit();
	const [id = ''] = model.commits.keys();
	const attempt = (change: Change) => () => planChanges(model.facts(), {verb: 'x', summary: 'x', changes: [change]});
	t.throws(attempt({type: 'head', to: 'nowhere'}), {code: 'not-found'});
	t.throws(attempt({type: 'delete', branch: 'main'}), {code: 'conflict'});
	t.throws(attempt({
		type: 'create', branch: 'main', at: id, data: id,
	}), {code: 'conflict'});
	t.throws(attempt({
		type: 'move', branch: 'main', to: 'f'.repeat(64), data: 'f'.repeat(64),
	}), {code: 'not-found'});
	t.throws(attempt({type: 'rename', from: 'main', to: 'main'}), {code: 'conflict'});
});
