/**
One frame of a stream, smaller and back. Each is a Zstandard frame of its own (RFC 8878), made and read on the thread pool, so several at once
use several processors.
*/
import type {Buffer} from 'node:buffer';
import {promisify} from 'node:util';
import zlib from 'node:zlib';
import {isSystemError} from '../system/errors.ts';
import {badMessage, type DataMessage, frameSize} from './codec.ts';

const {ZSTD_c_compressionLevel: compressionLevel, ZSTD_c_windowLog: windowLog, ZSTD_d_windowLogMax: largestWindowLog} = zlib.constants;

const level = 1;
const frameSizeLog = Math.log2(frameSize);

/**
Room for any frame, compressed (`ZSTD_COMPRESSBOUND` of zstd.h): with that, zstd works in one pass and without buffers of its own.
*/
const compressBound = frameSize + (frameSize / 256);

const compress = promisify<Uint8Array, zlib.ZstdOptions, Buffer>(zlib.zstdCompress);
const decompress = promisify<Uint8Array, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress);

export type CompressedFrame = Pick<DataMessage, 'isCompressed' | 'payload'>;

/**
The frame as it goes over the line: as it is, sharing its memory, where compressing would save nothing.
*/
export const compressFrame = async (raw: Buffer): Promise<CompressedFrame> => {
	const payload = await compress(raw, {
		chunkSize: compressBound,
		pledgedSrcSize: raw.length,
		params: {[compressionLevel]: level, [windowLog]: frameSizeLog},
	});
	return payload.length < raw.length ? {isCompressed: true, payload} : {isCompressed: false, payload: raw};
};

/**
The frame as it was: exactly so many bytes as it says, or an error; never more memory than that.

@throws CoppiceError `failed` for what is no such frame.
*/
export const decompressFrame = async ({isCompressed, payload, rawLength}: Pick<DataMessage, 'isCompressed' | 'payload' | 'rawLength'>): Promise<Buffer> => {
	if (!isCompressed) {
		return payload;
	}

	let raw: Buffer;
	try {
		raw = await decompress(payload, {
			// With room for not one byte more, zlib would set aside as much again, to see whether anything follows.
			chunkSize: rawLength + 64,
			maxOutputLength: rawLength,
			params: {[largestWindowLog]: frameSizeLog},
		});
	} catch (error) {
		throw badMessage(isSystemError(error, 'ERR_BUFFER_TOO_LARGE')
			? `a frame that has more than the ${rawLength} bytes that it says it has`
			: 'a frame that can\'t be decompressed');
	}

	if (raw.length !== rawLength) {
		throw badMessage(`a frame of ${raw.length} bytes that says it has ${rawLength}`);
	}

	return raw;
};
