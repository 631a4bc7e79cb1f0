/**
How a branch of another host and ours have moved apart, in words for people.
*/
import type {RemoteBranch} from '../remote.ts';

/** `main is 2 ahead, 1 behind`; nothing where it is not known. */
export const describeDrift = ({ours, ahead, behind, data}: RemoteBranch): string => {
	if (ours === undefined) {
		return 'no branch of ours';
	}

	if (ahead === undefined || behind === undefined) {
		return data === 'unknown' ? `${ours} is behind or apart: fetch it` : '';
	}

	if (ahead === 0 && behind === 0) {
		return `same as ${ours}`;
	}

	const parts = [...ahead > 0 ? [`${ahead} ahead`] : [], ...behind > 0 ? [`${behind} behind`] : []];
	return `${ours} is ${parts.join(', ')}`;
};
