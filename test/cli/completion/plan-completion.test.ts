import test from 'ava';
import {commands} from '../../../source/cli/commands/index.ts';
import {planCompletion} from '../../../source/cli/completion/plan-completion.ts';

const plan = (...words: string[]) => planCompletion(words, commands);
const valuesOf = (...words: string[]): string[] => plan(...words).candidates.map(({value}) => value);

test('verbs, not those for the program itself', t => {
	const verbs = valuesOf('');
	t.true(['status', 'switch', 'help'].every(verb => verbs.includes(verb)));
	t.false(verbs.includes('__complete'));
	t.false(verbs.includes('supervise'));
	t.deepEqual(valuesOf('--json', ''), verbs);
	t.true(valuesOf('help', '').includes('status'));
});

test('options of the verb and of all verbs', t => {
	const options = valuesOf('logs', '--');
	t.true(['--follow', '--tail', '--json', '--help'].every(option => options.includes(option)));
	t.false(valuesOf('status', '--').includes('--follow'));
	t.true(valuesOf('-').includes('--directory'));
});

test('arguments by their place', t => {
	t.is(plan('switch', '').completes, 'branches');
	t.is(plan('switch', '-c', 'new', '').completes, 'revisions');
	t.is(plan('reset', '').completes, 'revisions');
	t.is(plan('reset', 'x', '').completes, undefined);
	t.is(plan('up', 'db', 'web', '').completes, 'services', 'the last argument may be repeated');
	t.is(plan('exec', '').completes, 'services');
	t.is(plan('exec', 'db', '-').completes, undefined, 'what follows belongs to the command');
	t.deepEqual(valuesOf('exec', 'db', '-'), []);
	t.deepEqual(valuesOf('completion', ''), ['bash', 'zsh', 'fish']);
	t.deepEqual(valuesOf('nonsense', ''), []);
});

test('values of options', t => {
	t.deepEqual(valuesOf('init', '--driver', ''), ['btrfs', 'zfs', 'directory']);
	t.deepEqual(valuesOf('init', '--driver=b'), ['--driver=btrfs', '--driver=zfs', '--driver=directory']);
	t.is(plan('-C', '').completes, 'folders');
	t.is(plan('status', '-H', '').completes, 'hosts');
	t.is(plan('--stack', '').completes, 'stacks');
	t.is(plan('host', 'rm', '').completes, 'hosts');
	t.deepEqual(valuesOf('host', ''), ['add', 'ls', 'check', 'rm']);
	t.is(plan('status', '-f', '').completes, 'files');
	t.like(plan('status', '--file='), {completes: 'files', prefix: '--file='});
	t.is(plan('logs', '-f', '').completes, 'services', '-f of logs takes no value');
	t.deepEqual(valuesOf('commit', '-m', ''), []);
});

test('says which stack to look in', t => {
	t.like(plan('-C', '/shop', '-f', 'a.yaml', 'switch', '--file=b.yaml', 'm'), {
		directory: '/shop', files: ['a.yaml', 'b.yaml'], completes: 'branches', current: 'm',
	});
});
