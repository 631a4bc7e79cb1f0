/**
Durations as compose writes them: `1m30s`, `500ms`, `1.5h` (the format of Go's `time.ParseDuration`).
*/

const units: Readonly<Record<string, number>> = {
	ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000,
};

/**
Milliseconds of a duration, or `undefined` where the text is none.
*/
export const parseDuration = (text: string): number | undefined => {
	if (text === '0') {
		return 0;
	}

	if (!/^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|[hms]))+$/v.test(text)) {
		return undefined;
	}

	let milliseconds = 0;
	for (const part of text.split(/(?<=[hmnsuµ])(?=[\d.])/v)) {
		const [amount = ''] = /^[\d.]+/v.exec(part) ?? [];
		milliseconds += Number(amount) * units[part.slice(amount.length)]!;
	}

	return milliseconds;
};
