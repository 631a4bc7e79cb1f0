import fc from 'fast-check';
import test from 'ava';
import {stringify} from 'yaml';
import {mergeTrees} from '../../source/stack/merge-trees.ts';
import {
	buildTrees,
	parseSource,
	toPlain,
	type MapNode,
} from '../../source/stack/source-tree.ts';

const treeOf = (model: unknown): MapNode =>
	buildTrees(parseSource(stringify(model), {file: '/compose.yaml', label: 'compose.yaml', folder: '/'}), {lookup: () => undefined})[0]!;

const word = fc.string({unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 1, maxLength: 3});
const port = fc.integer({min: 1, max: 99});
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, {nil: undefined});
const service = fc.record({
	image: optional(word),
	command: optional(fc.oneof(word, fc.array(word))),
	environment: optional(fc.oneof(fc.dictionary(word, word, {minKeys: 1}), fc.array(fc.tuple(word, word).map(([key, value]) => `${key}=${value}`), {minLength: 1}))),
	ports: optional(fc.array(fc.oneof(port.map(String), fc.tuple(port, port).map(([a, b]) => `${a}:${b}`), fc.record({target: port, published: port})), {minLength: 1})),
	volumes: optional(fc.array(fc.oneof(fc.tuple(word, word).map(([a, b]) => `v${a}x:/${b}`), word.map(target => ({type: 'tmpfs', target: `/${target}`}))), {minLength: 1})),
	depends_on: optional(fc.oneof(fc.uniqueArray(word, {minLength: 1}), fc.dictionary(word, fc.constant({condition: 'service_healthy'}), {minKeys: 1}))),
	healthcheck: optional(fc.record({test: fc.array(word, {minLength: 1}), interval: fc.constant('1s')})),
	env_file: optional(fc.oneof(word, fc.array(word, {minLength: 1}))),
	cap_add: optional(fc.uniqueArray(word, {minLength: 1})),
});
const model = fc.record({services: fc.dictionary(word, service, {minKeys: 1})});

// One form for what may be written in two (a list of variables or a map), and no entry twice.
const canonical = (tree: MapNode): unknown => toPlain(mergeTrees(tree, tree));

test('property: merging the same file again changes nothing', t => {
	fc.assert(fc.property(model, model, (base, over) => {
		const once = mergeTrees(treeOf(base), treeOf(over));
		t.deepEqual(canonical(mergeTrees(once, treeOf(over))), canonical(once));
	}));
});

test('property: an empty file changes nothing', t => {
	fc.assert(fc.property(model, base => {
		const tree = treeOf(base);
		t.deepEqual(toPlain(mergeTrees(tree, treeOf({services: {}}))), toPlain(tree));
	}));
});

test('property: what only one of two files has is kept', t => {
	fc.assert(fc.property(service, service, (left, right) => {
		const plain = toPlain(mergeTrees(treeOf({services: {left}}), treeOf({services: {right}})));
		t.deepEqual(plain, toPlain(treeOf({services: {left, right}})));
	}));
});

const merged = (base: unknown, over: unknown): unknown => toPlain(mergeTrees(treeOf({services: {a: base}}), treeOf({services: {a: over}})));

test('ports are the same only with the same address, published port, target and protocol', t => {
	t.deepEqual(merged({ports: ['80:80', '53:53/udp']}, {ports: ['53:53', {target: 80, published: '80'}, '81:80', '127.0.0.1:80:80']}), {
		services: {a: {ports: [{target: 80, published: '80'}, '53:53/udp', '53:53', '81:80', '127.0.0.1:80:80']}},
	});
});

test('build as a text and as a map are merged', t => {
	t.deepEqual(merged({build: './web'}, {build: {args: {A: '1'}}}), {services: {a: {build: {context: './web', args: {A: '1'}}}}});
});

test('an empty key keeps what was there', t => {
	t.deepEqual(merged({environment: {A: '1'}, ports: ['80']}, {environment: null, ports: null}), {services: {a: {environment: {A: '1'}, ports: ['80']}}});
});

test('x-coppice is merged, other extensions are replaced', t => {
	t.deepEqual(
		toPlain(mergeTrees(treeOf({'x-coppice': {pool: 'p'}, 'x-other': {a: 1}}), treeOf({'x-coppice': {runtime: 'docker'}, 'x-other': {b: 1}}))),
		{'x-coppice': {pool: 'p', runtime: 'docker'}, 'x-other': {b: 1}},
	);
});
