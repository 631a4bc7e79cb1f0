/**
Which commits to keep and which to remove, by count and age. Pure: no clock, no files.

Of each branch, the newest commit of each hour, day, … is kept up to the age that a rule gives: periods are those of UTC, weeks begin on
Monday. A commit that is kept by no rule, no count and no protection is removed. Safety commits are not counted and go by their age alone.
*/
import type {KeepRule, Period} from './keep-rules.ts';

export {parseKeep, type KeepRule, type Period} from './keep-rules.ts';

export type RetentionCommit = {
	readonly id: string;

	/** ISO 8601. */
	readonly time: string;
	readonly kind: 'commit' | 'safety';
	readonly branch: string;
};

export type RetentionRequest = {
	readonly commits: readonly RetentionCommit[];

	/** Without rules and `keepLast`, all but old safety commits are kept. */
	readonly rules: readonly KeepRule[];

	/** Keeps the last N of each branch. */
	readonly keepLast?: number;

	/** Tips of branches, tags, bases shared with other hosts: kept whatever the rules say. */
	readonly protectedIds: ReadonlySet<string>;
	readonly now: Date;

	/** Safety commits are kept so long; 7 days unless told. */
	readonly safetyDays?: number;
};

export type RetentionDecision = {
	/** In the order of the commits given. */
	readonly keep: ReadonlyArray<{readonly id: string; readonly why: string}>;
	readonly remove: readonly string[];
};

const day = 86_400_000;

/** 5 January 1970 was a Monday. */
const firstMonday = 4 * day;

/**
What the commits of one hour, day, … have in common; of those, the newest stays.
*/
const bucketOf = (time: number, period: Exclude<Period, 'all'>): string | number => {
	switch (period) {
		case 'hourly': {
			return Math.floor(time / 3_600_000);
		}

		case 'daily': {
			return Math.floor(time / day);
		}

		case 'weekly': {
			return Math.floor((time - firstMonday) / (7 * day));
		}

		case 'monthly': {
			return new Date(time).toISOString().slice(0, 7);
		}

		case 'yearly': {
			return new Date(time).toISOString().slice(0, 4);
		}
	}
};

type Candidate = RetentionCommit & {readonly milliseconds: number};

/** The newest of each period that the rule covers. */
const keptBy = ({milliseconds, period}: KeepRule, newestFirst: readonly Candidate[], now: Date): readonly string[] => {
	const covered = newestFirst.filter(commit => now.getTime() - commit.milliseconds <= milliseconds);
	const buckets = period === 'all' ? [covered] : [];
	if (period !== 'all') {
		for (const bucket of Map.groupBy(covered, commit => bucketOf(commit.milliseconds, period)).values()) {
			buckets.push(bucket.slice(0, 1));
		}
	}

	return buckets.flat().map(({id}) => id);
};

const keepByRules = (newestFirst: readonly Candidate[], {rules, keepLast = 0, now}: RetentionRequest): Map<string, string> => {
	const reasons = new Map<string, string>();
	const add = (id: string, why: string) => {
		if (!reasons.has(id)) {
			reasons.set(id, why);
		}
	};

	for (const {id} of newestFirst.slice(0, keepLast)) {
		add(id, `one of the last ${keepLast} of its branch`);
	}

	for (const rule of rules) {
		for (const id of keptBy(rule, newestFirst, now)) {
			add(id, `kept by the rule ${rule.text}`);
		}
	}

	return reasons;
};

/**
Decides what to keep and what to remove. Deciding again over what was kept removes nothing more at the same time.
*/
export const decideRetention = (request: RetentionRequest): RetentionDecision => {
	const {commits, rules, keepLast, protectedIds, now, safetyDays = 7} = request;
	const isLimited = rules.length > 0 || keepLast !== undefined;
	const reasons = new Map<string, string>();
	const candidates: Candidate[] = [];
	for (const commit of commits) {
		const milliseconds = Date.parse(commit.time);
		if (Number.isNaN(milliseconds)) {
			reasons.set(commit.id, 'its time can\'t be read');
		} else if (milliseconds > now.getTime()) {
			reasons.set(commit.id, 'its time is in the future: a clock is wrong');
		} else if (commit.kind === 'commit') {
			candidates.push({...commit, milliseconds});
		} else if (now.getTime() - milliseconds <= safetyDays * day) {
			reasons.set(commit.id, `a safety commit of the last ${safetyDays} days`);
		}
	}

	for (const ofBranch of Map.groupBy(candidates, ({branch}) => branch).values()) {
		const newestFirst = ofBranch.toSorted((a, b) => a.milliseconds === b.milliseconds ? b.id.localeCompare(a.id) : b.milliseconds - a.milliseconds);
		const kept = isLimited ? keepByRules(newestFirst, request) : new Map(newestFirst.map(({id}) => [id, 'no rule limits commits']));
		for (const [id, why] of kept) {
			reasons.set(id, why);
		}
	}

	// Said last: what protects a commit is the better reason.
	for (const {id} of commits) {
		if (protectedIds.has(id)) {
			reasons.set(id, 'a branch, a tag or another host needs it');
		}
	}

	return {
		keep: commits.flatMap(({id}) => {
			const why = reasons.get(id);
			return why === undefined ? [] : [{id, why}];
		}),
		remove: commits.filter(({id}) => !reasons.has(id)).map(({id}) => id),
	};
};
