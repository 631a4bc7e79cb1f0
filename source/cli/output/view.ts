/**
How text for people is drawn: colours, width, and the time that ages are counted from. Given to the renderers, so that they stay pure.
*/
import type {Style} from './style.ts';

export type View = {
	readonly style: Style;

	/** Width of the terminal; 80 where there is none. */
	readonly columns: number;
	readonly now: Date;

	/** Whether lines are drawn with ASCII characters only. */
	readonly isAscii: boolean;
};

/**
Whether the user's locale names a character set other than UTF-8. One that is not set is taken for UTF-8, as in most containers.
*/
export const hasAsciiLocale = ({LC_ALL: all, LC_CTYPE: type, LANG: language}: NodeJS.ProcessEnv): boolean => {
	const locale = [all, type, language].find(value => value !== undefined && value !== '');
	return locale !== undefined && !/utf-?8/iv.test(locale);
};
