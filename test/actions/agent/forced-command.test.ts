/**
The words of a client choose one of three things to do, and nothing else gets through.
*/
import test from 'ava';
import fc from 'fast-check';
import {readForcedCommand} from '../../../source/actions/agent/forced-command.ts';
import {CoppiceError} from '../../../source/system/errors.ts';
import {hostileCommands} from './hostile-commands.ts';

test('the command lines that Coppice sends are understood', t => {
	t.is(readForcedCommand('coppice serve'), 'serve');
	t.is(readForcedCommand('/home/me/.local/share/coppice/bin/coppice send'), 'send');
	t.is(readForcedCommand('~/bin/coppice receive'), 'receive');
	t.is(readForcedCommand('sudo -n /opt/coppice/bin/coppice serve'), 'serve');
	t.is(readForcedCommand('\'/srv/my tools/coppice\' serve'), 'serve');
});

test('everything else is refused, with one sentence', t => {
	for (const words of hostileCommands) {
		const error = t.throws(() => readForcedCommand(words), {instanceOf: CoppiceError}, JSON.stringify(words));
		t.is(error?.code, 'permission');
	}
});

test('no words lead anywhere but to the three', t => {
	const words = fc.array(fc.oneof(
		fc.constantFrom('coppice', 'serve', 'send', 'receive', ' ', 'sudo -n ', ';', '\n', '--policy', '/', '\'', '$'),
		fc.string({maxLength: 3}),
	), {maxLength: 6}).map(parts => parts.join(''));
	t.notThrows(() => {
		fc.assert(fc.property(words, text => {
			try {
				const entry = readForcedCommand(text);
				const rest = text.replace(/^(?:sudo -n )?'[^']*'/v, '');
				return text.endsWith(` ${entry}`) && !Array.from('\0\n\r;&|`$', character => rest.includes(character)).includes(true);
			} catch (error) {
				return error instanceof CoppiceError;
			}
		}), {numRuns: 3000});
	});
});
