/**
How wide a text is on a terminal: by what is seen as one character (a grapheme cluster, Unicode Standard Annex #29), not by code points. Measured by
`string-width`, which ink lays out by, with short cuts for what a screen is full of.
*/
import {stripVTControlCharacters} from 'node:util';
import stringWidth from 'string-width';

// Of one column each, and never a part of a larger cluster: ASCII, Latin letters, punctuation, arrows, lines, blocks, Braille (spinners).
// Most texts are of these alone.
const simple = /^[\u{20}-\u{7E}\u{A1}-\u{AC}\u{AE}-\u{2FF}\u{2010}-\u{2027}\u{2190}-\u{21FF}\u{2500}-\u{25FC}\u{2800}-\u{28FF}]*$/v;

// With letters of Chinese, Japanese and Korean as most texts have them: never a part of a larger cluster either.
const single = /^[\u{20}-\u{7E}\u{A1}-\u{AC}\u{AE}-\u{2FF}\u{2010}-\u{2027}\u{2190}-\u{21FF}\u{2500}-\u{25FC}\u{2800}-\u{28FF}\u{3000}-\u{3029}\u{3041}-\u{3096}\u{30A0}-\u{30FF}\u{4E00}-\u{9FFF}\u{AC00}-\u{D7A3}\u{FF01}-\u{FF60}]*$/v;

/** Keeps what was found for the last texts that were not too long: a screen is drawn many times of the same ones. */
const remember = <Found>(find: (text: string) => Found, most: {readonly texts: number; readonly length: number}): (text: string) => Found => {
	const known = new Map<string, Found>();
	return text => {
		const last = known.get(text);
		if (last !== undefined) {
			return last;
		}

		const found = find(text);
		if (text.length <= most.length) {
			if (known.size >= most.texts) {
				known.clear();
			}

			known.set(text, found);
		}

		return found;
	};
};

const clusterWidth = remember(cluster => stringWidth(cluster), {texts: 4096, length: 50});

/** Made when it is first needed: few commands meet such a text. */
let segmenter: Intl.Segmenter | undefined;

const segment = remember((text): readonly string[] => {
	segmenter ??= new Intl.Segmenter();
	return Array.from(segmenter.segment(text), part => part.segment);
}, {texts: 512, length: 1024});

/**
What is seen as one character each: the places where a text may be cut.
*/
export const graphemes = (text: string): readonly string[] => single.test(text) ? [...text] : segment(text);

/**
How many columns of a terminal a text takes.
*/
export const displayWidth = (text: string): number => {
	if (simple.test(text)) {
		return text.length;
	}

	const plain = text.includes('\u{1B}') || text.includes('\u{9B}') ? stripVTControlCharacters(text) : text;
	return simple.test(plain) ? plain.length : graphemes(plain).reduce((columns, cluster) => columns + clusterWidth(cluster), 0);
};
