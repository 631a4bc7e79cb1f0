/**
Asks for a commit message in the user's editor.
*/
import {
	mkdtemp,
	readFile,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {execa} from 'execa';
import {CoppiceError} from '../system/errors.ts';

const template = `
# Write a message for the commit. Lines that start with "#" are left out,
# and an empty message commits nothing.
`;

/** What was written, without the lines that start with `#`. */
export const messageOf = (text: string): string => text.split('\n').filter(line => !line.startsWith('#')).join('\n').trim();

/**
Opens $VISUAL, $EDITOR or `vi`, which may have arguments after blanks (`code --wait`).

@throws CoppiceError `precondition` when the editor can't be run, `failed` when it fails.
*/
export const editMessage = async (environment: NodeJS.ProcessEnv = process.env): Promise<string> => {
	const editor = [environment.VISUAL, environment.EDITOR, 'vi'].find(command => command !== undefined && command.trim() !== '') ?? 'vi';
	const [program = 'vi', ...options] = editor.trim().split(/\s+/v);
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-message-'));
	try {
		const file = path.join(folder, 'COMMIT_MESSAGE');
		await writeFile(file, template);
		const {exitCode, code} = await execa(program, [...options, file], {stdio: 'inherit', reject: false});
		if (exitCode !== 0) {
			throw new CoppiceError(code === 'ENOENT' ? 'precondition' : 'failed', `The editor ${program} ${code === 'ENOENT' ? 'is not installed' : 'has failed'}.`, {
				hint: 'Give the message with `-m`, or name another editor in $EDITOR.', command: [program, ...options],
			});
		}

		return messageOf(await readFile(file, 'utf8'));
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
};
