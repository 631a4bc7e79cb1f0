/**
How wide a text is on a terminal.
*/
import {stripVTControlCharacters} from 'node:util';

// Takes two columns of a terminal: East Asian wide and full-width characters, and emoji (Unicode Standard Annex #11).
const wide = /[\u{1100}-\u{115F}\u{2E80}-\u{303E}\u{3041}-\u{A4CF}\u{AC00}-\u{D7A3}\u{F900}-\u{FAFF}\u{FE30}-\u{FE6F}\u{FF01}-\u{FF60}\u{FFE0}-\u{FFE6}\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/gv;

/**
How many columns of a terminal a text takes.
*/
export const displayWidth = (text: string): number => {
	const plain = stripVTControlCharacters(text);
	const characters = /^[\u{20}-\u{7E}]*$/v.test(plain) ? plain.length : [...plain].length;
	return characters + (plain.match(wide)?.length ?? 0);
};
