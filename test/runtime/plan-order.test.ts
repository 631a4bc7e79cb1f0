/**
The order of services, for any graph of dependencies.
*/
import fc from 'fast-check';
import test from 'ava';
import {CoppiceError} from '../../source/system/errors.ts';
import {planStart, planStop, type OrderedService} from '../../source/runtime/plan-order.ts';

const service = (needed: readonly string[] = [], fields: {profiles?: string[]; required?: boolean} = {}): OrderedService => ({
	dependsOn: Object.fromEntries(needed.map(name => [name, {condition: 'service_started' as const, required: fields.required ?? true, restart: false}])),
	profiles: fields.profiles ?? [],
});

/** Services that only depend on ones of a lower number, in any order of the file. */
const graphs = fc.integer({min: 1, max: 12}).chain(count => fc.record({
	edges: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), {maxLength: 30}),
	order: fc.shuffledSubarray(Array.from({length: count}, (_, index) => index), {minLength: count}),
})).map(({edges, order}) => Object.fromEntries(order.map(index =>
	[`s${index}`, service([...new Set(edges.filter(([from, to]) => from === index && to < index).map(([, to]) => `s${to}`))])])));

test('every service comes once, after all that it depends on', t => {
	fc.assert(fc.property(graphs, services => {
		const order = planStart(services);
		t.deepEqual([...order].toSorted(), Object.keys(services).toSorted());
		for (const [index, name] of order.entries()) {
			t.true(Object.keys(services[name]!.dependsOn).every(needed => order.indexOf(needed) < index));
		}
	}));
});

test('each named service stops after all named ones that need it, directly or not', t => {
	fc.assert(fc.property(graphs, fc.gen(), (services, gen) => {
		const names = gen(() => fc.subarray(Object.keys(services)));
		const before = planStop(services, names);
		t.deepEqual(before.keys().toArray(), names);
		for (const name of names) {
			const expected = names.filter(other => other !== name && planStart(services, [other]).includes(name));
			t.deepEqual([...before.get(name)!].toSorted(), expected.toSorted());
		}
	}));
});

test('naming a service starts what it needs and nothing else', t => {
	const services = {
		web: service(['app']), app: service(['db']), db: service(), other: service(),
	};
	t.deepEqual(planStart(services, ['app']), ['db', 'app']);
});

test('a service of a profile is only started when its profile is active, it is named, or it is needed', t => {
	const services = {web: service(), debug: service([], {profiles: ['debug']}), tool: service(['debug'])};
	t.deepEqual(planStart({web: services.web, debug: services.debug}), ['web']);
	t.deepEqual(planStart({web: services.web, debug: services.debug}, undefined, ['debug']), ['web', 'debug']);
	t.deepEqual(planStart({web: services.web, debug: services.debug}, ['debug']), ['debug']);
	t.deepEqual(planStart(services), ['web', 'debug', 'tool']);
});

test('a circle is named', t => {
	const error = t.throws(() => planStart({a: service(['b']), b: service(['c']), c: service(['b'])}), {instanceOf: CoppiceError});
	t.is(error.code, 'usage');
	t.true(error.message.includes('b → c → b'));
});

test('what is not there is named; what need not be there is not missed', t => {
	t.throws(() => planStart({a: service(['ghost'])}), {instanceOf: CoppiceError, message: /ghost/v});
	t.throws(() => planStart({a: service()}, ['ghost']), {instanceOf: CoppiceError, message: /ghost/v});
	t.deepEqual(planStart({a: service(['ghost'], {required: false})}), ['a']);
});
