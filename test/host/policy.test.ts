/**
The owner's policy: what no rule allows is refused, a rule more never allows less, and what can't be read allows nothing.
*/
import test from 'ava';
import fc from 'fast-check';
import {CoppiceError} from '../../source/system/errors.ts';
import {
	decide,
	decideSecrets,
	matches,
	noPolicy,
	parsePolicy,
	seesEverything,
	type Action,
	type Policy,
	type Rule,
} from '../../source/host/policy.ts';

const actions: readonly Action[] = ['read', 'pull', 'push'];

const example = parsePolicy(`
production: true
protected: [main, "release/*"]
roles:
  laptop:
    - stacks: [shop*]
      branches: [main, release/*, dev]
      allow: [read, pull]
    - stacks: [shop-staging]
      branches: [dev*, main]
      allow: [push]
  backup:
    - stacks: ["*"]
      allow: [pull]
      secrets: true
`, 'policy.yaml');

test('a role may do what its rules say, on the stacks and branches that they name', t => {
	const may = (role: string | undefined, action: Action, stack: string, branch?: string): boolean => decide(example, {
		role, action, stack, branch,
	});
	t.true(may('laptop', 'pull', 'shop', 'main'));
	t.true(may('laptop', 'pull', 'shop', 'release/1.2'));
	t.false(may('laptop', 'pull', 'shop', 'experiment'));
	t.false(may('laptop', 'read', 'wiki'));
	t.false(may('laptop', 'push', 'shop', 'dev'), 'another stack may be pushed to');
	t.true(may('laptop', 'push', 'shop-staging', 'dev-2'));
	t.true(may('laptop', 'read', 'shop-staging', 'dev-2'), 'who may push may read');
	t.false(may('laptop', 'push', 'shop-staging', 'main'), 'protected, whatever the rules say');
	t.true(may('backup', 'pull', 'wiki', 'main'));
	t.false(may('backup', 'push', 'wiki', 'dev'));
	t.true(decideSecrets(example, {role: 'backup', stack: 'wiki'}));
	t.false(decideSecrets(example, {role: 'laptop', stack: 'shop'}));
});

test('production is read-only for who has a shell, until the rules say otherwise', t => {
	const ask = (policy: Policy): string[] => actions.filter(action => decide(policy, {action, stack: 'shop', branch: 'dev'}));
	t.deepEqual(ask(noPolicy), ['read', 'pull', 'push']);
	t.deepEqual(ask(parsePolicy('production: true', 'policy.yaml')), ['read', 'pull']);
	t.deepEqual(ask(parsePolicy('production: true\nrules: [{stacks: ["*"], allow: [push]}]', 'policy.yaml')), ['read', 'push']);
	t.deepEqual(ask(parsePolicy('rules: []', 'policy.yaml')), []);
	t.deepEqual(ask(parsePolicy('read-only: true', 'policy.yaml')), ['read', 'pull']);
	t.deepEqual(ask(parsePolicy('protected: [d*]', 'policy.yaml')), ['read', 'pull']);
	t.true(seesEverything(parsePolicy('production: true', 'policy.yaml'), undefined));
	t.false(seesEverything(noPolicy, 'laptop'));
});

for (const [title, text] of Object.entries({
	'is not YAML': 'roles: [',
	'has a key that is not known': 'roles: {}\nreadonly: true',
	'has a word for an action that is not known': 'roles: {a: [{stacks: [x], allow: [write]}]}',
	'allows something on no stacks': 'roles: {a: [{stacks: [], allow: [read]}]}',
	'has a rule with a key that is not known': 'roles: {a: [{stacks: [x], branch: [main], allow: [read]}]}',
	'is a list': '- production: true',
	'is empty': '',
	'has a truth that is a text': 'production: "yes"',
	'has a pattern that is none': 'roles: {a: [{stacks: ["../x y"], allow: [read]}]}',
	'grows when it is read': 'a: &a [x, x]\nb: &b [*a, *a]\nroles: {a: [{stacks: *b, allow: [read]}]}',
})) {
	test(`a policy that ${title} is refused as a whole`, t => {
		const error = t.throws(() => parsePolicy(text, '/etc/policy.yaml'), {instanceOf: CoppiceError});
		t.is(error?.code, 'precondition');
		t.regex(error?.message ?? '', /everything is refused/v);
	});
}

test('a star in a pattern stands for any characters, and nothing else is special', t => {
	const simple = (glob: string): RegExp => new RegExp(`^${glob.split('*').map(part => RegExp.escape(part)).join('.*')}$`, 'sv');
	t.notThrows(() => {
		fc.assert(fc.property(
			fc.string({unit: fc.constantFrom('a', 'b', '/', '.', '*'), maxLength: 8}),
			fc.string({unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 12}),
			(glob, text) => matches(text, glob) === simple(glob).test(text),
		), {numRuns: 2000});
	});
});

const names = ['shop', 'shop2', 'wiki', 'main', 'dev', 'release/1'] as const;
const globs = fc.constantFrom(...names, '*', 'shop*', '*e*', 'release/*');
const rule: fc.Arbitrary<Rule> = fc.record({
	stacks: fc.array(globs, {minLength: 1, maxLength: 3}),
	allow: fc.uniqueArray(fc.constantFrom(...actions), {minLength: 1}),
	branches: fc.array(globs, {minLength: 1, maxLength: 3}),
	secrets: fc.boolean(),
}, {requiredKeys: ['stacks', 'allow']});
const policy: fc.Arbitrary<Policy> = fc.record({
	production: fc.boolean(),
	readOnly: fc.boolean(),
	protectedBranches: fc.array(globs, {maxLength: 2}),
	roles: fc.dictionary(fc.constantFrom('a', 'b'), fc.array(rule, {maxLength: 3})).map(roles => new Map(Object.entries(roles))),
});
const question = fc.record({
	role: fc.constantFrom('a', 'b', 'c'), action: fc.constantFrom(...actions), stack: fc.constantFrom(...names), branch: fc.option(fc.constantFrom(...names), {nil: undefined}),
});

test('no rule, no right: a role that is not known and one without rules may do nothing', t => {
	t.notThrows(() => {
		fc.assert(fc.property(policy, question, (some, asked) => {
			const {role} = asked;
			return (some.roles.get(role)?.length ?? 0) > 0 || !decide(some, asked);
		}));
	});
});

test('a rule more never takes a right away, nor does it give another role one', t => {
	t.notThrows(() => {
		fc.assert(fc.property(policy, question, rule, fc.constantFrom('a', 'b'), (some, asked, more, role) => {
			const grown = {...some, roles: new Map([...some.roles, [role, [...some.roles.get(role) ?? [], more]]])};
			const [before, after] = [decide(some, asked), decide(grown, asked)];
			return (!before || after) && (asked.role === role || before === after);
		}));
	});
});

test('read-only and protected branches never give a right, and take none but pushing', t => {
	t.notThrows(() => {
		fc.assert(fc.property(policy, question, fc.boolean(), fc.array(globs, {maxLength: 2}), (some, asked, readOnly, more) => {
			const before = decide(some, asked);
			const after = decide({...some, readOnly: some.readOnly || readOnly, protectedBranches: [...some.protectedBranches, ...more]}, asked);
			return (!after || before) && (asked.action === 'push' || before === after);
		}));
	});
});

test('who may pull or push may read, and whoever may on a branch may on some branch', t => {
	t.notThrows(() => {
		fc.assert(fc.property(policy, question, (some, asked) => {
			const may = decide(some, asked);
			return !may || (decide(some, {...asked, action: 'read'}) && decide(some, {...asked, branch: undefined}));
		}));
	});
});
