/**
The graph of a log: which lane each commit is on, and how lanes connect. Pure; `render-graph.ts` turns it into text.

Each commit takes one to three lines: lanes that end at it come together (`merge-in`), then the commit itself (`commit`), then the lanes of its
further parents part from it (`branch-off`). A lane runs straight down from a commit to its first parent.
*/

export type GraphCommit = {
	readonly id: string;
	readonly parents: readonly string[];
};

/**
What is in one column of one line: to which sides it connects. Where lanes only cross, `isCrossing` is set: the line from left to right
then passes behind the one from top to bottom.
*/
export type GraphCell = {
	readonly isCommit: boolean;
	readonly isCrossing: boolean;
	readonly up: boolean;
	readonly down: boolean;
	readonly left: boolean;
	readonly right: boolean;

	/** The lane that the piece belongs to, for its colour; `undefined` for an empty cell. */
	readonly lane: number | undefined;

	/** The lane that the piece between this cell and the next one to the right belongs to. */
	readonly rightLane: number | undefined;
};

export type GraphLine = {
	readonly kind: 'merge-in' | 'commit' | 'branch-off' | 'padding';

	/** The lane of the commit. */
	readonly lane: number;
	readonly cells: readonly GraphCell[];
};

export type GraphRow = {
	readonly id: string;
	readonly lane: number;

	/** From top to bottom; one of them is the commit's own. */
	readonly lines: readonly GraphLine[];

	/** What goes beside further lines of text below the commit: the lanes that run on. */
	readonly padding: GraphLine;
};

type Lanes = Array<string | undefined>;

const empty: GraphCell = {
	isCommit: false, isCrossing: false, up: false, down: false, left: false, right: false, lane: undefined, rightLane: undefined,
};

const runOn = (lanes: Lanes): GraphCell[] => lanes.map((id, lane) => id === undefined
	? empty
	: {
		...empty, up: true, down: true, lane,
	});

/**
Draws the way from the commit's lane to other lanes on one line. `ends` are these lanes, each with the sides up and down that it connects to.
*/
const connect = (lanes: Lanes, lane: number, ends: ReadonlyMap<number, {readonly up: boolean; readonly down: boolean}>): GraphCell[] => {
	const columns = [lane, ...ends.keys()];
	const [first, last] = [Math.min(...columns), Math.max(...columns)];
	const width = Math.max(lanes.length, last + 1);
	return Array.from({length: width}, (_, column): GraphCell => {
		const isBusy = lanes[column] !== undefined;
		const isBetween = column >= first && column <= last;
		const end = column === lane ? {up: true, down: true} : ends.get(column);
		const [left, right] = [isBetween && column > first, isBetween && column < last];
		// The next end away from the commit gives a piece its colour.
		const rightLane = right
			? (column >= lane ? Math.min(...columns.filter(other => other > column)) : Math.max(...columns.filter(other => other <= column)))
			: undefined;
		if (end) {
			return {
				...empty, ...end, left, right, lane: column, rightLane,
			};
		}

		if (isBusy) {
			return {
				...empty, up: true, down: true, left, right, isCrossing: isBetween, lane: column, rightLane,
			};
		}

		return {
			...empty, left, right, lane: isBetween ? (column > lane ? rightLane : Math.max(...columns.filter(other => other <= column))) : undefined, rightLane,
		};
	});
};

const firstFree = (lanes: Lanes): number => {
	const free = lanes.indexOf(undefined);
	return free === -1 ? lanes.length : free;
};

const trim = (lanes: Lanes): void => {
	while (lanes.length > 0 && lanes.at(-1) === undefined) {
		lanes.pop();
	}
};

/**
Lays out the graph of some commits.

@param commits - Newest first, children before their parents (`sortNewestFirst`). The lane of a parent that is not among them runs on to the end.
*/
export const layoutGraph = (commits: readonly GraphCommit[]): readonly GraphRow[] => {
	// What each lane waits for.
	const lanes: Lanes = [];
	return commits.map(({id, parents}) => {
		const lines: GraphLine[] = [];
		const arriving = lanes.flatMap((waiting, lane) => waiting === id ? [lane] : []);
		const lane = arriving[0] ?? firstFree(lanes);
		const others = arriving.slice(1);
		if (others.length > 0) {
			const endings = new Map(others.map(other => [other, {up: true, down: false}]));
			lines.push({kind: 'merge-in', lane, cells: connect(lanes, lane, endings)});
			for (const other of others) {
				lanes[other] = undefined;
			}
		}

		const [first, ...further] = new Set(parents);
		lanes[lane] = id;
		const cells = runOn(lanes);
		cells[lane] = {
			...empty, isCommit: true, up: arriving.length > 0, down: first !== undefined, lane,
		};
		lines.push({kind: 'commit', lane, cells});

		lanes[lane] = first;
		const ends = new Map<number, {readonly up: boolean; readonly down: boolean}>();
		const before = [...lanes];
		for (const parent of further) {
			const waiting = lanes.indexOf(parent);
			const end = waiting === -1 ? firstFree(lanes) : waiting;
			ends.set(end, {up: waiting !== -1, down: true});
			lanes[end] = parent;
		}

		if (ends.size > 0) {
			lines.push({kind: 'branch-off', lane, cells: connect(before, lane, ends)});
		}

		trim(lanes);
		return {
			id, lane, lines, padding: {kind: 'padding', lane, cells: runOn(lanes)},
		};
	});
};
