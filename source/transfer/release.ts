/**
Memory of frames that are through, given back at once. The collector knows little of memory outside its own heap and lets tens of megabytes of it
gather, which is more than everything else that a transfer needs.
*/
import {Buffer} from 'node:buffer';

/**
Frees the memory under some bytes. To be called by their only user, who has got them from where each has memory of its own; they are of length 0 afterwards.
*/
export const release = ({buffer}: Buffer): void => {
	// Small buffers share theirs with strangers.
	if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) {
		buffer.transfer(0);
	}
};
