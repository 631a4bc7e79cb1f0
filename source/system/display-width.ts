/**
How wide a text is on a terminal: by what is seen as one character (a grapheme cluster, Unicode Standard Annex #29), not by code points. The same
rules as those of `string-width`, which ink lays out by.
*/
import {stripVTControlCharacters} from 'node:util';

// Of one column each, and never a part of a larger cluster: ASCII, Latin letters, punctuation, arrows, lines, blocks, Braille (spinners).
// Most texts are of these alone.
const simple = /^[\u{20}-\u{7E}\u{A1}-\u{AC}\u{AE}-\u{2FF}\u{2010}-\u{2027}\u{2190}-\u{21FF}\u{2500}-\u{25FC}\u{2800}-\u{28FF}]*$/v;

// With letters of Chinese, Japanese and Korean as most texts have them: never a part of a larger cluster either.
const single = /^[\u{20}-\u{7E}\u{A1}-\u{AC}\u{AE}-\u{2FF}\u{2010}-\u{2027}\u{2190}-\u{21FF}\u{2500}-\u{25FC}\u{2800}-\u{28FF}\u{3000}-\u{3029}\u{3041}-\u{3096}\u{30A0}-\u{30FF}\u{4E00}-\u{9FFF}\u{AC00}-\u{D7A3}\u{FF01}-\u{FF60}]*$/v;

// Of two columns: emoji that are shown as pictures by themselves, and East Asian wide and full-width characters (Unicode Standard Annex #11).
const wide = /^[\u{1100}-\u{115F}\u{2329}\u{232A}\u{2630}-\u{2637}\u{268A}-\u{268F}\u{2E80}-\u{303E}\u{3041}-\u{3247}\u{3250}-\u{A4C6}\u{A960}-\u{A97C}\u{AC00}-\u{D7A3}\u{F900}-\u{FAFF}\u{FE10}-\u{FE19}\u{FE30}-\u{FE6B}\u{FF01}-\u{FF60}\u{FFE0}-\u{FFE6}\u{16FE0}-\u{1B2FB}\u{1D300}-\u{1D376}\u{1F200}-\u{1F265}\u{1F6D9}\u{1F7DA}\u{1FA8B}-\u{1FAFA}\u{20000}-\u{3FFFD}[\p{Emoji_Presentation}--\p{Regional_Indicator}]]/v;

const visible = /[^\p{Default_Ignorable_Code_Point}\p{Control}\p{Enclosing_Mark}\p{Format}\p{Nonspacing_Mark}\p{Surrogate}]/v;

// What takes room of its own after the first character of a cluster: vowel signs of Indic scripts, marks of half-width kana.
const additional = /[\p{Spacing_Mark}\u{FF00}-\u{FFEF}]/v;

const emoji = /^\p{RGI_Emoji}$/v;
const keycap = /^[\d#*]\u{20E3}$/v;
const pictures = /\p{Extended_Pictographic}/gv;

// Syllables that are written in parts (Hangul jamo): a leading part with a vowel, and what may end it, is one character of two columns.
const jamo = /[\u{1100}-\u{11FF}\u{A960}-\u{A97C}\u{D7B0}-\u{D7FB}]/v;
const syllable = /[\u{1100}-\u{115F}\u{A960}-\u{A97C}][\u{1160}-\u{11A7}\u{D7B0}-\u{D7C6}][\u{11A8}-\u{11FF}\u{D7CB}-\u{D7FB}]?/gv;

const columnsOf = (character: string): number => wide.test(character) ? 2 : 1;

const sum = (characters: Iterable<string>): number => [...characters].reduce((columns, character) => columns + columnsOf(character), 0);

const measureCluster = (cluster: string): number => {
	const start = cluster.search(visible);
	if (start === -1) {
		return 0;
	}

	// What is longer is no emoji, and not worth a look at all of it.
	const isShort = cluster.length <= 50;
	if (isShort && (emoji.test(cluster) || keycap.test(cluster) || (cluster.includes('\u{200D}') && (cluster.match(pictures)?.length ?? 0) >= 2))) {
		return 2;
	}

	const shown = cluster.slice(start);
	if (jamo.test(String.fromCodePoint(shown.codePointAt(0)!))) {
		// A full-width blank stands for each whole syllable.
		return sum([...shown.replaceAll(syllable, '\u{3000}')].filter(character => visible.test(character)));
	}

	const [first, ...others] = shown;
	return columnsOf(first!) + sum(others.filter(character => additional.test(character)));
};

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

const clusterWidth = remember(measureCluster, {texts: 4096, length: 50});

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
