import {
	chmod,
	mkdtemp,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {editMessage, messageOf} from '../../source/cli/edit-message.ts';

test('lines that start with # are no message', t => {
	t.is(messageOf('\n# help\nTitle\n\nBody #1\n# more help\n'), 'Title\n\nBody #1');
	t.is(messageOf('# help\n\n'), '');
});

test('the editor of the environment writes it, with its arguments', async t => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-editor-'));
	t.teardown(async () => rm(folder, {recursive: true}));
	const editor = path.join(folder, 'editor');
	await writeFile(editor, '#!/bin/sh\nprintf "%s\\n" "$1" >> "$2"\n');
	await chmod(editor, 0o755);
	t.is(await editMessage({VISUAL: '', EDITOR: `${editor} Orders`}), 'Orders');
	t.is(await editMessage({VISUAL: `${editor} Visual`, EDITOR: 'false'}), 'Visual');
});

test('an editor that fails, or is not there, is said', async t => {
	await t.throwsAsync(editMessage({EDITOR: 'false'}), {message: 'The editor false has failed.'});
	await t.throwsAsync(editMessage({EDITOR: 'no-such-editor'}), {message: 'The editor no-such-editor is not installed.'});
});
