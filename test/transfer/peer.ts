/**
One side of a transfer as a process of its own, over its standard streams, so that it can be killed: `peer.ts send|receive OPTIONS`, OPTIONS in JSON.
*/
import process from 'node:process';
import {receiveStream} from '../../source/transfer/receive-stream.ts';
import {sendStream} from '../../source/transfer/send-stream.ts';
import {standardChannel} from '../../source/transfer/standard-channel.ts';
import {digest, type MadeStream, makeStream} from './made-stream.ts';

export type PeerOptions = {
	readonly folder?: string;
	readonly stream?: MadeStream;
	readonly base?: string;

	/** Whether the spool is read and removed, as when it is applied. */
	readonly applies?: boolean;
};

const [role, words = '{}'] = process.argv.slice(2);
const options = JSON.parse(words) as PeerOptions;
const channel = standardChannel();
if (role === 'send') {
	await sendStream(channel, {open: () => makeStream(options.stream!)});
} else {
	const received = await receiveStream(channel, {
		folder: options.folder!,
		expects: {snapshot: 'a', ...(options.base !== undefined && {base: options.base})},
		async check(stream) {
			await digest(stream);
		},
	});
	if (options.applies === true) {
		await digest(received.open());
		await received.remove();
	}
}

process.stderr.write(`${JSON.stringify({peak: process.resourceUsage().maxRSS * 1024})}\n`);
// eslint-disable-next-line unicorn/no-process-exit -- Standard input stays open.
process.exit(0);
