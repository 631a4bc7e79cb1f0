/**
What a frame has to be before any of it is believed, over the line and from the disk alike.
*/
import type {Buffer} from 'node:buffer';
import {type Chain, sha256} from './chain.ts';
import {badMessage, type DataMessage, frameSize} from './codec.ts';
import type {FrameDecompressor} from './frame-window.ts';

/**
The frame as it is in the stream, held against its hash. To be called for one after the other, without waiting for those before.

@throws CoppiceError `failed` if it is damaged.
*/
export const unpackFrame = async (message: DataMessage, frames: FrameDecompressor): Promise<Buffer> => {
	const raw = await frames.decompress(message);
	if (!sha256(raw).equals(message.hash)) {
		throw badMessage(`frame ${message.number} is not what its hash says: it was damaged on its way`);
	}

	return raw;
};

/**
Adds a frame to the chain of those before it.

@throws CoppiceError `failed` if it is not the next one, or follows the last.
*/
export const chainFrame = (chain: Chain, {number, rawLength, hash, chain: told}: DataMessage): void => {
	if (number !== chain.frames) {
		throw badMessage(`frame ${number} where frame ${chain.frames} belongs`);
	}

	if (chain.streamBytes !== chain.frames * frameSize) {
		throw badMessage(`frame ${number} follows the last one, which was shorter`);
	}

	if (!chain.after(hash).equals(told)) {
		throw badMessage(`frame ${number} does not go on from those before it`);
	}

	chain.add(hash, rawLength);
};
