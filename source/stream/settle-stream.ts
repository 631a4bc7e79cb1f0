/**
Makes of a stream what is the same whenever it is made, and says nothing of how the folder that holds the data is kept where it comes from.
*/
import {CoppiceError} from '../system/errors.ts';
import {bytePathToText} from './byte-path.ts';
import type {StreamCommand, StreamHeader, StreamTime} from './commands.ts';

/** A time as a stream has it; from milliseconds since 1970. */
export const millisecondsToStreamTime = (milliseconds: number): StreamTime => {
	const whole = Math.floor(milliseconds);
	const seconds = Math.floor(whole / 1000);
	return {seconds, nanoseconds: (whole - (seconds * 1000)) * 1_000_000};
};

/** Sets all three times to one. */
export const setTimes = (path: string, time: StreamTime): Extract<StreamCommand, {type: 'utimes'}> => ({
	type: 'utimes', path, atime: time, mtime: time, ctime: time,
});

/** Whether a command is about the root, and concerns only how it is kept. */
export const isAboutRoot = (command: StreamHeader | StreamCommand): boolean => {
	switch (command.type) {
		case 'chmod':
		case 'chown':
		case 'utimes':
		case 'set_xattr':
		case 'remove_xattr': {
			return command.path === '';
		}

		default: {
			return false;
		}
	}
};

/** The commands that `settle` may change. */
export const settledCommands = ['chmod', 'chown', 'utimes', 'set_xattr', 'remove_xattr', 'mknod', 'end'] as const;

/**
What there is in place of a command: nothing of the root; nothing of when files were read last and their inodes changed, which changes by looking
and can't be set; and at the end when the snapshot was taken.

@param takenAt - Milliseconds since 1970: the root's time of modification in the stream.
@throws CoppiceError `failed` for a device node, which no receiver takes.
*/
export const settle = <Command extends StreamHeader | StreamCommand>(command: Command, takenAt: number): ReadonlyArray<Command | StreamCommand> => {
	if (isAboutRoot(command)) {
		return [];
	}

	switch (command.type) {
		case 'utimes': {
			return [setTimes(command.path, command.mtime)];
		}

		case 'mknod': {
			throw new CoppiceError('failed', `The data hold a device node, which can't be sent: ${bytePathToText(command.path)}.`, {
				hint: 'Remove it, or use a volume of its own for it, and commit again.',
			});
		}

		case 'end': {
			return [setTimes('', millisecondsToStreamTime(takenAt)), command];
		}

		default: {
			return [command];
		}
	}
};
