/**
What people are told while a stream is on its way, beside how far it is.
*/

export type TransferNotice = {
	/**
	`resumed`: what an earlier try brought is used. `started-over`: it was there, and the stream is no longer the one that it began, so all of it is sent.
	`discarded`: what was there belonged to another request, or was damaged. `damaged`: a file of the sender's base can't be read.
	*/
	readonly kind: 'resumed' | 'started-over' | 'discarded' | 'damaged';

	/** One sentence for people. */
	readonly message: string;

	/** Bytes that it is about: of the stream, or for what was discarded as it lay on the disk. */
	readonly bytes: number;
};
