/**
Puts a stream in terms of other uuids and another name: `btrfs send` speaks of subvolumes by the uuids of its own file system, `btrfs receive`
looks a base up by them, and between hosts a snapshot is known by one id.
*/
import {CoppiceError} from '../system/errors.ts';
import type {BytePath} from './byte-path.ts';
import type {StreamCommand, StreamHeader} from './commands.ts';

export type NewIdentity = {
	/** What the snapshot is called. */
	readonly name: BytePath;
	readonly uuid: string;

	/** What the base is called in an increment. */
	readonly baseUuid: string | undefined;
};

/** Numbers of transactions mean nothing on another file system, and `btrfs receive` does not look at them. */
const transaction = 1;

/**
@returns What to do with each command of one stream, in their order: it comes back as it is, the same object, unless it names the stream or its base.
It throws a CoppiceError `failed` where the stream is full and an increment is wanted or the other way round, and where it takes data from
something that is neither itself nor its base.
*/
export const identityRewriter = ({name, uuid, baseUuid}: NewIdentity): (command: StreamHeader | StreamCommand) => StreamHeader | StreamCommand => {
	let own: string | undefined;
	let base: string | undefined;
	return command => {
		switch (command.type) {
			case 'subvol': {
				if (baseUuid !== undefined) {
					throw mismatch('is full, where an increment was asked for');
				}

				own = command.uuid;
				return {
					...command, path: name, uuid, ctransid: transaction,
				};
			}

			case 'snapshot': {
				if (baseUuid === undefined) {
					throw mismatch('is an increment, where a full one was asked for');
				}

				[own, base] = [command.uuid, command.cloneUuid];
				if (own === base) {
					throw mismatch('has the uuid of its base');
				}

				return {
					...command, path: name, uuid, ctransid: transaction, cloneUuid: baseUuid, cloneCtransid: transaction,
				};
			}

			case 'clone': {
				if (command.cloneUuid !== own && command.cloneUuid !== base) {
					throw mismatch('takes data from something that is neither itself nor its base');
				}

				return {...command, cloneUuid: command.cloneUuid === own ? uuid : baseUuid!, cloneCtransid: transaction};
			}

			default: {
				return command;
			}
		}
	};
};

const mismatch = (what: string): CoppiceError => new CoppiceError('failed', `The stream of the snapshot ${what}.`, {hint: 'Run `coppice doctor`: it says what is wrong with the pool.'});
