/**
The steps that verbs are made of, as plain values: they can be written to the journal, and running one twice does no harm.
*/
import type {Commit} from '../../history/commit.ts';
import type {Operation} from '../../history/operation.ts';
import type {StopMode} from '../../runtime/runtime.ts';

export type Step =
	| EngineVolumeStep
	| {readonly do: 'stop'; readonly services: readonly string[]; readonly mode: StopMode}

	/** `plainly`: as compose does it by itself, for services whose volumes are no longer what the runtime was told, or not yet. */
	| {readonly do: 'start'; readonly services: readonly string[]; readonly plainly?: true}

	/** Starts what the definition of a commit has, and stops what it has not. */
	| {readonly do: 'start-by-definition'; readonly commit: string}
	| {readonly do: 'create'; readonly volume: string; readonly branch: string}
	| {readonly do: 'stage'; readonly volume: string; readonly snapshot: string; readonly staged: string}
	| {readonly do: 'unstage'; readonly volume: string; readonly staged: string}
	| {readonly do: 'swap'; readonly volume: string; readonly branch: string; readonly staged: string; readonly keepAs?: string}
	| {readonly do: 'retire'; readonly volume: string; readonly branch: string; readonly keepAs: string}
	| {readonly do: 'rename'; readonly volume: string; readonly from: string; readonly to: string}
	| {readonly do: 'link'; readonly volume: string; readonly branch: string}
	| {readonly do: 'snapshot'; readonly branch: string; readonly snapshots: Readonly<Record<string, string>>}
	| {readonly do: 'discard-snapshot'; readonly volume: string; readonly snapshot: string}
	| {readonly do: 'write-commit'; readonly commit: Commit}
	| {readonly do: 'set-branch'; readonly branch: string; readonly commit: string | null; readonly reason: string}
	| {readonly do: 'remove-branch'; readonly branch: string; readonly reason: string}
	| {readonly do: 'set-head'; readonly branch: string}
	| {readonly do: 'set-tag'; readonly tag: string; readonly commit: string}
	| {readonly do: 'remove-tag'; readonly tag: string}
	| {readonly do: 'remove-commit'; readonly commit: string; readonly snapshots: Readonly<Record<string, string>>}
	| {readonly do: 'restore-commit'; readonly commit: string; readonly snapshots: Readonly<Record<string, string>>}
	| {readonly do: 'empty-trash'; readonly volume: string; readonly snapshots: readonly string[]}
	| {readonly do: 'operation'; readonly operation: Operation}
	| {readonly do: 'together'; readonly steps: readonly Step[]};

/**
Steps on volumes of the container engine, which is told nothing of pools by the others. `engineVolume` is a name there.
*/
export type EngineVolumeStep =
	/** Moves the data of a volume aside, to the volume `keptAs`, once the staged clone of `snapshot` is known to hold the same. */
	| {
		readonly do: 'take-original';
		readonly volume: string;
		readonly engineVolume: string;
		readonly keptAs: string;
		readonly filling: string;
		readonly snapshot: string;
		readonly staged: string;

		/** Of the original when it was copied. */
		readonly fingerprint: string;
	}

	/** Makes the engine's volume stand for the volume in the pool. */
	| {readonly do: 'manage'; readonly volume: string; readonly engineVolume: string}

	/** Makes the engine's volume a plain one again, with the data that `filling` holds. */
	| {
		readonly do: 'give-back';
		readonly volume: string;
		readonly engineVolume: string;
		readonly filling: string;

		/** Of the live data when they were copied. */
		readonly fingerprint: string;
	}
	| {readonly do: 'discard-filling'; readonly volume: string; readonly filling: string}
	| {readonly do: 'record-adopted'; readonly volumes: readonly string[]}
	| {readonly do: 'forget-project'};

/**
A step that is not made of others.
*/
export type SingleStep = Exclude<Step, {readonly do: 'together'}>;

/**
Steps side by side; one alone stands for itself.
*/
export const together = (steps: readonly Step[]): Step => steps.length === 1 ? steps[0]! : {do: 'together', steps};

const list = (names: readonly string[]): string => names.join(', ');

/**
A step in words for people, or `undefined` for one too small to mention.
*/
export const describeStep = (step: SingleStep): string | undefined => {
	switch (step.do) {
		case 'stop': {
			return step.services.length === 0 ? undefined : `stopping ${list(step.services)}`;
		}

		case 'start': {
			return step.services.length === 0 ? undefined : `starting ${list(step.services)}`;
		}

		case 'stage': {
			return `cloning ${step.volume}`;
		}

		case 'take-original': {
			return `keeping the original of ${step.volume} as ${step.keptAs}`;
		}

		case 'give-back': {
			return `giving ${step.volume} back to Docker`;
		}

		case 'retire': {
			return `keeping ${step.volume} of ${step.branch}`;
		}

		case 'remove-commit': {
			return `removing ${step.commit.slice(0, 8)}`;
		}

		case 'restore-commit': {
			return `restoring ${step.commit.slice(0, 8)}`;
		}

		case 'empty-trash': {
			return step.snapshots.length === 0 ? undefined : `freeing ${step.snapshots.length} snapshots of ${step.volume}`;
		}

		default: {
			return undefined;
		}
	}
};

/**
What a step does and to what, for the names of failpoints.
*/
export const nameStep = (step: Step): string => {
	if (step.do === 'together') {
		return step.steps.map(inner => nameStep(inner)).join('+');
	}

	return 'volume' in step ? `${step.do} ${step.volume}` : step.do;
};
