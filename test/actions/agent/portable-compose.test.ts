/**
A definition as a compose file for elsewhere: with what it does not hold as variables, and as it was again once these are set.
*/
/* eslint-disable no-template-curly-in-string -- Variables of a compose file. */
import test from 'ava';
import fc from 'fast-check';
import {parse} from 'yaml';
import {portableCompose} from '../../../source/actions/agent/portable-compose.ts';
import {interpolate} from '../../../source/stack/interpolate.ts';

const source = {
	stack: 'shop',
	compose: {
		'x-coppice': {pool: '/srv/pool', runtime: 'docker'},
		services: {
			db: {image: 'postgres:17', command: ['postgres', '-c', 'token=***'], volumes: [{type: 'volume', source: 'data', target: '/data'}]},
			app: {image: 'app', environment: undefined, labels: {secret: '***', host: 'Host(`${DOMAIN}`)'}},
			plain: {image: 'nginx'},
		},
		volumes: {data: {name: 'shop_data'}, kept: {name: 'elsewhere', external: true}},
		networks: {inner: {name: 'shop_inner', internal: true}},
	},
	environmentNames: {db: ['POSTGRES_PASSWORD', 'PATH', 'spring.url'], app: ['TOKEN', 'POSTGRES_PASSWORD']},
};

test('values that a commit does not hold are variables, of one name each', t => {
	const {text, variables} = portableCompose(source);
	const model = parse(text) as Record<string, Record<string, Record<string, unknown>>>;
	t.deepEqual(Object.keys(variables).toSorted(), [
		'APP_LABELS_SECRET', 'APP_POSTGRES_PASSWORD', 'DB_COMMAND_2', 'DB_PATH', 'DB_POSTGRES_PASSWORD', 'DB_SPRING_URL', 'DOMAIN', 'TOKEN',
	]);
	t.true(Object.values(variables).every(value => value === null));
	t.deepEqual(model.services?.db?.environment, {POSTGRES_PASSWORD: '${DB_POSTGRES_PASSWORD}', PATH: '${DB_PATH}', 'spring.url': '${DB_SPRING_URL}'});
	t.deepEqual(model.services?.db?.command, ['postgres', '-c', 'token=${DB_COMMAND_2}']);
	t.false(text.includes('***'));
});

test('what belongs to this host or to the name of the stack is left out', t => {
	const model = parse(portableCompose(source).text) as Record<string, unknown>;
	t.deepEqual(model['x-coppice'], {runtime: 'docker'});
	t.deepEqual(model.volumes, {data: {}, kept: {name: 'elsewhere', external: true}});
	t.deepEqual(model.networks, {inner: {internal: true}});
	t.is(model.name, 'shop');
});

test('values are given where they may be, also those that only stand in the file', t => {
	const described = source.compose;
	const raw = {
		...described,
		services: {
			...described.services,
			db: {...described.services.db, command: ['postgres', '-c', 'token=a$$b']},
			app: {...described.services.app, labels: {secret: 'hush', host: 'Host(`shop.test`)'}},
		},
	};
	const {variables} = portableCompose({
		...source,
		values: {
			environment: {db: {POSTGRES_PASSWORD: 'p1', PATH: '/bin', 'spring.url': ''}, app: {TOKEN: 't', POSTGRES_PASSWORD: 'p2'}},
			lookup: () => undefined, described, raw,
		},
	});
	t.deepEqual(variables, {
		DOMAIN: 'shop.test', DB_COMMAND_2: 'a$b', APP_LABELS_SECRET: 'hush', DB_POSTGRES_PASSWORD: 'p1', DB_PATH: '/bin', DB_SPRING_URL: '', TOKEN: 't', APP_POSTGRES_PASSWORD: 'p2',
	});
});

test('what was changed since the commit gives no value to another place', t => {
	const {variables} = portableCompose({
		...source,
		values: {
			environment: {}, lookup: () => undefined,
			described: {services: {db: {command: ['mysqld', '--token=***']}}}, raw: {services: {db: {command: ['mysqld', '--token=now']}}},
		},
	});
	t.is(variables.DB_COMMAND_2, null);
});

test('with its variables set, a file gives the values again, whatever they are', t => {
	fc.assert(fc.property(
		fc.dictionary(fc.string({unit: fc.constantFrom('A', 'b', '_', '1', '.', '-'), minLength: 1, maxLength: 6}), fc.string({maxLength: 12}), {maxKeys: 6}),
		fc.dictionary(fc.string({unit: fc.constantFrom('A', 'b', '_', '1', '.', '-'), minLength: 1, maxLength: 6}), fc.string({maxLength: 12}), {maxKeys: 6}),
		(one, two) => {
			const {text, variables} = portableCompose({
				stack: 's',
				compose: {services: {one: {image: 'a'}, two: {image: 'b'}}},
				environmentNames: {one: Object.keys(one), two: Object.keys(two)},
				values: {environment: {one, two}, lookup: () => undefined},
			});
			const {services} = parse(text) as {services: Record<string, {environment?: Record<string, string>}>};
			const lookup = (name: string): string | undefined => variables[name] ?? undefined;
			const read = (service: string): Record<string, string> => {
				const written = Object.entries(services[service]?.environment ?? {});
				return Object.fromEntries(written.map(([name, value]) => [name, interpolate(value, lookup)]));
			};

			t.deepEqual(read('one'), {...one});
			t.deepEqual(read('two'), {...two});
		},
	), {numRuns: 200});
});
