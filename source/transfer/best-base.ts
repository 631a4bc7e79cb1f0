/**
Which snapshot an increment starts from: of those that both sides have, the one from which least is to be sent. Pure.
*/

export type VolumeKnowledge = {
	/** Ids of the snapshots of the volume that the sender has. */
	readonly sender: readonly string[];

	/** Ids of those that the receiver has. */
	readonly receiver: readonly string[];

	/**
	Ids that are likely to be near to what is to be sent, the nearest first, as the history has them (ancestors, then other branches): they are
	preferred where the estimates are equal, and asked about first.
	*/
	readonly nearest?: readonly string[];
};

/**
The bases that both sides have and that are worth an estimate, the most likely first, at most `limit` of them (8 unless told). Those that `nearest` does not
name come last, the sender's last first.
*/
export const commonBases = ({sender, receiver, nearest = []}: VolumeKnowledge, limit = 8): readonly string[] => {
	const common = new Set(sender).intersection(new Set(receiver));
	const likely = nearest.filter(id => common.has(id));
	const others = sender.filter(id => common.has(id)).toReversed();
	return [...new Set([...likely, ...others])].slice(0, limit);
};

/** Bytes of stream, as the agent's method `estimate` answers. */
export type SendEstimates = {
	/** Not asked about where an increment is small anyway. */
	readonly full?: number | undefined;
	readonly increments: Readonly<Record<string, number>>;
};

export type BaseChoice =
	| {readonly kind: 'increment'; readonly base: string; readonly bytes: number}

	/** `why`: nothing is common, or every increment would be larger than all of it. */
	| {readonly kind: 'full'; readonly bytes: number; readonly why: 'nothing-common' | 'smaller'};

/** A full send has to be smaller than an increment by so much: estimates are rough, and an increment shares its blocks with what is there. */
const worthFull = 0.9;

/**
The choice by bytes to send; of bases that need as many, the first. A base without an estimate is not taken. A full send is taken instead of an
increment only where it is smaller by a tenth or more.

@param bases - As `commonBases` gave them.
*/
export const chooseBase = (bases: readonly string[], {full, increments}: SendEstimates): BaseChoice => {
	let best: {readonly base: string; readonly bytes: number} | undefined;
	for (const base of bases) {
		const bytes = Object.hasOwn(increments, base) ? increments[base]! : undefined;
		if (bytes !== undefined && bytes >= 0 && (best === undefined || bytes < best.bytes)) {
			best = {base, bytes};
		}
	}

	if (best === undefined) {
		return {kind: 'full', bytes: full ?? 0, why: 'nothing-common'};
	}

	return full !== undefined && full < best.bytes * worthFull ? {kind: 'full', bytes: full, why: 'smaller'} : {kind: 'increment', ...best};
};
