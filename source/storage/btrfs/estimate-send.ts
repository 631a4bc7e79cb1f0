/**
How long a stream of `btrfs send` would be, found by asking for it without its data.
*/
import {writeSize} from '../../stream/encode-stream.ts';
import {decodeParts} from '../../stream/decode-stream.ts';
import {sendNatively} from './native-send.ts';

/** Bytes of a write beside its data, with a path of usual length. */
const aroundWrite = 60;

/**
Bytes of the stream from one snapshot to another: reads metadata only, so it takes as long as much changed.

@throws CoppiceError `failed` when `btrfs send` fails.
*/
export const estimateNatively = async (from: string, to: string): Promise<number> => {
	let bytes = 0;
	for await (const {command, size} of decodeParts(sendNatively(from, to, {skipsData: true}))) {
		bytes += command.type === 'update_extent' ? command.size + (Math.ceil(command.size / writeSize) * aroundWrite) : size;
	}

	return bytes;
};
