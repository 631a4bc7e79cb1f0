/**
Runs the client of a database inside its service, under whichever name the image has it.
*/
import type {RunInside} from './database.ts';

export type ClientAnswer = {readonly exitCode: number; readonly stdout: string; readonly stderr: string};

/** What engines say of a program that an image lacks: exit code 126 or 127, with words of the container's runtime. */
const isMissing = ({exitCode, stdout, stderr}: ClientAnswer): boolean =>
	(exitCode === 126 || exitCode === 127) && /not found|no such file|not a directory/iv.test(`${stdout}${stderr}`);

/**
Runs the first of several programs that is there.

@returns `undefined` where none is.
*/
export const runClient = async (
	run: RunInside,
	programs: readonly string[],
	words: readonly string[],
	environment: Readonly<Record<string, string>>,
): Promise<ClientAnswer | undefined> => {
	for (const program of programs) {
		// Its messages are read here, so they have to be in one language.
		const answer = await run([program, ...words], {LC_ALL: 'C', ...environment});
		if (!isMissing(answer)) {
			return answer;
		}
	}

	return undefined;
};

/**
The last line that a client wrote of what went wrong: one sentence for people.
*/
export const lastLine = ({stdout, stderr, exitCode}: ClientAnswer): string =>
	`${stdout}\n${stderr}`.split('\n').map(line => line.trim()).findLast(line => line !== '') ?? `it ended with the exit code ${exitCode}`;
