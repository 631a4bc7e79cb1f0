/**
What each kind of text looks like: roles, and a table of terminal attributes (ECMA-48, SGR) for each theme.

Components say what a text is, never which colour it has.
*/

export const roles = [
	'text',
	'dim',
	'strong',
	'accent',
	'good',
	'warning',
	'bad',
	'production',
	'border',
	'activeBorder',
	'title',
	'selected',
	'selectedDim',
	'key',
	'branch',
	'tag',
	'remote',
	'id',
	'added',
	'removed',
	'changed',
	'match',
	'bar',
	'lane0',
	'lane1',
	'lane2',
	'lane3',
	'lane4',
	'lane5',
] as const;

export type Role = typeof roles[number];

export const themeNames = ['dark', 'light', 'contrast', 'none'] as const;

export type ThemeName = typeof themeNames[number];

/** SGR parameters of a role; an empty text for plain text. */
type Codes = Readonly<Record<Role, string>>;

const dark: Codes = {
	text: '',
	dim: '90',
	strong: '1',
	accent: '36',
	good: '32',
	warning: '33',
	bad: '31',
	production: '1;97;41',
	border: '90',
	activeBorder: '36',
	title: '1',
	selected: '1;97;44',
	selectedDim: '97;100',
	key: '1;36',
	branch: '32',
	tag: '33',
	remote: '31',
	id: '33',
	added: '32',
	removed: '31',
	changed: '33',
	match: '30;43',
	bar: '32',
	lane0: '36',
	lane1: '35',
	lane2: '32',
	lane3: '34',
	lane4: '33',
	lane5: '31',
};

const themes: Readonly<Record<ThemeName, Codes>> = {
	dark,
	light: {
		...dark, dim: '90', border: '90', accent: '34', activeBorder: '34', selected: '1;97;44', selectedDim: '30;47', key: '1;34', id: '35', warning: '35', changed: '35', tag: '35',
	},
	contrast: {
		...dark, dim: '', border: '97', accent: '1;96', good: '1;92', warning: '1;93', bad: '1;91', activeBorder: '1;93', selected: '1;30;107', selectedDim: '1;4', key: '1;93',
	},
	// Weights only: what matters can still be told apart without colour.
	none: {
		...Object.fromEntries(roles.map(role => [role, ''])) as Record<Role, string>,
		dim: '2', strong: '1', title: '1', key: '1', selected: '7', selectedDim: '4', activeBorder: '1', production: '1;7', bad: '1', warning: '1', match: '7',
	},
};

export type Paint = (role: Role, text: string) => string;

/**
Draws texts in a theme. Each text ends with a full reset, so that none runs into the next.
*/
export const createPaint = (theme: ThemeName): Paint => {
	const codes = themes[theme];
	return (role, text) => text === '' || codes[role] === '' ? text : `\u{1B}[${codes[role]}m${text}\u{1B}[0m`;
};

/** Leaves every text as it is. */
export const noPaint: Paint = (_, text) => text;

/**
The theme to begin with: what the settings say, none with NO_COLOR (no-color.org) or on a dumb terminal, else light where the terminal
has told its background by COLORFGBG, else dark.
*/
export const chooseTheme = (told: ThemeName | undefined, {NO_COLOR: noColor, TERM: terminal, COLORFGBG: ground = ''}: NodeJS.ProcessEnv): ThemeName => {
	if (noColor !== undefined && noColor !== '') {
		return 'none';
	}

	if (told !== undefined) {
		return told;
	}

	if (terminal === 'dumb') {
		return 'none';
	}

	const background = Number(ground.split(';').at(-1));
	return ground !== '' && (background === 7 || background === 15) ? 'light' : 'dark';
};
