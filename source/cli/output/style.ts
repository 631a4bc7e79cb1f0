/**
Colours and weights of text, or none of them.
*/
import {styleText} from 'node:util';

const formats = ['bold', 'dim', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan'] as const;

export type Format = typeof formats[number];
export type Style = Readonly<Record<Format, (text: string) => string>>;

/**
Whether to colour: what the user said on the command line, else `NO_COLOR` (no-color.org), else `FORCE_COLOR`, else a terminal that
can do it.
*/
export const shouldColor = ({told, environment, isTerminal}: {told?: boolean; environment: NodeJS.ProcessEnv; isTerminal: boolean}): boolean => {
	if (told !== undefined) {
		return told;
	}

	const {NO_COLOR: noColor, FORCE_COLOR: forceColor, TERM: terminal} = environment;
	if (noColor !== undefined && noColor !== '') {
		return false;
	}

	return forceColor !== undefined && forceColor !== '' ? forceColor !== '0' && forceColor !== 'false' : isTerminal && terminal !== 'dumb';
};

/**
The eight ways to draw text, each of which leaves it as it is where there is no colour.
*/
export const createStyle = (hasColor: boolean): Style =>
	Object.fromEntries(formats.map(format => [
		format,
		(text: string) => hasColor && text !== '' ? styleText(format, text, {validateStream: false}) : text,
	])) as Record<Format, (text: string) => string>;
