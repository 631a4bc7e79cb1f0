/**
What adopting is going to do, in words for people.
*/
import {formatBytes} from '../system/format.ts';
import type {AdoptionPlan} from './adopt.ts';

/** A line each of what is going to happen. */
export const describePlan = ({volumes, stops, wantedBytes, notices}: AdoptionPlan): string[] => [
	...volumes.map(({volume, engineVolume, bytes, keptAs, replaces}) =>
		`taking over ${volume} (${formatBytes(bytes)}) from the Docker volume ${engineVolume}${keptAs === undefined ? '' : `; the original stays as ${keptAs}`}${
			replaces ? '; older data of it in the pool go into a safety commit' : ''}`),
	wantedBytes === 0 ? 'the pool shares the blocks of what is there' : `the pool needs ${formatBytes(wantedBytes)} for it`,
	stops.length === 0 ? 'no service has to be stopped' : `stopping ${stops.join(', ')} until it is done`,
	...notices,
];
