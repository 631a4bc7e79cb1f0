/**
Characters that things are drawn with, in Unicode and in ASCII.
*/

export type Glyphs = {
	readonly isAscii: boolean;

	/** Corners and lines of a frame: top left, top right, bottom left, bottom right, horizontal, vertical. */
	readonly frame: readonly [string, string, string, string, string, string];
	readonly bullet: string;
	readonly open: string;
	readonly cursor: string;
	readonly spinner: readonly string[];

	/** Eight heights of a bar. */
	readonly bars: readonly string[];
	readonly full: string;
	readonly empty: string;
	readonly arrow: string;
	readonly check: string;
	readonly cross: string;
	readonly dot: string;
};

const unicode: Glyphs = {
	isAscii: false,
	frame: ['╭', '╮', '╰', '╯', '─', '│'],
	bullet: '●',
	open: '○',
	cursor: '▌',
	spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
	bars: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
	full: '█',
	empty: '░',
	arrow: '→',
	check: '✓',
	cross: '✗',
	dot: '·',
};

const ascii: Glyphs = {
	isAscii: true,
	frame: ['+', '+', '+', '+', '-', '|'],
	bullet: '*',
	open: 'o',
	cursor: '_',
	spinner: ['|', '/', '-', '\\'],
	bars: ['_', '.', ',', '-', '=', '+', '#', '@'],
	full: '#',
	empty: '.',
	arrow: '->',
	check: 'v',
	cross: 'x',
	dot: '-',
};

/** Signs in our own texts, each as wide as what it stands for. */
const plainSigns: Readonly<Record<string, string>> = {
	'…': '.', '→': '>', '›': '>', '×': 'x', '–': '-', '·': '-', '✓': 'v', '✗': 'x', '●': '*',
};

/** A line with our own signs in ASCII; names and messages of others stay as they are. */
export const toAscii = (line: string): string => line.replaceAll(/[·×–…›→●✓✗]/gv, sign => plainSigns[sign] ?? sign);

export const glyphsFor = (isAscii: boolean): Glyphs => isAscii ? ascii : unicode;
