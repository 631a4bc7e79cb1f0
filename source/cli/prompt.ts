/**
Asks before something that would be lost, or which of several ways to go, on a terminal only; a script says `--yes` or gives an option.
*/
import process from 'node:process';
import {CoppiceError} from '../system/errors.ts';
import type {Choosing, Chosen, Confirmation} from './verb.ts';

type Ask = (question: string) => Promise<string>;

/**
Asks on the standard error, line by line.

@throws CoppiceError `interrupted` at Ctrl-C.
*/
const withQuestions = async <Answer>(signal: AbortSignal, run: (ask: Ask) => Promise<Answer>): Promise<Answer> => {
	const {createInterface} = await import('node:readline/promises');
	const questions = createInterface({input: process.stdin, output: process.stderr});
	try {
		// While a line is being read, readline gets the Ctrl-C of the terminal; it goes on to whoever answers it.
		questions.on('SIGINT', () => {
			process.kill(process.pid, 'SIGINT');
		});
		return await run(async question => {
			// At the end of the input the question would stay open for ever.
			const ended = new AbortController();
			const end = (): void => {
				ended.abort();
			};

			questions.once('close', end);
			try {
				const answer = await questions.question(question, {signal: AbortSignal.any([signal, ended.signal])});
				return answer.trim();
			} finally {
				questions.off('close', end);
			}
		});
	} catch (error) {
		if (error instanceof Error && error.name === 'AbortError') {
			process.stderr.write('\n');
			throw new CoppiceError('interrupted', 'Interrupted: nothing was changed.', {cause: error});
		}

		throw error;
	} finally {
		questions.close();
	}
};

/**
@throws CoppiceError `usage` where nobody can be asked, `failed` when the answer is no, `interrupted` at Ctrl-C.
*/
export const askToConfirm = async (
	{what, lost, way, typed}: Confirmation,
	{isInteractive, signal}: {isInteractive: boolean; signal: AbortSignal},
): Promise<void> => {
	if (!isInteractive) {
		throw new CoppiceError('usage', `${what} has to be confirmed, and there is no terminal to ask on.`, {
			hint: 'Add `--yes` to confirm it without being asked.',
		});
	}

	process.stderr.write(`${what}:\n${lost.map(line => `  ${line}\n`).join('')}${way}\n`);
	const answer = await withQuestions(signal, async ask => ask(typed === undefined ? 'Go on? [y/N] ' : `Type ${typed} to go on: `));
	const isYes = typed === undefined ? ['y', 'yes'].includes(answer.toLowerCase()) : answer === typed;
	if (!isYes) {
		throw new CoppiceError('failed', 'Not confirmed: nothing was changed.');
	}
};

/**
Asks which of several ways to go. Any other answer, an empty one too, is none of them. To be called on a terminal only.

@returns The key and the text that was asked for; `undefined` for none of them.
@throws CoppiceError `interrupted` at Ctrl-C.
*/
export const askToChoose = async (
	{what, choices, none}: Choosing,
	{signal}: {signal: AbortSignal},
): Promise<Chosen | undefined> => {
	process.stderr.write(`${what}\n${choices.map(({key, label}) => `  ${key}  ${label}\n`).join('')}  Enter  ${none}\n`);
	return withQuestions(signal, async ask => {
		const answer = await ask(`Which? [${choices.map(({key}) => key).join('/')}] `);
		const chosen = choices.find(({key}) => key === answer.toLowerCase());
		if (chosen?.text === undefined) {
			return chosen && {key: chosen.key};
		}

		const {question, usual} = chosen.text;
		const text = await ask(`${question} [${usual}] `);
		return {key: chosen.key, text: text === '' ? usual : text};
	});
};
