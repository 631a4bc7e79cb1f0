/**
Mounts of a service in their short form: `[SOURCE:]TARGET[:OPTIONS]`.

See https://docs.docker.com/reference/compose-file/services/#short-syntax-5. No I/O here.
*/

export type SplitMount = {
	readonly source?: string;
	readonly target: string;
	readonly options: readonly string[];
};

/** Options of the short form that compose or the engine knows. */
export const mountOptions: readonly string[] = [
	'ro', 'rw', 'z', 'Z', 'nocopy', 'cached', 'delegated', 'consistent', 'private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave', 'volume-nocopy',
];

/**
The parts of a short mount, or `undefined` where a part is empty or there are too many.
A drive letter of Windows (`d:/data`) is no source: the text is then one path.
*/
export const splitMount = (text: string): SplitMount | undefined => {
	const parts = text.split(':');
	// As in compose, one letter before a colon is a drive and stays with what follows it.
	for (let index = 0; index < parts.length - 1; index++) {
		if (/^\p{Letter}$/v.test(parts[index]!)) {
			parts.splice(index, 2, `${parts[index]!}:${parts[index + 1]!}`);
		}
	}

	const [first = '', second, options] = parts;
	if (parts.length > 3 || parts.includes('')) {
		return undefined;
	}

	return second === undefined ? {target: first, options: []} : {source: first, target: second, options: options === undefined ? [] : options.split(',')};
};

/**
Whether the source of a short mount is a path on the host rather than the name of a volume.
*/
export const isHostPath = (source: string): boolean => /^[.\/\\~]/v.test(source) || /^\p{Letter}:/v.test(source);
