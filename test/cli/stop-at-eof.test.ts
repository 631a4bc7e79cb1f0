/**
`--stop-at-eof`: how a program on another machine stops a verb that it runs here without a terminal.
*/
import {spawn} from 'node:child_process';
import process from 'node:process';
import test from 'ava';
import {cliEnvironment, cliPath} from '../fixtures/built-cli.ts';
import {makeTestStack} from '../fixtures/test-stack.ts';

const compose = () => `name: shop
services:
  app:
    x-coppice:
      process:
        command: [sh, -c, 'echo it logs; sleep 1000']
    volumes: ["data:/data"]
volumes:
  data: {}
`;

test('a verb that goes on for ever ends as at Ctrl-C when its input does', async t => {
	const stack = await makeTestStack({driver: 'directory', compose});
	try {
		await stack.json('up');
		const child = spawn(process.execPath, [cliPath, '--json', '--stop-at-eof', 'logs', '--follow'], {cwd: stack.project, env: cliEnvironment(stack.env), stdio: 'pipe'});
		const ended = new Promise<number | null>(resolve => {
			child.once('close', resolve);
		});
		let said = '';
		for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
			said += chunk;
			if (said.includes('it logs')) {
				child.stdin.end();
			}
		}

		t.is(await ended, 130);

		// Without it, the end of the input means nothing.
		const {exitCode} = await stack.run(['status', '--json']);
		t.is(exitCode, 0);
		const done = spawn(process.execPath, [cliPath, '--json', '--stop-at-eof', 'status'], {cwd: stack.project, env: cliEnvironment(stack.env), stdio: ['pipe', 'ignore', 'ignore']});
		t.is(await new Promise<number | null>(resolve => {
			done.once('close', resolve);
		}), 0, 'one that is done does not wait for the end of its input');
	} finally {
		await stack.dispose();
	}
});
