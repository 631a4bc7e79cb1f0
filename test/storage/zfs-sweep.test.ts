/**
Plans to destroy snapshots, tried on a model of ZFS that refuses what ZFS refuses.
*/
import {randomUUID} from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import {planSweep, type SweepStep} from '../../source/storage/zfs/sweep.ts';
import {parseSnapshot, type DatasetRole, type VolumeState} from '../../source/storage/zfs/volume-datasets.ts';

type ModelSnapshot = {short: string; readonly content: number};
type ModelDataset = {
	readonly name: string;
	role: DatasetRole;
	origin: {dataset: string; snapshot: ModelSnapshot} | undefined;
	snapshots: ModelSnapshot[];
	content: number;
};

/** Datasets and their snapshots as ZFS keeps them; what ZFS refuses throws. */
class Model {
	#count = 0;
	#contents = 0;
	readonly datasets = new Map<string, ModelDataset>();

	#find(full: string): {dataset: ModelDataset; snapshot: ModelSnapshot} {
		const [name = '', short] = full.split('@', 2);
		const dataset = this.datasets.get(name);
		const snapshot = dataset?.snapshots.find(each => each.short === short);
		if (dataset === undefined || snapshot === undefined) {
			throw new Error(`${full} does not exist`);
		}

		return {dataset, snapshot};
	}

	#clones(snapshot: ModelSnapshot): ModelDataset[] {
		return this.datasets.values().filter(({origin}) => origin?.snapshot === snapshot).toArray();
	}

	newName(): string {
		return `v/d${++this.#count}`;
	}

	create(role: DatasetRole): string {
		const name = this.newName();
		this.datasets.set(name, {
			name, role, origin: undefined, snapshots: [], content: ++this.#contents,
		});
		return name;
	}

	write(name: string): void {
		this.datasets.get(name)!.content = ++this.#contents;
	}

	snapshot(name: string, short: string): void {
		const {snapshots, content} = this.datasets.get(name)!;
		snapshots.push({short, content});
	}

	clone(full: string, name: string, role: DatasetRole): void {
		const {dataset, snapshot} = this.#find(full);
		this.datasets.set(name, {
			name, role, origin: {dataset: dataset.name, snapshot}, snapshots: [], content: snapshot.content,
		});
	}

	rename(full: string, to: string): void {
		this.#find(full).snapshot.short = to.slice(to.indexOf('@') + 1);
	}

	apply(step: SweepStep): void {
		switch (step.type) {
			case 'destroy-snapshot': {
				const {dataset, snapshot} = this.#find(step.snapshot);
				if (this.#clones(snapshot).length > 0) {
					throw new Error(`${step.snapshot} has dependent clones`);
				}

				dataset.snapshots = dataset.snapshots.filter(each => each !== snapshot);
				break;
			}

			case 'destroy-home': {
				const dataset = this.datasets.get(step.dataset)!;
				if (dataset.snapshots.length > 0 || dataset.role.type !== 'home') {
					throw new Error(`${step.dataset} has children, or is no home`);
				}

				this.datasets.delete(step.dataset);
				break;
			}

			case 'clone-home': {
				this.clone(step.snapshot, step.dataset, {type: 'home'});
				break;
			}

			case 'promote': {
				const clone = this.datasets.get(step.dataset)!;
				const {snapshot} = clone.origin!;
				const parent = this.datasets.get(clone.origin!.dataset)!;
				const moved = parent.snapshots.splice(0, parent.snapshots.indexOf(snapshot) + 1);
				clone.snapshots.unshift(...moved);
				for (const {origin} of this.datasets.values()) {
					if (origin !== undefined && moved.includes(origin.snapshot)) {
						origin.dataset = clone.name;
					}
				}

				clone.origin = parent.origin;
				parent.origin = {dataset: clone.name, snapshot};
				break;
			}

			case 'hide': {
				this.rename(step.snapshot, step.as);
				break;
			}
		}
	}

	state(): VolumeState {
		const datasets = this.datasets.values().toArray();
		return {
			datasets: datasets.map(({name, role, origin}) => ({
				name, role, origin: origin && `${origin.dataset}@${origin.snapshot.short}`, property: '', mountpoint: undefined, mounted: false,
			})),
			snapshots: datasets.flatMap(({name, snapshots}) => snapshots.map(({short}) => parseSnapshot(`${name}@${short}`))),
		};
	}

	/** What must outlast a sweep: the content of every branch and clone, and of every snapshot not in the trash. */
	treasure(): Record<string, number> {
		const found: Array<[string, number]> = [];
		for (const {name, role, content, snapshots} of this.datasets.values()) {
			if (role.type !== 'home') {
				found.push([name, content]);
			}

			for (const {short, content: kept} of snapshots) {
				if (/^[\da-f]/v.test(short)) {
					found.push([short, kept]);
				}
			}
		}

		return Object.fromEntries(found.toSorted(([one], [two]) => one.localeCompare(two)));
	}
}

const action = fc.record({
	verb: fc.constantFrom('create', 'write', 'snapshot', 'branch', 'stage', 'open', 'close', 'retire', 'reset', 'trash', 'sweep'),
	pick: fc.nat(1000),
	other: fc.nat(1000),
});

/** Does something that the driver does to datasets. */
const act = (model: Model, verb: string, pick: number, other: number): void => {
	const live = model.datasets.values().filter(({role}) => role.type === 'branch').toArray();
	const {snapshots} = model.state();
	const whole = snapshots.filter(({state}) => state === 'whole');
	const branch = live[pick % Math.max(live.length, 1)];
	const snapshot = whole[other % Math.max(whole.length, 1)];
	const isClone = ['branch', 'stage', 'open'].includes(verb);
	if (verb === 'create') {
		model.create({type: 'branch', branch: 'any'});
	} else if (verb === 'write' && branch !== undefined) {
		model.write(branch.name);
	} else if (verb === 'snapshot' && branch !== undefined) {
		model.snapshot(branch.name, randomUUID());
	} else if (isClone && snapshot !== undefined) {
		const roles: Record<string, DatasetRole> = {branch: {type: 'branch', branch: 'any'}, stage: {type: 'staged', staged: 'any'}, open: {type: 'opened', by: 'any'}};
		model.clone(snapshot.name, model.newName(), roles[verb]!);
	} else if (branch !== undefined && (verb === 'retire' || verb === 'reset')) {
		model.snapshot(branch.name, randomUUID());
		branch.role = {type: 'home'};
		if (verb === 'reset' && snapshot !== undefined) {
			model.clone(snapshot.name, model.newName(), {type: 'branch', branch: 'any'});
		}
	} else if (verb === 'trash' && snapshot !== undefined) {
		model.rename(snapshot.name, `${snapshot.dataset}@trash-${snapshot.id}`);
	} else if (verb === 'close') {
		const passing = model.datasets.values().filter(({role}) => role.type === 'staged' || role.type === 'opened').toArray();
		model.datasets.delete(passing[pick % Math.max(passing.length, 1)]?.name ?? '');
	} else if (verb === 'sweep') {
		for (const step of planSweep(model.state(), () => true, () => model.newName())) {
			model.apply(step);
		}
	}
};

test('a plan destroys what is doomed and nothing else, and may stop anywhere', t => {
	const story = fc.array(action, {minLength: 4, maxLength: 40});
	const [anyStop, anyChance] = [fc.nat(20), fc.func(fc.boolean())];
	fc.assert(fc.property(story, anyStop, anyChance, (actions, stop, chance) => {
		const model = new Model();
		for (const {verb, pick, other} of actions) {
			act(model, verb, pick, other);
		}

		const isDoomed = (id: string) => chance(id);
		const treasure = model.treasure();
		const spared = model.state().snapshots.filter(({state, id}) => state === 'trash' && !isDoomed(id)).map(({id}) => id).toSorted();
		for (const step of planSweep(model.state(), isDoomed, () => model.newName()).slice(0, stop)) {
			model.apply(step);
			t.deepEqual(model.treasure(), treasure);
		}

		for (const step of planSweep(model.state(), isDoomed, () => model.newName())) {
			model.apply(step);
			t.deepEqual(model.treasure(), treasure);
		}

		const {datasets, snapshots} = model.state();
		t.deepEqual(snapshots.filter(({state}) => state === 'trash').map(({id}) => id).toSorted(), spared);
		t.deepEqual(planSweep(model.state(), isDoomed, () => model.newName()), [], 'nothing is left to do');
		const homes = datasets.filter(({role}) => role.type === 'home');
		for (const {name} of homes) {
			const newest = snapshots.findLast(({dataset}) => dataset === name);
			t.not(newest, undefined, 'a home without a snapshot');
			const heirs = datasets.filter(({origin, role}) => origin === newest!.name && (role.type === 'branch' || role.type === 'home'));
			t.true(newest!.state !== 'gone' || heirs.length === 0, 'a home that is not needed');
			// Its own data are those of its newest snapshot: it takes no space beside it.
			t.is(model.datasets.get(name)!.content, model.datasets.get(name)!.snapshots.at(-1)!.content);
		}
	}), {numRuns: 300});
});

test('a home is taken apart into the branch that was made from it', t => {
	const model = new Model();
	const home = model.create({type: 'branch', branch: 'main'});
	const [one, two] = [randomUUID(), randomUUID()];
	model.snapshot(home, one);
	model.write(home);
	model.snapshot(home, two);
	model.datasets.get(home)!.role = {type: 'home'};
	model.clone(`${home}@${two}`, 'v/branch', {type: 'branch', branch: 'main'});
	model.rename(`${home}@${two}`, `${home}@trash-${two}`);
	const steps = planSweep(model.state(), () => true, () => 'v/new');
	t.deepEqual(steps, [
		{type: 'promote', dataset: 'v/branch'},
		{type: 'destroy-home', dataset: home},
		{type: 'destroy-snapshot', snapshot: `v/branch@trash-${two}`},
	]);
});

test('a home that must keep older snapshots is replaced by one without the space of the newest', t => {
	const model = new Model();
	const home = model.create({type: 'home'});
	const [one, two] = [randomUUID(), randomUUID()];
	model.snapshot(home, one);
	model.write(home);
	model.snapshot(home, `trash-${two}`);
	t.deepEqual(planSweep(model.state(), () => true, () => 'v/new'), [
		{type: 'clone-home', snapshot: `${home}@${one}`, dataset: 'v/new'},
		{type: 'promote', dataset: 'v/new'},
		{type: 'destroy-snapshot', snapshot: `${home}@trash-${two}`},
		{type: 'destroy-home', dataset: home},
	]);
	t.deepEqual(planSweep(model.state(), () => true, () => 'v/new', {unfit: new Set(), stuck: new Set([home])}), [], 'no room for another home: it waits in the trash');
	t.deepEqual(planSweep(model.state(), () => false, () => 'v/new'), [], 'not doomed, not touched');
});

test('a snapshot that two branches share is put out of sight, and its branches stay', t => {
	const model = new Model();
	const main = model.create({type: 'branch', branch: 'main'});
	const id = randomUUID();
	model.snapshot(main, `trash-${id}`);
	model.clone(`${main}@trash-${id}`, 'v/side', {type: 'branch', branch: 'side'});
	t.deepEqual(planSweep(model.state(), () => true, () => 'v/new'), [
		{type: 'hide', snapshot: `${main}@trash-${id}`, as: `${main}@gone-${id}`},
	]);
});

test('snapshots are never moved into a staged clone, one open for reading, or one that is barred', t => {
	const model = new Model();
	const home = model.create({type: 'home'});
	const id = randomUUID();
	model.snapshot(home, `trash-${id}`);
	model.clone(`${home}@trash-${id}`, 'v/staged', {type: 'staged', staged: 'next'});
	model.clone(`${home}@trash-${id}`, 'v/opened', {type: 'opened', by: '1-1-a'});
	model.clone(`${home}@trash-${id}`, 'v/barred', {type: 'branch', branch: 'main'});
	const steps = planSweep(model.state(), () => true, () => 'v/new', {unfit: new Set(['v/barred']), stuck: new Set()});
	t.deepEqual(steps.map(({type}) => type), ['hide']);
});
