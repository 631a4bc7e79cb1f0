/**
Prints what changes as plain lines, for a screen reader: nothing moves, nothing is drawn over.
*/
import process from 'node:process';
import type {View} from '../components/view.ts';
import {announce, describePlace} from '../plain/announce.ts';
import type {Store} from '../state/store.ts';
import type {Drawing} from './drawing.ts';

export const drawPlain = ({store, parts}: {readonly store: Store; readonly parts: Pick<View, 'bindings' | 'logs'>}): Drawing => {
	const {stdout} = process;
	let isSuspended = false;
	const print = (lines: readonly string[]): void => {
		if (!isSuspended && lines.length > 0) {
			stdout.write(lines.map(line => `${line}\r\n`).join(''));
		}
	};

	print(['Coppice. ? lists the keys, : the actions, q quits.']);
	const unsubscribe = store.subscribe((state, before) => {
		print(announce(before, state, parts));
	});
	return {
		async suspend() {
			isSuspended = true;
			return {
				async resume() {
					isSuspended = false;
					print([describePlace(store.getState())]);
				},
			};
		},
		stop() {
			unsubscribe();
		},
	};
};
