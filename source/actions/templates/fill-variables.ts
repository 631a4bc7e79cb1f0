/**
Makes a project's `.env` from its `.env.example`: passwords of its own, and ports that are free. The lines stay as they are otherwise.
*/
import {randomInt} from 'node:crypto';

/** What an example holds where a secret belongs. */
const placeholder = 'change-me';

/** Letters and digits alone, so that it can stand in a URL or a command as it is; without those that look alike. */
const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';

/**
A password that nobody guesses: about 140 bits.
*/
export const makePassword = (): string => Array.from({length: 24}, () => alphabet[randomInt(alphabet.length)]).join('');

export type Choices = {
	readonly choosePassword?: () => string;

	/** A free port, the wished one if it can be, and none of those taken already. */
	readonly chooseFreePort: (wished: number, taken: readonly number[]) => Promise<number>;
};

export type FilledVariables = {
	/** The text of `.env`. Holds secrets. */
	readonly text: string;

	/** Each port by its variable: `POSTGRES_PORT`. */
	readonly ports: Readonly<Record<string, number>>;
};

/**
Fills an example in: each `change-me` becomes a password, and the value of each `…_PORT` a port that is free.
*/
export const fillVariables = async (example: string, {choosePassword = makePassword, chooseFreePort}: Choices): Promise<FilledVariables> => {
	const ports: Record<string, number> = {};
	const lines: string[] = [];
	for (const line of example.split('\n')) {
		const {name, value} = /^(?<name>\w+)=(?<value>.*)$/v.exec(line)?.groups ?? {};
		if (name === undefined || value === undefined) {
			lines.push(line);
			continue;
		}

		let filled = value;
		if (value === placeholder) {
			filled = choosePassword();
		} else if (name.endsWith('_PORT') && /^\d+$/v.test(value)) {
			const port = await chooseFreePort(Number(value), Object.values(ports));
			ports[name] = port;
			filled = String(port);
		}

		lines.push(`${name}=${filled}`);
	}

	return {text: lines.join('\n'), ports};
};
