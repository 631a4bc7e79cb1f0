/**
How many files a commit has changed.
*/
import type {Measure} from '../../history/history.ts';

type Counts = Pick<Measure, 'changedBytes' | 'changedFiles'>;

/** A volume that has nothing to be compared with is new as a whole: its bytes are known from what it takes, its files are not walked for that. */
const isCounted = ({changedBytes, changedFiles}: Counts): boolean => changedFiles > 0 || changedBytes === 0;

/**
@returns `undefined` where the files of some volume were not counted: the others alone would be too few.
*/
export const countedFiles = ({changedBytes, changedFiles, volumes}: Measure): number | undefined =>
	[{changedBytes, changedFiles}, ...Object.values(volumes)].every(counts => isCounted(counts)) ? changedFiles : undefined;
