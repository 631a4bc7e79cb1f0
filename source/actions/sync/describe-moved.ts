/**
What went over the line, in words for people.
*/
import {formatBytes, formatCount} from '../../system/format.ts';
import type {Fetched} from './fetch-into.ts';

type Moved = Pick<Fetched, 'streamBytes' | 'wireBytes' | 'resumedBytes' | 'snapshots'>;

/** `2 snapshots (1 in full), 31.2 MiB as 9.1 MiB over the line`; nothing where nothing went. */
export const describeMoved = ({streamBytes, wireBytes, resumedBytes, snapshots}: Moved): string => {
	if (snapshots.length === 0) {
		return '';
	}

	const full = snapshots.filter(({kind}) => kind === 'full').length;
	const resumed = resumedBytes > 0 ? `; ${formatBytes(resumedBytes)} were there from an earlier try` : '';
	return `${formatCount(snapshots.length, 'snapshot')}${full > 0 ? ` (${full} in full)` : ''}, ${formatBytes(streamBytes)} as ${formatBytes(wireBytes)} over the line${resumed}`;
};
