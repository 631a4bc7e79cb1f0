/**
Which part of a list is shown. Without a memory: the cursor decides, so that a list that grows or shrinks is always drawn right.
*/

/**
The first row to show so that the cursor is in sight, in the middle where there are rows on both sides.
*/
export const firstShown = (cursor: number, count: number, height: number): number =>
	Math.max(0, Math.min(cursor - Math.floor(height / 2), count - height));

/** A place that is in the list: the nearest one. 0 for an empty list. */
export const clampIndex = (index: number, count: number): number => Math.max(0, Math.min(index, count - 1));
