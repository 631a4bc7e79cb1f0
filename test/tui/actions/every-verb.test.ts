/**
Every verb of the command line is an action of the terminal UI, or left out for a reason that is given here.
*/
import test from 'ava';
import {commands} from '../../../source/cli/commands/index.ts';
import {actions, paletteActions} from '../../../source/tui/actions/index.ts';
import type {State} from '../../../source/tui/state/state.ts';
import {sampleState} from '../sample.ts';

const leftOut: Readonly<Record<string, string>> = {
	completion: 'prints a script for a shell',
	__complete: 'is what that script asks',
	stream: 'works on files and pipes that scripts name',
	serve: 'is the other end of a connection',
	send: 'is the other end of a channel',
	receive: 'is the other end of a channel',
	supervise: 'is started by the process runtime',
};

/** Ways of verbs that stand for something of their own. */
const ways = [
	'new NAME --template TEMPLATE',
	'init',
	'init --adopt',
	'init --drop-originals',
	'branch NAME',
	'branch -d',
	'branch -m',
	'switch',
	'switch --definition',
	'reset',
	'undo',
	'undo --list',
	'tag NAME',
	'tag -d NAME',
	'diff',
	'prune --keep',
	'prune --now',
	'eject',
	'eject --purge',
	'exec SERVICE -- sh',
	'host add',
	'host check',
	'host ls',
	'host rm NAME',
	'host rm NAME --purge',
	'fetch HOST --prune',
	'fetch HOST --history',
	'push HOST main --switch',
	'transfers',
	'transfers attach',
	'transfers cancel',
	'transfers retry',
];

const states: readonly State[] = [
	sampleState(), sampleState({focus: 'services'}), sampleState({focus: 'branches'}), sampleState({focus: 'commits'}), sampleState({stacks: [], selected: undefined}),
];

/** The command lines that actions show, without what names the stack. */
const twins = new Set(states.flatMap(state => actions.flatMap(({twin}) => twin === undefined ? [] : [twin(state).replace(/ -C \S+/v, '').replace(/^coppice /v, '')])));

test('no verb of the command line is forgotten', t => {
	const verbs = new Set([...twins].map(line => line.split(' ', 1)[0]!));
	for (const {name} of commands) {
		t.is(verbs.has(name), leftOut[name] === undefined, `${name} is ${verbs.has(name) ? 'an action, and left out' : 'no action, and no reason is given'}`);
	}

	for (const name of Object.keys(leftOut)) {
		t.true(commands.some(command => command.name === name), `${name} is no verb any more`);
	}
});

test('nor are the ways of a verb that stand for something of their own', t => {
	for (const way of ways) {
		t.true([...twins].some(line => line === way || line.startsWith(`${way} `)), `no action does \`coppice ${way}\``);
	}
});

test('all of them are in the palette', t => {
	const listed = new Set(paletteActions(sampleState()).map(({id}) => id));
	for (const {id, twin} of actions) {
		t.true(twin === undefined || listed.has(id), id);
	}
});
