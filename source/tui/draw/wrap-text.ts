/**
Sentences in lines of a width.
*/
import {displayWidth} from '../../system/display-width.ts';

/** A text in lines of at most so many columns, cut between words. */
export const wrapText = (text: string, width: number): string[] => {
	const indent = /^\s*/v.exec(text)![0];
	const lines: string[] = [];
	let line = indent;
	for (const word of text.trim().split(/ +/v)) {
		if (line.trim() !== '' && displayWidth(line) + displayWidth(word) + 1 > width) {
			lines.push(line);
			line = indent;
		}

		line += line.trim() === '' ? word : ` ${word}`;
	}

	return [...lines, line];
};
