import test from 'ava';
import {describeError, errorToJson, renderError} from '../../source/cli/report-error.ts';
import {CoppiceError, exitCodes, type ErrorCode} from '../../source/system/errors.ts';

const failure = new CoppiceError('conflict', 'Port 5432 is taken.', {
	stack: 'shop',
	service: 'db',
	command: ['ss', '-tlnp', 'sport = :5432'],
	stderr: Array.from({length: 12}, (_, index) => `line ${index + 1}`).join('\n'),
	hint: 'Stop what holds it.',
	cause: new Error('EADDRINUSE'),
});

test('for people: message, context, the end of what the command said, the next step', t => {
	t.is(renderError(describeError(failure)), `error: Port 5432 is taken.
  stack: shop
  service: db
  command: ss -tlnp 'sport = :5432'
  | line 5
  | line 6
  | line 7
  | line 8
  | line 9
  | line 10
  | line 11
  | line 12
hint: Stop what holds it.
`);
});

test('what is quoted from elsewhere can\'t drive the terminal', t => {
	const evil = '\u{1B}[31mred\u{9B}2J\u{202E}\r\u{7}';
	const text = renderError(describeError(new CoppiceError('failed', evil, {
		stderr: evil, file: evil, hint: evil, command: [evil],
	})));
	t.notRegex(text, /[\u{202E}[\p{Control}--\n]]/v);
	t.is(text.split('[31mred2J').length, 6);
});

test('verbose: everything, with the stack traces of the causes', t => {
	const text = renderError(describeError(failure), {verbose: true});
	t.true(text.includes('| line 1\n'));
	t.regex(text, /report-error\.test\.ts/v);
	t.true(text.includes('Caused by: Error: EADDRINUSE'));
});

test('for scripts: one line of JSON', t => {
	const text = errorToJson(describeError(failure));
	t.is(text.trimEnd().split('\n').length, 1);
	t.like(JSON.parse(text), {
		error: {
			code: 'conflict', message: 'Port 5432 is taken.', hint: 'Stop what holds it.', stack: 'shop', service: 'db', command: ['ss', '-tlnp', 'sport = :5432'],
		},
	});
	t.false(text.includes('stackTrace'));
});

test('every kind of failure has its exit code', t => {
	for (const [code, exitCode] of Object.entries(exitCodes)) {
		t.is(describeError(new CoppiceError(code as ErrorCode, 'x')).exitCode, exitCode);
	}
});

test('anything else is a bug, and is called one', t => {
	const report = describeError(new TypeError('x is not a function'));
	t.is(report.exitCode, 1);
	t.is(renderError(report), `error: This is a bug in Coppice: x is not a function
hint: Run it again with \`--verbose\` and report what it prints.
`);
	t.regex(renderError(report, {verbose: true}), /TypeError: x is not a function\n +at /v);
	t.like(JSON.parse(errorToJson(report)), {error: {code: 'failed', bug: true}});
	t.is(describeError('a string').message, 'This is a bug in Coppice: a string');
});

test('what the operating system refuses is no bug', t => {
	const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {code: 'ENOSPC', path: '/pool/x'});
	t.like(describeError(full), {code: 'failed', message: 'No space is left for /pool/x.', isBug: false});
	const denied = Object.assign(new Error('EACCES'), {code: 'EACCES', path: '/etc/x', syscall: 'open'});
	t.like(describeError(denied), {code: 'permission', exitCode: 4, message: 'This user may not open /etc/x.'});
});

test('an abort is an interruption after Ctrl-C, else a bug', t => {
	const abort = new DOMException('This operation was aborted', 'AbortError');
	t.like(describeError(abort, true), {code: 'interrupted', exitCode: 130, isBug: false});
	t.true(describeError(abort).isBug);
	t.like(describeError(failure, true), {code: 'conflict', exitCode: 5});
});
