/**
Amounts of bytes as people write them.
*/
const unitBytes: Readonly<Record<string, number>> = {
	'': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3,
};

/**
A number of bytes: `500K`, `5M`, `1.5G`, or a plain number; `undefined` for what is none, and for less than one.
*/
export const readBytes = (text: string): number | undefined => {
	const match = /^(?<number>\d{1,15}(?:\.\d{1,3})?)(?<unit>[gkm]?)(?:i?b)?$/iv.exec(text);
	const bytes = match === null ? 0 : Math.floor(Number(match.groups!.number) * unitBytes[match.groups!.unit!.toLowerCase()]!);
	return bytes < 1 ? undefined : bytes;
};

/** What is wrong with a text that is no number of bytes. */
export const bytesExpected = 'Give bytes, such as 500K, 5M or 1.5G.';
