/**
The lines of a log that some services and a filter leave: kept up to date line by line, so that a flood costs each line one look.
*/
import type {LogLine} from '../../runtime/runtime.ts';
import {matcher} from '../state/filter.ts';
import type {LogRing} from './log-ring.ts';

export type LogView = {
	/** Takes in what is new and forgets what is gone. */
	update(services: readonly string[] | undefined, filter: string): void;

	/** The number of the oldest line that there is, and the one after the newest. Other services or another filter count anew. */
	readonly first: number;
	readonly end: number;

	/** Lines by their numbers, oldest first. */
	slice(from: number, to: number): LogLine[];
};

export const createLogView = (ring: LogRing): LogView => {
	// Places in the ring; the first ones may be of lines that are gone.
	let places: number[] = [];
	let start = 0;

	// How many were dropped from the front of `places`.
	let dropped = 0;
	let seen = 0;
	let key = '';
	return {
		update(services, filter) {
			const wanted = JSON.stringify([services, filter]);
			if (wanted !== key) {
				key = wanted;
				places = [];
				start = 0;
				dropped = 0;
				seen = ring.first;
			}

			const matches = matcher(filter);
			const names = services === undefined ? undefined : new Set(services);
			for (let place = Math.max(seen, ring.first); place < ring.end; place++) {
				const line = ring.at(place);
				if (line !== undefined && (names?.has(line.service) ?? true) && matches(line.text)) {
					places.push(place);
				}
			}

			seen = ring.end;
			while (start < places.length && places[start]! < ring.first) {
				start++;
			}

			if (!(start > 4096 && start > places.length / 2)) {
				return;
			}

			places = places.slice(start);
			dropped += start;
			start = 0;
		},
		get first() {
			return dropped + start;
		},
		get end() {
			return dropped + places.length;
		},
		slice: (from, to) => places
			.slice(Math.max(start, from - dropped), Math.max(start, to - dropped))
			.map(place => ring.at(place))
			.filter(line => line !== undefined),
	};
};
