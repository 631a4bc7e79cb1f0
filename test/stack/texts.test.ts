/**
Properties of the small languages inside a compose file: variables, commands, ports, durations, env files.
*/
/* eslint no-template-curly-in-string: 'off' -- Texts of compose files hold variables. */
import fc from 'fast-check';
import test from 'ava';
import {parseDuration} from '../../source/stack/duration.ts';
import {EnvFileError, parseEnvFile} from '../../source/stack/env-file.ts';
import {interpolate, InterpolationError, maskVariables} from '../../source/stack/interpolate.ts';
import {formatPort, parsePorts} from '../../source/stack/ports.ts';
import {joinCommand, splitCommand, SplitError} from '../../source/stack/split-command.ts';
import {closestName, editDistance} from '../../source/stack/closest-name.ts';
import type {PortMapping} from '../../source/stack/stack.ts';

const name = fc.tuple(fc.constantFrom('a', 'Z', '_'), fc.string({unit: fc.constantFrom('a', 'B', '_', '7'), maxLength: 8})).map(([first, rest]) => first + rest);
const value = fc.string({unit: 'grapheme', maxLength: 12});
const variables: Readonly<Record<string, string>> = {SET: 'value', EMPTY: '', OTHER: 'other'};
const lookup = (key: string): string | undefined => variables[key];

const interpolations: ReadonlyArray<readonly [string, string]> = [
	['$SET', 'value'],
	['${SET}', 'value'],
	['a${SET}b', 'avalueb'],
	['$SET-x', 'value-x'],
	['$SETx', ''],
	['$$SET', '$SET'],
	['$$$SET', '$value'],
	['${SET:-x}', 'value'],
	['${EMPTY:-x}', 'x'],
	['${NONE:-x}', 'x'],
	['${SET-x}', 'value'],
	['${EMPTY-x}', ''],
	['${NONE-x}', 'x'],
	['${SET:+x}', 'x'],
	['${EMPTY:+x}', ''],
	['${NONE:+x}', ''],
	['${EMPTY+x}', 'x'],
	['${NONE+x}', ''],
	['${SET:?x}', 'value'],
	['${EMPTY?x}', ''],
	['${NONE:-${OTHER}}', 'other'],
	['${NONE:-${ALSO_NONE:-deep}}!', 'deep!'],
	['${NONE:-$$}', '$'],
	['${NONE:-a b:c?d}', 'a b:c?d'],
	['{"a": "${SET}"}', '{"a": "value"}'],
	['${NONE:-}', ''],
];

for (const [text, expected] of interpolations) {
	test(`interpolates ${text}`, t => {
		t.is(interpolate(text, lookup), expected);
	});
}

for (const text of ['$', 'a$', '$1', '${}', '${1}', '${SET', '${SET:-', '${SET%x}', '${NONE:-${SET}', '$ SET']) {
	test(`does not interpolate ${text}`, t => {
		t.throws(() => interpolate(text, lookup), {instanceOf: InterpolationError});
	});
}

test('a required variable says so, without any value', t => {
	t.throws(() => interpolate('${EMPTY:?say ${SET}}', lookup), {message: 'the variable EMPTY is empty: say value'});
	t.throws(() => interpolate('${NONE?}', lookup), {message: 'the variable NONE is not set'});
});

test('property: a text without dollars stays, and doubled dollars are one', t => {
	fc.assert(fc.property(value, text => {
		t.is(interpolate(text.replaceAll('$', '$$$$'), lookup), text);
	}));
});

test('property: each variable becomes its value, whatever stands around and inside it', t => {
	fc.assert(fc.property(fc.array(fc.tuple(name, value, value)), parts => {
		const values = new Map(parts.map(([key, content]) => [key, content]));
		const text = parts.map(([key, , around]) => `\${${key}}${around.replaceAll('$', '$$$$')}`).join('');
		t.is(interpolate(text, key => values.get(key)), parts.map(([key, , around]) => `${values.get(key)}${around}`).join(''));
	}));
});

test('property: a masked text holds no value', t => {
	fc.assert(fc.property(fc.array(fc.tuple(name, fc.constantFrom('', ':-secret', '-secret', ':+secret', ':?secret'))), parts => {
		const text = parts.map(([key, rest]) => `\${${key}${rest}}`).join(' ');
		t.is(maskVariables(text), parts.map(([key]) => `\${${key}}`).join(' '));
	}));
});

test('property: splitting undoes joining', t => {
	fc.assert(fc.property(fc.array(fc.string({unit: 'grapheme'})), words => {
		t.deepEqual(splitCommand(joinCommand(words)), {words});
	}));
});

const commands: ReadonlyArray<readonly [string, readonly string[]]> = [
	['', []],
	['  a   b ', ['a', 'b']],
	['a "b c" d', ['a', 'b c', 'd']],
	[String.raw`a b\ c`, ['a', 'b c']],
	['a\'b\'"c"', ['abc']],
	['""', ['']],
	[String.raw`"a\"b"`, ['a"b']],
	[String.raw`'a\b'`, [String.raw`a\b`]],
	['a\nb', ['a', 'b']],
	['--x=\'1 2\'', ['--x=1 2']],
	['\'\' x', ['', 'x']],
	[String.raw`a\nb`, ['a\nb']],
];

for (const [text, words] of commands) {
	test(`splits ${JSON.stringify(text)}`, t => {
		t.deepEqual(splitCommand(text), {words});
	});
}

test('an operator of a shell ends a command, and is told', t => {
	t.deepEqual(splitCommand('echo a; echo b'), {words: ['echo', 'a'], ignored: '; echo b'});
	t.deepEqual(splitCommand('run 2>/dev/null'), {words: ['run'], ignored: '>/dev/null'});
	t.deepEqual(splitCommand('run "a && b"'), {words: ['run', 'a && b']});
});

for (const text of ['"a', '\'a', 'a\\']) {
	test(`does not split ${text}`, t => {
		t.throws(() => splitCommand(text), {instanceOf: SplitError});
	});
}

const port = fc.integer({min: 1, max: 65_535});
const mapping: fc.Arbitrary<PortMapping> = fc.record({
	address: fc.option(fc.oneof(fc.ipV4(), fc.ipV6()), {nil: undefined}), published: fc.option(port, {nil: undefined}), target: port, protocol: fc.constantFrom('tcp', 'udp'),
}).map(({address, published, ...rest}) => ({...(address !== undefined && {address}), ...(published !== undefined && {published}), ...rest}));

test('property: reading a port mapping undoes writing it', t => {
	fc.assert(fc.property(mapping, one => {
		t.deepEqual(parsePorts(formatPort(one)), [one]);
	}));
});

test('property: ranges of one length map each to each', t => {
	fc.assert(fc.property(fc.integer({min: 1, max: 60_000}), fc.integer({min: 1, max: 60_000}), fc.integer({min: 0, max: 50}), (published, target, more) => {
		const mappings = parsePorts(`${published}-${published + more}:${target}-${target + more}`);
		t.is(mappings?.length, more + 1);
		t.true(mappings?.every((one, index) => one.published === published + index && one.target === target + index));
	}));
});

test('property: no text breaks the reader of ports', t => {
	fc.assert(fc.property(fc.string({unit: fc.constantFrom('0', '8', ':', '-', '/', '[', ']', '.', 't', 'c', 'p', ' ')}), text => {
		t.true((parsePorts(text) ?? []).every(one => one.target >= 1 && one.target <= 65_535));
	}));
});

for (const text of ['', 'x', '80:', ':80', '1:2:3:4', '80/http', '300.1.1.1:80:80', '80-79', '0', '::1:80:80', '127.0.0.1:80', '1-2:80-82', '-1:80', '80 ', '65536']) {
	test(`${JSON.stringify(text)} is no port mapping`, t => {
		t.is(parsePorts(text), undefined);
	});
}

test('durations', t => {
	const durations = {
		0: 0, '30s': 30_000, '1m30s': 90_000, '1.5h': 5_400_000, '500ms': 500, '2us': 0.002, '1h1m1s1ms': 3_661_001, '.5s': 500,
	};
	t.deepEqual(Object.fromEntries(Object.keys(durations).map(text => [text, parseDuration(text)])), durations);

	for (const text of ['', '5', 's', '1x', '1 s', '-1s', '1d']) {
		t.is(parseDuration(text), undefined, `duration ${text}`);
	}
});

test('env files', t => {
	const text = [
		'\u{FEFF}# comment',
		'A=1',
		'export B = two words # comment',
		'C: yaml',
		'D=\'single $A #\'',
		'E="double ${A} \\"q\\" \\$A\\n" # comment',
		'F=$A${B:-x}',
		'G="over',
		'lines"',
		'H=',
		'INHERITED',
		'NOT_THERE',
		'I=a#b',
		'J.k=dotted',
		'K=\'\'',
		'',
		'L=last',
	].join('\r\n');
	t.deepEqual(Object.fromEntries(parseEnvFile(text, key => key === 'INHERITED' ? 'from outside' : undefined)), {
		A: '1', B: 'two words', C: 'yaml', D: 'single $A #', E: 'double 1 "q" $A\n', F: '1two words', G: 'over\r\nlines', H: '', INHERITED: 'from outside', I: 'a#b', 'J.k': 'dotted', K: '', L: 'last',
	});
	t.deepEqual(Object.fromEntries(parseEnvFile('A=\'x\' #y\n#B=1\nC=$A', () => undefined, {raw: true})), {A: '\'x\' #y', C: '$A'});
	for (const [bad, line] of [['A=1\n=2', 2], ['A="x', 1], ['A=1\nB=$1', 2], ['A=\'x\'y', 1], ['A B=1', 1]] as const) {
		const error = t.throws(() => parseEnvFile(bad, () => undefined), {instanceOf: EnvFileError}, `for ${bad}`);
		t.is(error?.line, line, `for ${bad}`);
	}
});

test('property: what is in single quotes is taken literally', t => {
	fc.assert(fc.property(name, fc.string({unit: 'grapheme'}).filter(text => !text.includes('\'')), (key, text) => {
		t.is(parseEnvFile(`${key}='${text}'\n`, () => undefined).get(key), text);
	}));
});

test('property: the distance of words is symmetric, and none only to itself', t => {
	fc.assert(fc.property(fc.string(), fc.string(), (a, b) => {
		t.is(editDistance(a, b), editDistance(b, a));
		t.is(editDistance(a, b) === 0, a === b);
	}));
	t.is(closestName('prots', ['ports', 'profiles']), 'ports');
	t.is(closestName('entirely-else', ['ports', 'profiles']), undefined);
});
