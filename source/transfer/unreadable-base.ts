/**
A file of the base that the sender can't read: what changed in it is sent in full. Whoever runs the command is told, on either side: a disk may be failing.
*/
import {plainText} from '../host/agent-errors.ts';
import {longestText} from './left-out.ts';
import type {TransferNotice} from './notice.ts';

export type UnreadableBase = {
	readonly path: string;

	/** What the system said. */
	readonly cause: string;
};

/** As much of it as goes over the line. */
export const boundUnreadable = ({path, cause}: UnreadableBase): UnreadableBase => ({path: path.slice(0, longestText), cause: cause.slice(0, longestText)});

/**
What is told of it to people, on the sender's side (`here`) or the receiver's (`there`).
*/
export const unreadableNotice = ({path, cause}: UnreadableBase, where: 'here' | 'there'): TransferNotice => ({
	kind: 'damaged',
	bytes: 0,
	message: `${plainText(path)} can't be read ${where} in the snapshot that both sides have, so what changed in it is sent in full (${plainText(cause)}).`,
});
