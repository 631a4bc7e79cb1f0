import {CommanderError, InvalidArgumentError} from 'commander';
import test from 'ava';
import {commands} from '../../source/cli/commands/index.ts';
import {createProgram} from '../../source/cli/program.ts';
import {parseCount, parseMoment} from '../../source/cli/parse-value.ts';
import {parseRange} from '../../source/cli/handlers/diff.ts';
import {toUsageError} from '../../source/cli/run-cli.ts';
import type {GlobalOptions, Input} from '../../source/cli/verb.ts';
import {CoppiceError} from '../../source/system/errors.ts';
import {now} from './fixtures/samples.ts';

type Parsed = {name: string; globals: GlobalOptions; input: Input<object>; words: readonly string[]};

const parse = async (line: string): Promise<Parsed> => {
	let parsed: Parsed | undefined;
	const program = createProgram(commands, {
		async dispatch(command, globals, input, words) {
			parsed = {
				name: command.name, globals, input, words,
			};
		},
	});
	await program.parseAsync(line.split(' ').filter(word => word !== ''), {from: 'user'});
	if (parsed === undefined) {
		throw new Error('no verb was run');
	}

	return parsed;
};

const usageErrorOf = async (line: string): Promise<CoppiceError> => {
	try {
		await parse(line);
	} catch (error) {
		if (error instanceof CommanderError) {
			return toUsageError(error);
		}
	}

	throw new Error(`${line} was accepted`);
};

test('global options stand before and after the verb', async t => {
	const before = await parse('-C /x -f a.yaml --json -q --yes --verbose --no-color status');
	const after = await parse('status -C /x -f a.yaml --json -q --yes --verbose --no-color');
	const expected = {
		directory: '/x', files: ['a.yaml'], json: true, color: false, quiet: true, yes: true, verbose: true,
	};
	t.deepEqual(before.globals, expected);
	t.deepEqual(after.globals, expected);
});

test('without any, the defaults', async t => {
	const {globals} = await parse('status');
	t.deepEqual(globals, {
		directory: undefined, files: [], json: false, color: undefined, quiet: false, yes: false, verbose: false,
	});
});

test('a line for another host has the verb\'s own words in one form, and none of the global options', async t => {
	const cases: ReadonlyArray<readonly [line: string, words: readonly string[]]> = [
		['-H st --stack shop status', ['status']],
		['commit -qHst -m message --json', ['commit', '--message=message']],
		['--host=st log -n 5 v1 -C /x', ['log', '--limit=5', '--', 'v1']],
		['-H st exec db -- psql -H -c x', ['exec', '--', 'db', '--', 'psql', '-H', '-c', 'x']],
		['exec -H st db psql -H -c x', ['exec', '--', 'db', 'psql', '-H', '-c', 'x']],
		['logs -f web --host st', ['logs', '--follow', '--', 'web']],
		['init -H st --profile a --profile=b', ['init', '--profile=a', '--profile=b']],
	];
	for (const [line, words] of cases) {
		const parsed = await parse(line);
		t.is(parsed.globals.host, 'st', `host of: ${line}`);
		t.deepEqual(parsed.words, words, `words of: ${line}`);

		// It means the same when it is read over there.
		const again = await parse(words.join(' '));
		t.deepEqual(again.words, words);
		t.deepEqual(again.input.arguments, parsed.input.arguments);
	}

	t.is((await parse('--stack shop status')).globals.stack, 'shop');
});

test('compose files of both places are taken, in order', async t => {
	const {globals} = await parse('-f a.yaml status --file b.yaml -f c.yaml');
	t.deepEqual(globals.files, ['a.yaml', 'b.yaml', 'c.yaml']);
});

test('-f of logs follows; --file is still a compose file', async t => {
	const {globals, input} = await parse('-f a.yaml logs -f --file b.yaml --tail 5 db web');
	t.deepEqual(globals.files, ['a.yaml', 'b.yaml']);
	t.like(input.options, {follow: true, tail: 5});
	t.deepEqual(input.arguments, ['db', 'web']);
});

test('what follows the service of exec is the command\'s own', async t => {
	const {globals, input} = await parse('--json exec db -- psql --json -C x');
	t.deepEqual(input.arguments, ['db', '--', 'psql', '--json', '-C', 'x']);
	t.true(globals.json);
	t.is(globals.directory, undefined);
	const short = await parse('exec db psql -c x');
	t.deepEqual(short.input.arguments, ['db', 'psql', '-c', 'x']);
});

test('options of the verbs', async t => {
	const expectations: ReadonlyArray<readonly [line: string, words: readonly string[], options: object]> = [
		['commit -m x', [], {message: 'x', checkpoint: true}],
		['commit --no-checkpoint', [], {checkpoint: false}],
		['switch -c new HEAD~2', ['new', 'HEAD~2'], {create: true}],
		['switch --definition', [], {definition: true}],
		['init --profile a --profile b', [], {profile: ['a', 'b']}],
		['branch -m a b', ['a', 'b'], {move: true}],
		['branch -d a', ['a'], {delete: true}],
		['log -n 3 --all main', ['main'], {limit: 3, all: true}],
		['diff a..b --files', ['a..b'], {files: true}],
		['prune --keep 7d:daily --keep-last 3 --dry-run', [], {keep: '7d:daily', keepLast: 3, dryRun: true}],
		['prune --now aaaa bbbb', ['aaaa', 'bbbb'], {now: true}],
		['tag --force v1 HEAD', ['v1', 'HEAD'], {force: true}],
		['init --driver zfs --dataset tank/x --runtime process', [], {driver: 'zfs', dataset: 'tank/x', runtime: 'process'}],
		['undo --list', [], {list: true}],
		['demo --keep --rows 1000', [], {keep: true, rows: 1000}],
		['__complete -- switch -c', ['switch', '-c'], {}],
	];
	for (const [line, words, options] of expectations) {
		const {name, input} = await parse(line);
		t.true(line.startsWith(name));
		t.deepEqual(input.arguments, [...words], line);
		t.deepEqual({...input.options, ...options}, input.options, line);
	}
});

test('what can\'t be read is a usage error that suggests something', async t => {
	const expectations: ReadonlyArray<readonly [line: string, message: string, hint: RegExp]> = [
		['statsu', 'Unknown command \'statsu\'.', /status/v],
		['status --jsn', 'Unknown option \'--jsn\'.', /--json/v],
		['exec', 'Missing required argument \'service\'.', /--help/v],
		['reset a b', 'Too many arguments for \'reset\'. Expected 1 argument but got 2: a, b.', /--help/v],
		['log -n many', 'Option \'-n, --limit <count>\' argument \'many\' is invalid. Give a whole number, such as 20.', /--help/v],
		['init --driver ext4', 'Option \'--driver <name>\' argument \'ext4\' is invalid. Allowed choices are btrfs, zfs, directory.', /--help/v],
		['commit -m', 'Option \'-m, --message <text>\' argument missing.', /--help/v],
	];
	for (const [line, message, hint] of expectations) {
		const error = await usageErrorOf(line);
		t.is(error.message, message);
		t.regex(error.hint ?? '', hint);
		t.is(error.exitCode, 2);
	}
});

test('every verb has one line of summary, examples that can be read, and help that begins with them', t => {
	const program = createProgram(commands);
	for (const description of commands) {
		const command = program.commands.find(candidate => candidate.name() === description.name);
		const help = command?.helpInformation() ?? '';
		t.regex(description.summary, /^[A-Z][^\n]{5,90}\.$/v, description.name);
		t.true(description.examples.length > 0, description.name);
		const lines = help.split('\n');
		t.is(lines[0], description.summary);
		t.is(lines[2], 'Examples:', description.name);
		t.true(lines.indexOf('Examples:') < lines.findIndex(line => line.startsWith('Usage:')));
		t.regex(help, /Exit codes: .*docs\/cli\.md/sv);
		for (const {line} of description.examples) {
			t.true(help.includes(line), line);
		}
	}
});

test('examples without quotes and pipes are accepted by the parser', async t => {
	const lines = commands.flatMap(({examples}) => examples.map(example => example.line)).filter(line => /^coppice [\w ,\-.\/:~]+$/v.test(line));
	t.true(lines.length > 20);
	for (const line of lines) {
		await t.notThrowsAsync(async () => parse(line.replace('coppice ', '')), line);
	}
});

test('hidden verbs are not in the help', t => {
	const help = createProgram(commands).helpInformation();
	t.false(help.includes('__complete'));
	t.false(help.includes('supervise'));
	t.true(help.includes('  switch '));
});

test('counts and moments', t => {
	t.is(parseCount('20'), 20);
	t.throws(() => parseCount('-1'));
	t.throws(() => parseCount('1e3'));
	t.is(parseMoment('10m', now).toISOString(), '2025-03-01T11:50:00.000Z');
	t.is(parseMoment('1d2h30s', now).toISOString(), '2025-02-28T09:59:30.000Z');
	t.is(parseMoment('2025-01-01T00:00:00Z', now).toISOString(), '2025-01-01T00:00:00.000Z');
	for (const text of ['', '10', 'm', '10x', 'yesterday', '2025-99-99']) {
		t.throws(() => parseMoment(text, now), {instanceOf: InvalidArgumentError}, `${text} was accepted`);
	}
});

test('ranges of diff', t => {
	t.deepEqual(parseRange(), {from: undefined, to: undefined});
	t.deepEqual(parseRange('a'), {from: 'a', to: undefined});
	t.deepEqual(parseRange('a', 'b'), {from: 'a', to: 'b'});
	t.deepEqual(parseRange('a..b'), {from: 'a', to: 'b'});
	t.deepEqual(parseRange('v1.2..v1.3'), {from: 'v1.2', to: 'v1.3'});
	t.deepEqual(parseRange('a..'), {from: 'a', to: undefined});
	t.deepEqual(parseRange('..b'), {from: 'HEAD', to: 'b'});
	t.throws(() => parseRange('a..b', 'c'), {instanceOf: CoppiceError, message: /both ends/v});
});
