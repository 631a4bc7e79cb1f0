/**
Which inode of one tree is which of another, whatever it is called there. A match is a wish, not a claim: what is matched is still
compared, so a wrong one makes a stream longer, never wrong.
*/
import {type Item, type ScannedTree} from './scan-tree.ts';

/** What a clone keeps of a file: its inode (a btrfs snapshot, a ZFS clone), or its content and times only (a copy). */
export type CloneKind = 'inode' | 'copy';

export type Matches = {
	/** The item of the old tree that an item of the new one was. */
	readonly before: ReadonlyMap<Item, Item>;

	/** The other way round. */
	readonly after: ReadonlyMap<Item, Item>;
};

/**
Whether two inodes with one number are the same one: numbers are given again. Where the file system keeps no time of birth, Node gives
that of the last change instead, which says nothing.
*/
const isSameInode = (old: Item, item: Item): boolean => old.ino === item.ino && canBeSame(old, item)
	&& (old.birthNs === item.birthNs || (old.birthNs === old.ctimeNs && item.birthNs === item.ctimeNs));

const canBeSame = (old: Item, item: Item): boolean => old.kind === item.kind && old.target === item.target;

/** Whether one tree looks like a clone of the other that keeps inodes: their roots are one inode, born at the same nanosecond. */
export const guessCloneKind = (old: ScannedTree, tree: ScannedTree): CloneKind =>
	old.root.ino === tree.root.ino && old.root.birthNs === tree.root.birthNs && old.root.birthNs !== old.root.ctimeNs ? 'inode' : 'copy';

/**
All items, each once, folders before what is in them.

@yields An item.
*/
export const allItems = function * (root: Item): Generator<Item, void, undefined> {
	const seen = new Set<Item>();
	const waiting = [root];
	while (waiting.length > 0) {
		const item = waiting.pop()!;
		yield item;
		for (const entry of item.entries?.values() ?? []) {
			if (entry.names.length > 1) {
				if (seen.has(entry)) {
					continue;
				}

				seen.add(entry);
			}

			waiting.push(entry);
		}
	}
};

/**
Pairs what is the same inode, where clones keep these; then what is at the same place in folders that are paired.
*/
export const matchTrees = (old: ScannedTree, tree: ScannedTree, clones: CloneKind): Matches => {
	const before = new Map<Item, Item>([[tree.root, old.root]]);
	const after = new Map<Item, Item>([[old.root, tree.root]]);
	const pair = (one: Item, other: Item): void => {
		before.set(other, one);
		after.set(one, other);
	};

	if (clones === 'inode') {
		const byInode = new Map<bigint, Item>();
		for (const item of allItems(old.root)) {
			byInode.set(item.ino, item);
		}

		for (const item of allItems(tree.root)) {
			const one = byInode.get(item.ino);
			if (one !== undefined && !before.has(item) && !after.has(one) && isSameInode(one, item)) {
				pair(one, item);
			}
		}
	}

	for (const item of allItems(tree.root)) {
		const was = before.get(item);
		for (const [name, entry] of item.entries ?? []) {
			const there = was?.entries?.get(name);
			if (there !== undefined && !before.has(entry) && !after.has(there) && canBeSame(there, entry)) {
				pair(there, entry);
			}
		}
	}

	return {before, after};
};
