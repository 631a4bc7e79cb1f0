/**
How large the image of a pool may be and when it has to grow: decisions only.

The image is sparse: it takes from the disk what was written to it. It must never be able to hold more than the disk can give,
for a loop device that meets a full disk loses writes.
*/

const gibibyte = 2 ** 30;
const mebibyte = 2 ** 20;

/** All in bytes. */
export type ImageState = {
	/** What the image takes of the disk now. */
	readonly allocated: number;

	/** Free space of the disk that the image is on. */
	readonly diskFree: number;
	readonly diskTotal: number;
};

export type GrowthState = ImageState & {
	/** The size of the image, holes included. */
	readonly size: number;

	/** Free space in the pool. */
	readonly poolFree: number;
};

/** What is left to others on the disk: a twentieth, yet at least 512 MiB and at most 10 GiB. */
export const diskReserve = (diskTotal: number): number => Math.min(10 * gibibyte, Math.max(512 * mebibyte, diskTotal / 20));

/** The largest size at which the image can be filled without eating the reserve; whole MiB. */
export const imageLimit = ({allocated, diskFree, diskTotal}: ImageState): number =>
	Math.max(0, Math.floor((allocated + diskFree - diskReserve(diskTotal)) / mebibyte) * mebibyte);

/**
The size that the image should grow to: twice as large, once less than a fifth or 1 GiB of the pool is free.

@param isUrgent - Grow however much is free.
@returns `undefined` where it should stay as it is.
*/
export const nextImageSize = (state: GrowthState, isUrgent = false): number | undefined => {
	const {size, poolFree} = state;
	const isNearlyFull = poolFree < Math.max(gibibyte, size / 5);
	const next = Math.min(size * 2, imageLimit(state));
	return (isNearlyFull || isUrgent) && next - size >= 64 * mebibyte ? next : undefined;
};

/** What can still be written into the pool: what it has, as far as the disk can give it. */
export const freeInPool = ({poolFree, diskFree, diskTotal}: GrowthState): number =>
	Math.max(0, Math.min(poolFree, diskFree - diskReserve(diskTotal)));
