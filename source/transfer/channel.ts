/**
What bulk data go through: the two ends of a pipe to another process, here or behind `ssh`. Never shared with anything else.
*/
import type {Readable, Writable} from 'node:stream';

export type Channel = {
	readonly input: Readable;
	readonly output: Writable;
};

/**
The version of what goes through a channel. Raised whenever a peer of the version before would misunderstand it, and with it `agentProtocol`, which is
compared first.
*/
export const transferProtocol = 4;

/**
What the side that opens a channel asks for, as the first line of it, in JSON: one volume's part of one commit.
*/
export type TransferRequest = {
	readonly protocol: typeof transferProtocol;
	readonly stack: string;
	readonly volume: string;

	/** The snapshot to send, by its id. */
	readonly snapshot: string;

	/** The snapshot that both sides have and that an increment starts from; without one it is a full send. */
	readonly base?: string;

	/** The branch on whose behalf it is sent: what the owner's policy is asked about. */
	readonly branch: string;

	/** Bytes a second that the sender may send at most. */
	readonly limit?: number;

	/** Send the stream as it is, not as differences from the base: the receiver could not make use of them. */
	readonly plain?: true;
};

export type TransferProgress = {
	/** Bytes of the stream that are through, those of earlier tries included. */
	readonly streamBytes: number;

	/** Bytes that went over the line in this try, compressed. */
	readonly wireBytes: number;

	/** Bytes of the stream that an earlier try had brought already. */
	readonly resumedBytes: number;
};
