/**
Times as the clock on the wall shows them, wherever they stand on the screen.
*/

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');

/** The time of the day of a moment in ISO 8601; nothing where that can't be read. */
export const localClock = (time: string, exactness: 'minutes' | 'seconds' | 'milliseconds' = 'seconds'): string => {
	const date = new Date(time);
	if (Number.isNaN(date.getTime())) {
		return '';
	}

	return [
		`${pad(date.getHours())}:${pad(date.getMinutes())}`,
		exactness === 'minutes' ? '' : `:${pad(date.getSeconds())}`,
		exactness === 'milliseconds' ? `.${pad(date.getMilliseconds(), 3)}` : '',
	].join('');
};

/** Day and time, with how far that is from UTC; the text itself where it can't be read. */
export const localTime = (time: string): string => {
	const date = new Date(time);
	if (Number.isNaN(date.getTime())) {
		return time;
	}

	const offset = -date.getTimezoneOffset();
	const zone = `${offset < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
	return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${localClock(time)} ${zone}`;
};
