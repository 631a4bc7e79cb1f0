/**
What compose prints beside its result, in words for people. Pure.
*/
import test from 'ava';
import {readFailure, readWarnings} from '../../source/stack/resolve-model.ts';

test('warnings of both versions, each once', t => {
	t.deepEqual(readWarnings([
		String.raw`time="2025-02-27T16:34:34Z" level=warning msg="The \"UNSET\" variable is not set. Defaulting to a blank string."`,
		String.raw`time="2025-02-27T16:34:35Z" level=warning msg="The \"UNSET\" variable is not set. Defaulting to a blank string."`,
		'time="2025-02-27T16:34:35Z" level=warning msg="/x/compose.yaml: `version` is obsolete"',
		'time="2025-02-27T16:34:35Z" level=debug msg="of no use"',
		'The OTHER variable is not set. Defaulting to a blank string.',
	].join('\n')), [
		'The "UNSET" variable is not set. Defaulting to a blank string.',
		'The OTHER variable is not set. Defaulting to a blank string.',
	]);
});

test('failures of both versions are one sentence without warnings', t => {
	t.is(readFailure([
		String.raw`time="2025-02-27T16:34:34Z" level=warning msg="The \"UNSET\" variable is not set. Defaulting to a blank string."`,
		'service "web" depends on undefined service nobody: invalid compose project',
	].join('\n')), 'service "web" depends on undefined service nobody: invalid compose project');
	t.is(readFailure([
		'The UNSET variable is not set. Defaulting to a blank string.',
		'The Compose file \'./compose.yaml\' is invalid because:',
		'Unsupported config option for services.web: \'imge\'',
	].join('\n')), 'The Compose file \'./compose.yaml\' is invalid because: Unsupported config option for services.web: \'imge\'');
	t.is(readFailure(''), 'it said nothing');
});
