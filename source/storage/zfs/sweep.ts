/**
What to do so that snapshots are really gone, as a plan of steps: a pure function of what is there.

In ZFS a snapshot can't be destroyed while a clone of it is there, and the data of a dataset live as long as the dataset. So a snapshot
goes for good only when the home that it is in is not needed for it any more:

- A home whose newest snapshot is to go, and has a live branch or another home as its clone, is taken apart: the clone is promoted, which
  moves all snapshots over to it, and the home, now bare, is destroyed.
- A home whose newest snapshots are to go but older ones stay would hold the space of those destroyed in its own data. So the newest one
  that stays gets a clone, which is promoted, and what remains of the old home is destroyed.
- A snapshot that several clones share can't go at all: it is renamed to `@gone-<id>`, out of sight, and destroyed by a later plan, when
  its last clone is gone. (ZFS could do that by itself, `zfs destroy -d`; but the home whose newest it was would hold its space for good,
  with nothing left to tell a plan of it.)

The order of the steps is such that stopping after any of them loses nothing, and a new plan made then goes on from there. ZFS
guards each step once more: nothing is forced, nothing is destroyed recursively.
*/
import type {SnapshotState, VolumeState} from './volume-datasets.ts';

export type SweepStep =
	| {readonly type: 'promote'; readonly dataset: string}
	| {readonly type: 'clone-home'; readonly snapshot: string; readonly dataset: string}
	| {readonly type: 'destroy-snapshot'; readonly snapshot: string}
	| {readonly type: 'destroy-home'; readonly dataset: string}
	| {readonly type: 'hide'; readonly snapshot: string; readonly as: string};

type Snapshot = {readonly short: string; readonly state: SnapshotState; readonly doomed: boolean};

/** A dataset while planning; names of snapshots change as they move. */
type Node = {
	readonly name: string;
	readonly type: VolumeState['datasets'][number]['role']['type'];
	origin: {readonly node: Node; readonly snapshot: Snapshot} | undefined;
	snapshots: Snapshot[];
};

const shortOf = (name: string): string => name.slice(name.lastIndexOf('@') + 1);

const readNodes = ({datasets, snapshots}: VolumeState, isDoomed: (id: string) => boolean): Node[] => {
	const list = datasets.map(({name, role}): Node => ({
		name, type: role.type, origin: undefined, snapshots: [],
	}));
	const nodes = new Map(list.map(node => [node.name, node]));
	for (const {name, dataset, state, id} of snapshots) {
		nodes.get(dataset)?.snapshots.push({
			short: shortOf(name), state, doomed: state === 'gone' || (state === 'trash' && isDoomed(id)),
		});
	}

	for (const {name, origin} of datasets) {
		const node = origin === undefined ? undefined : nodes.get(origin.slice(0, origin.lastIndexOf('@')));
		const snapshot = node?.snapshots.find(({short}) => short === shortOf(origin!));
		if (node !== undefined && snapshot !== undefined) {
			nodes.get(name)!.origin = {node, snapshot};
		}
	}

	return list;
};

export type SweepLimits = {
	/** Datasets that can't take over snapshots. */
	readonly unfit: ReadonlySet<string>;

	/** Homes that can't be replaced by another. */
	readonly stuck: ReadonlySet<string>;
};

const noLimits: SweepLimits = {unfit: new Set(), stuck: new Set()};

/** A plan being made: each step is done to the nodes as ZFS would do it to the datasets. */
class Plan {
	readonly #newName: () => string;
	readonly #limits: SweepLimits;
	#nodes: Node[];
	readonly steps: SweepStep[] = [];

	constructor(nodes: Node[], newName: () => string, limits: SweepLimits) {
		this.#nodes = nodes;
		this.#newName = newName;
		this.#limits = limits;
	}

	#clonesOf(snapshot: Snapshot): Node[] {
		return this.#nodes.filter(({origin}) => origin?.snapshot === snapshot);
	}

	/** As `zfs promote`: the snapshots up to the clone's origin move over, and the two change places. */
	#promote(clone: Node): void {
		const {node: home, snapshot} = clone.origin!;
		const moved = home.snapshots.splice(0, home.snapshots.indexOf(snapshot) + 1);
		clone.snapshots.unshift(...moved);
		for (const node of this.#nodes) {
			if (node.origin?.node === home && moved.includes(node.origin.snapshot)) {
				node.origin = {node: clone, snapshot: node.origin.snapshot};
			}
		}

		clone.origin = home.origin;
		home.origin = {node: clone, snapshot};
		this.steps.push({type: 'promote', dataset: clone.name});
	}

	#destroyBareHomes(): void {
		const bare = new Set(this.#nodes.filter(({type, snapshots}) => type === 'home' && snapshots.length === 0));
		this.#nodes = this.#nodes.filter(node => !bare.has(node));
		for (const {name} of bare) {
			this.steps.push({type: 'destroy-home', dataset: name});
		}
	}

	#dissolveHomes(): void {
		const homes = this.#nodes.filter(({type}) => type === 'home');
		for (const home of homes) {
			this.#dissolve(home);
		}
	}

	/** Takes a home apart if that frees something. */
	#dissolve(home: Node): void {
		const last = home.snapshots.findLastIndex(snapshot => !snapshot.doomed || this.#clonesOf(snapshot).length > 0);
		const newest = home.snapshots[last];
		const isLast = last === home.snapshots.length - 1;
		if (newest === undefined || (isLast && !newest.doomed)) {
			return;
		}

		// Not into a staged clone, nor one that is open for reading: those go, and must go without a trace.
		const heir = this.#clonesOf(newest).find(({name, type}) => (type === 'branch' || type === 'home') && !this.#limits.unfit.has(name));
		if (heir !== undefined) {
			this.#promote(heir);
			return;
		}

		if (isLast || this.#limits.stuck.has(home.name)) {
			return;
		}

		const clone: Node = {
			name: this.#newName(), type: 'home', origin: {node: home, snapshot: newest}, snapshots: [],
		};
		this.#nodes.push(clone);
		this.steps.push({type: 'clone-home', snapshot: `${home.name}@${newest.short}`, dataset: clone.name});
		this.#promote(clone);
	}

	#destroySnapshots(): void {
		for (const node of this.#nodes) {
			const isFree = (snapshot: Snapshot) => snapshot.doomed && this.#clonesOf(snapshot).length === 0;
			// What a stuck home would still hold stays in the trash, to be seen and tried again.
			const end = this.#limits.stuck.has(node.name) ? node.snapshots.findLastIndex(snapshot => !isFree(snapshot)) : undefined;
			const free = new Set(node.snapshots.slice(0, end).filter(snapshot => isFree(snapshot)));
			node.snapshots = node.snapshots.filter(snapshot => !free.has(snapshot));
			for (const {short} of free) {
				this.steps.push({type: 'destroy-snapshot', snapshot: `${node.name}@${short}`});
			}
		}
	}

	#hideRest(): void {
		for (const {name, snapshots} of this.#nodes) {
			const rest = snapshots.filter(snapshot => snapshot.doomed && snapshot.state === 'trash' && this.#clonesOf(snapshot).length > 0);
			for (const {short} of rest) {
				this.steps.push({type: 'hide', snapshot: `${name}@${short}`, as: `${name}@${short.replace(/^trash-/v, 'gone-')}`});
			}
		}
	}

	make(): SweepStep[] {
		let before: number;
		do {
			before = this.steps.length;
			this.#destroyBareHomes();
			this.#dissolveHomes();
			this.#destroySnapshots();
		} while (this.steps.length > before);

		this.#hideRest();
		return this.steps;
	}
}

/**
Plans the destruction of the snapshots in the trash that are doomed, of those already `gone`, and of homes without snapshots.

`isDoomed` tells by its id whether a snapshot in the trash is to be destroyed; `newName` gives a name for another dataset of the volume.
*/
export const planSweep = (
	state: VolumeState,
	isDoomed: (id: string) => boolean,
	newName: () => string,
	limits: SweepLimits = noLimits,
): SweepStep[] => new Plan(readNodes(state, isDoomed), newName, limits).make();
