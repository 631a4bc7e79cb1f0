/**
`coppice demo`: the main job on real data, each step checked by a query.
*/
import type {Report} from './progress.ts';

export type DemoStep = {
	readonly name: string;

	/** Milliseconds until a client could query, or the verb returned. */
	readonly milliseconds: number;

	/** What the query said. */
	readonly check: string;
	readonly passed: boolean;
};

export type DemoResult = {
	readonly passed: boolean;
	readonly home: string;
	readonly project: string;
	readonly kept: boolean;
	readonly driver: string;
	readonly rows: number;
	readonly steps: readonly DemoStep[];
	readonly bytes: {readonly shared: number; readonly own: number; readonly pool: number};
};

/** `home` is a COPPICE_HOME of its own; `keep` leaves it to play with. */
export const demo = async (_options: {home?: string; rows?: number; keep?: boolean; report?: Report; signal?: AbortSignal}): Promise<DemoResult> => {
	throw new Error('Not built yet');
};
