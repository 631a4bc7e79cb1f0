/**
The order of a log: newest first, but never a commit after one of its parents, whatever the clocks of the hosts said.
*/

export type Ordered = {
	readonly id: string;
	readonly parents: readonly string[];

	/** ISO 8601. */
	readonly time: string;
};

const byTime = (a: Ordered, b: Ordered): number => {
	if (a.time !== b.time) {
		return a.time < b.time ? -1 : 1;
	}

	return a.id < b.id ? -1 : 1;
};

/**
A queue that gives out the newest first: a binary heap, so that thousands of commits on many branches stay quick.
*/
class NewestQueue<T extends Ordered> {
	readonly #heap: T[] = [];

	push(commit: T): void {
		const heap = this.#heap;
		let index = heap.length;
		heap.push(commit);
		while (index > 0) {
			const above = Math.floor((index - 1) / 2);
			if (byTime(heap[above]!, commit) >= 0) {
				break;
			}

			heap[index] = heap[above]!;
			index = above;
		}

		heap[index] = commit;
	}

	pop(): T | undefined {
		const heap = this.#heap;
		const first = heap[0];
		const last = heap.pop();
		if (last === undefined || heap.length === 0) {
			return first;
		}

		let index = 0;
		for (;;) {
			let below = (2 * index) + 1;
			if (below >= heap.length) {
				break;
			}

			if (below + 1 < heap.length && byTime(heap[below + 1]!, heap[below]!) > 0) {
				below++;
			}

			if (byTime(last, heap[below]!) >= 0) {
				break;
			}

			heap[index] = heap[below]!;
			index = below;
		}

		heap[index] = last;
		return first;
	}
}

/**
Sorts commits newest first, each before its parents (Kahn's algorithm with the newest taken first). Parents that are not in the list
don't matter. Commits of one millisecond are ordered by id, so the order is always the same.
*/
export const sortNewestFirst = <T extends Ordered>(commits: readonly T[]): T[] => {
	const byId = new Map(commits.map(commit => [commit.id, commit]));
	const children = new Map<string, number>();
	for (const commit of byId.values()) {
		for (const parent of new Set(commit.parents)) {
			children.set(parent, (children.get(parent) ?? 0) + 1);
		}
	}

	const ready = new NewestQueue<T>();
	for (const commit of byId.values()) {
		if (!children.has(commit.id)) {
			ready.push(commit);
		}
	}

	const sorted: T[] = [];
	for (let next = ready.pop(); next; next = ready.pop()) {
		sorted.push(next);
		for (const parent of new Set(next.parents)) {
			const left = children.get(parent)! - 1;
			children.set(parent, left);
			const commit = byId.get(parent);
			if (left === 0 && commit) {
				ready.push(commit);
			}
		}
	}

	return sorted;
};
