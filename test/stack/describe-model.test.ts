/* eslint no-template-curly-in-string: 'off' -- Texts of compose files hold variables. */
/**
What of a resolved compose file goes into a commit, and how it becomes a compose file again. Pure.
*/
import test from 'ava';
import {compareDefinitions, describeDefinition} from '../../source/stack/definition.ts';
import {restoreModel} from '../../source/stack/restore-model.ts';
import type {
	Definition,
	ResolvedModel,
	Service,
	Stack,
} from '../../source/stack/stack.ts';

const service = (name: string, more: Partial<Service> = {}): Service => ({
	name, environment: {}, ports: [], mounts: [], dependsOn: {}, restart: {name: 'no'}, stopGraceMilliseconds: 10_000, profiles: [], settings: {}, otherKeys: [], ...more,
});

const stackOf = (resolved: ResolvedModel, services: readonly Service[]): Stack => ({
	name: 'shop',
	projectFolder: '/home/me/shop',
	composeFiles: ['/home/me/shop/compose.yaml'],
	services: Object.fromEntries(services.map(each => [each.name, each])),
	volumes: {data: {name: 'data', managed: true, external: false}},
	settings: {},
	resolved,
	notices: [],
});

const resolved: ResolvedModel = {
	model: {
		name: 'shop',
		'x-common': {POSTGRES_PASSWORD: 'anchored-secret'},
		networks: {default: {name: 'shop_default', ipam: {}}, back: {name: 'shop_back'}},
		volumes: {data: {name: 'shop_data'}, share: {driver_opts: {type: 'cifs', o: 'username=me,password=cifs-secret', device: '//nas/share'}}},
		configs: {app: {content: 'mode=fast\nurl=http://me:config-secret@host/\n'}},
		secrets: {tls: {file: '/home/me/shop/tls.pem'}, other: {file: '/etc/other.pem'}},
		services: {
			db: {
				image: 'postgres:15',
				command: ['postgres', '-c', 'password=typed-secret', '--requirepass', 'from$$variable', '$$literal'],
				entrypoint: null,
				environment: {POSTGRES_PASSWORD: 'env-secret', POSTGRES_DB: 'shop'},
				healthcheck: {test: ['CMD-SHELL', 'psql postgres://u:env-secret@localhost/$${DB}'], interval: '5s'},
				labels: {'app.version': 'v7', 'app.token': 'label-secret', 'app.users': 'users-secret'},
				networks: {default: null},
				ports: [{
					target: 5432, published: '5433', protocol: 'tcp', mode: 'ingress',
				}],
				volumes: [
					{
						type: 'volume', source: 'data', target: '/data', volume: {},
					},
					{
						type: 'bind', source: '/home/me/shop/init', target: '/init', bind: {create_host_path: true},
					},
					{type: 'bind', source: '/srv/shared', target: '/shared'},
				],
				develop: {watch: []},
			},
			web: {
				networks: {back: null, default: null},
				build: {context: '/home/me/shop', dockerfile: 'Dockerfile', args: {NODE: '24', NPM_TOKEN: 'arg-secret', REGISTRY: 'registry-secret'}},
				post_start: [{command: ['./migrate'], environment: {HOOK: 'hook-secret'}}],
			},
		},
	},
	template: {
		services: {
			db: {
				image: 'postgres:${TAG:-15}',
				command: ['postgres', '-c', 'password=typed-secret', '--requirepass', '${PW:-default-secret}', '$$literal'],
				labels: {'app.version': 'v7', 'app.token': 'label-secret', 'app.users': '${USERS}'},
				ports: ['${PORT:-5433}:5432'],
			},
			web: {build: {args: {NODE: '24', NPM_TOKEN: 'arg-secret', REGISTRY: '${REGISTRY}'}}},
		},
	},
};

const db = service('db', {image: 'postgres:15', environment: {POSTGRES_PASSWORD: 'env-secret', POSTGRES_DB: 'shop'}});
const stack = stackOf(resolved, [db, service('web', {build: {}})]);

test('what goes into a commit holds no value of the environment and no secret', t => {
	const text = JSON.stringify(describeDefinition(stack));
	t.deepEqual(['anchored', 'cifs', 'config', 'typed', 'default', 'env', 'label', 'users', 'arg', 'registry', 'hook'].filter(word => text.includes(`${word}-secret`)), []);
	t.false(text.includes('from$$variable'));
	t.false(text.includes('/home/me'));
});

test('what goes into a commit is the application', t => {
	t.deepEqual(describeDefinition(stack).compose, {
		volumes: {data: {name: 'shop_data'}, share: {driver_opts: {type: 'cifs', o: 'username=me,password=***', device: '//nas/share'}}},
		configs: {app: {content: 'mode=fast\nurl=http://me:***@host/\n'}},
		secrets: {tls: {file: './tls.pem'}, other: {file: '/etc/other.pem'}},
		networks: {back: {name: 'shop_back'}},
		services: {
			db: {
				image: 'postgres:15',
				command: ['postgres', '-c', 'password=***', '--requirepass', '${PW}', '$$literal'],
				healthcheck: {test: ['CMD-SHELL', 'psql postgres://u:***@localhost/$${DB}'], interval: '5s'},
				labels: {'app.version': 'v7', 'app.token': '***', 'app.users': '${USERS}'},
				ports: [{
					target: 5432, published: '5433', protocol: 'tcp', mode: 'ingress',
				}],
				volumes: [
					{
						type: 'volume', source: 'data', target: '/data', volume: {},
					},
					{
						type: 'bind', source: './init', target: '/init', bind: {create_host_path: true},
					},
					{type: 'bind', source: '/srv/shared', target: '/shared'},
				],
			},
			web: {
				networks: {back: null, default: null},
				build: {context: '.', dockerfile: 'Dockerfile', args: {NODE: '24', NPM_TOKEN: '***', REGISTRY: '${REGISTRY}'}},
				post_start: [{command: ['./migrate'], environment: {HOOK: '***'}}],
			},
		},
	});
});

const plainModel = resolved.model as {services: Record<string, Record<string, unknown>>};

test('a definition is filled in from the compose file as it is now', t => {
	const {model, missing} = restoreModel(describeDefinition(stack), stack, () => undefined);
	t.deepEqual(missing, []);
	const {services, secrets} = model as {services: Record<string, Record<string, unknown>>; secrets: unknown};
	t.deepEqual(services.db!.command, plainModel.services.db!.command);
	t.deepEqual(services.db!.environment, {POSTGRES_PASSWORD: 'env-secret', POSTGRES_DB: 'shop'});
	t.deepEqual(services.db!.labels, plainModel.services.db!.labels);
	t.deepEqual(services.db!.volumes, plainModel.services.db!.volumes);
	t.deepEqual(services.web!.build, plainModel.services.web!.build);
	t.deepEqual(secrets, {tls: {file: '/home/me/shop/tls.pem'}, other: {file: '/etc/other.pem'}});
	t.is(model.name, 'shop');
});

/** The stack as it is later: other labels, another command, one variable gone and one come. */
const later = stackOf({
	model: {
		services: {
			db: {
				image: 'postgres:16', command: ['postgres'], environment: {POSTGRES_PASSWORD: 'new$$secret', EXTRA: 'x'}, labels: {'app.version': 'v8', 'app.token': 'label-2', 'app.users': 'users-2'},
			},
		},
	},
}, [service('db', {image: 'postgres:16', environment: {POSTGRES_PASSWORD: 'new$secret', EXTRA: 'x'}})]);

const old: Definition = {
	services: {
		db: {
			image: 'postgres:15', environmentNames: ['POSTGRES_DB', 'POSTGRES_PASSWORD'], ports: [], mounts: [], dependsOn: [],
		},
	},
	volumes: [],
	compose: {
		services: {
			db: {
				image: 'postgres:15', build: {context: '.'}, command: ['postgres', '--requirepass', '${PW}'], labels: {'app.version': 'v7', 'app.token': '***'},
			},
		},
	},
};

test('values of now take the place of those a commit leaves out; what came since does not come along', t => {
	const variables: Readonly<Record<string, string>> = {PW: 'a$b', POSTGRES_DB: 'shop'};
	const {model, missing} = restoreModel(old, later, name => variables[name], {db: 'sha256:abc'});
	t.deepEqual(missing, []);
	t.deepEqual(model, {
		name: 'shop',
		services: {
			db: {
				image: 'sha256:abc',
				command: ['postgres', '--requirepass', 'a$$b'],
				labels: {'app.version': 'v7', 'app.token': 'label-2'},
				environment: {POSTGRES_DB: 'shop', POSTGRES_PASSWORD: 'new$$secret'},
			},
		},
	});
});

test('every value that is nowhere is named', t => {
	const {missing} = restoreModel({...old, compose: {services: {db: {...(old.compose!.services as {db: object}).db, 'x-y': '***', labels: {gone: '***'}}}}}, later, () => undefined);
	t.deepEqual(missing.toSorted(), ['${PW} in services.db.command.2', 'db: POSTGRES_DB', 'services.db.labels.gone', 'services.db.x-y']);
});

test('labels, health checks and networks are compared too, each fact once', t => {
	const change = (labels: Readonly<Record<string, string>>, image: string): Definition => describeDefinition(stackOf(
		{model: {services: {db: {image, labels, environment: {A: '1'}}}, networks: {back: {internal: true}}}},
		[service('db', {image, environment: {A: '1'}})],
	));
	t.deepEqual(compareDefinitions(change({a: '1'}, 'postgres:15'), change({a: '2', b: '3'}, 'postgres:16')), [
		{key: 'services.db.image', from: 'postgres:15', to: 'postgres:16'},
		{key: 'services.db.labels.a', from: '1', to: '2'},
		{key: 'services.db.labels.b', to: '3'},
	]);
	// A commit of before definitions were captured differs in nothing that it does not tell.
	const {compose: _compose, ...before} = change({a: '1'}, 'postgres:15');
	t.deepEqual(compareDefinitions(before, change({a: '2'}, 'postgres:15')), []);
});
