/* eslint no-template-curly-in-string: 'off' -- Texts of compose files hold variables. */
import test from 'ava';
import {CoppiceError} from '../../source/system/errors.ts';
import {readStack} from '../../source/stack/read-stack.ts';
import {makeProject, readError} from './project.ts';

const cases: ReadonlyArray<readonly [name: string, text: string, message: string]> = [
	['a port that is none', 'services:\n  db:\n    image: x\n    ports:\n      - "54x2:5432"\n', 'compose.yaml:5:9: services.db.ports[0]: "54x2:5432" is not a port mapping'],
	['a port out of range', 'services:\n  db:\n    image: x\n    ports: ["80:80", "70000:80"]\n', 'compose.yaml:4:22: services.db.ports[1]: "70000:80" is not a port mapping'],
	['ranges that do not fit', 'services: {db: {image: x, ports: ["1-3:1-2"]}}', 'compose.yaml:1:35: services.db.ports[0]: "1-3:1-2" is not a port mapping'],
	['a long port without target', 'services:\n  db:\n    image: x\n    ports:\n      - published: 80\n', 'compose.yaml:5:9: services.db.ports[0]: needs a "target"'],
	['a mistyped key of a service', 'services:\n  db:\n    image: x\n    prots: []\n', 'compose.yaml:4:5: services.db.prots: is not a key of a service; did you mean "ports"?'],
	['a mistyped key at the top', 'servcies: {}\n', 'compose.yaml:1:1: servcies: is not a key of a compose file; did you mean "services"?'],
	['a mistyped key of x-coppice', 'x-coppice:\n  runtim: docker\nservices: {a: {image: x}}\n', 'compose.yaml:2:3: x-coppice.runtim: is not a key of x-coppice; did you mean "runtime"?'],
	['a mistyped x-coppice', 'services:\n  a:\n    image: x\n    x-copice: {}\n', 'compose.yaml:4:5: services.a.x-copice: is not a key of a service; did you mean "x-coppice"?'],
	['an unknown runtime', 'x-coppice: {runtime: podman}\nservices: {a: {image: x}}\n', 'compose.yaml:1:13: x-coppice.runtime: must be "process" or "docker"; this is a text'],
	['an unknown database', 'services: {a: {image: x, x-coppice: {database: oracle}}}\n', 'compose.yaml:1:38: services.a.x-coppice.database: must be "postgres", "mysql", "redis" or "mongo"; this is a text'],
	['a wrong kind of value', 'services:\n  db:\n    image: [x]\n', 'compose.yaml:3:5: services.db.image: must be a text; this is a list'],
	['an empty service', 'services:\n  db:\n', 'compose.yaml:2:3: services.db: must be a map; this is empty'],
	['no service', 'volumes: {a: {}}\n', 'compose.yaml:1:1: there is no service under "services"'],
	['a list of services', 'services: [db]\n', 'compose.yaml:1:1: services: must be a map of services; this is a list'],
	['a text instead of a map', 'hello\n', 'compose.yaml:1:1: a compose file must be a map with keys such as "services"'],
	['nothing', '# nothing\n', 'compose.yaml is empty'],
	['bad indentation', 'services:\n  db:\n    image: x\n   ports: []\n', 'compose.yaml:4:1: All mapping items must start at the same column'],
	['a key twice', 'services:\n  db:\n    image: x\n    image: y\n', 'compose.yaml:4:5: Map keys must be unique'],
	['an alias of nothing', 'services:\n  db: *missing\n', 'compose.yaml:2:7: services.db: nothing is anchored as &missing'],
	['a volume called ../x', 'services: {a: {image: x}}\nvolumes:\n  ../x:\n', 'compose.yaml:3:3: volumes: "../x" can\'t be the name of a volume'],
	['a mount of a volume called ../x', 'services:\n  a:\n    image: x\n    volumes:\n      - {source: ../x, target: /data}\n', 'compose.yaml:5:10: services.a.volumes[0].source: "../x" can\'t be the name of a volume'],
	['a volume that is not defined', 'services:\n  a:\n    image: x\n    volumes: ["dta:/x"]\nvolumes: {data: }\n', 'compose.yaml:4:15: services.a.volumes[0]: the volume "dta" is not defined under "volumes" at the top; did you mean "data"?'],
	['a volume of one letter', 'services: {a: {image: x, volumes: ["d:/x"]}}\nvolumes: {d: }\n', 'compose.yaml:1:36: services.a.volumes[0]: "d:/x": compose takes one letter before a colon for a drive of Windows'],
	['an option of a mount that is none', 'services: {a: {image: x, volumes: ["./d:/x:roo"]}}\n', 'compose.yaml:1:36: services.a.volumes[0]: "roo" is not an option of a mount; did you mean "ro"?'],
	['a mount on a relative path', 'services: {a: {image: x, volumes: ["./d:x"]}}\n', 'compose.yaml:1:36: services.a.volumes[0]: "x" is not an absolute path inside the service'],
	['a service name that is none', 'services:\n  "a b": {image: x}\n', 'compose.yaml:2:3: services: "a b" can\'t be the name of a service'],
	['a dependency on nothing', 'services:\n  a: {image: x, depends_on: [web]}\n  wep: {image: x}\n', 'compose.yaml:2:30: services.a.depends_on[0]: there is no service "web"; did you mean "wep"?'],
	['dependencies in a circle', 'services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n', 'compose.yaml:3:17: services.b.depends_on: services wait for each other in a circle: a → b → a'],
	['a condition that is none', 'services:\n  a: {image: x, depends_on: {b: {condition: healthy}}}\n  b: {image: x}\n', 'compose.yaml:2:34: services.a.depends_on.b.condition: must be "service_started", "service_healthy" or "service_completed_successfully"; this is a text'],
	['a duration that is none', 'services: {a: {image: x, stop_grace_period: 10x}}\n', 'compose.yaml:1:26: services.a.stop_grace_period: "10x" is not a duration'],
	['a restart policy that is none', 'services: {a: {image: x, restart: sometimes}}\n', 'compose.yaml:1:26: services.a.restart: "sometimes" is not a restart policy; "no", "always", "unless-stopped", "on-failure" and "on-failure:3" are'],
	['a quote that is open', 'services: {a: {image: x, command: "echo \'hi"}}\n', 'compose.yaml:1:26: services.a.command: has a single quote that is not closed'],
	['a required variable', 'services:\n  a:\n    image: x:${TAG:?say which}\n', 'compose.yaml:3:12: services.a.image: the variable TAG is not set: say which'],
	['a stray dollar', 'services:\n  a:\n    image: x\n    environment:\n      PASSWORD: pa$$w0rd$1\n', 'compose.yaml:5:17: services.a.environment.PASSWORD: has a "$" that starts no variable; write "$$" for a dollar sign'],
	['neither image nor build', 'services:\n  a: {command: x}\n', 'compose.yaml:2:3: services.a: has neither an image nor a build'],
	['extending nothing', 'services:\n  a: {extends: bb}\n  b: {image: x}\n', 'compose.yaml:2:16: services.a.extends: there is no service "bb"; did you mean "b"?'],
	['extending in a circle', 'services:\n  a: {extends: b}\n  b: {extends: a}\n', 'compose.yaml:3:16: services.b.extends: goes round in a circle: a → b → a'],
	['a health check without kind', 'services: {a: {image: x, healthcheck: {test: [curl, x]}}}\n', 'compose.yaml:1:40: services.a.healthcheck.test: must begin with "CMD", "CMD-SHELL" or "NONE", or be one text'],
	['an env_file that is not there', 'services:\n  a:\n    image: x\n    env_file: [missing.env]\n', 'compose.yaml:4:16: services.a.env_file[0]: there is no file missing.env'],
	['a secret that is not defined', 'services: {a: {image: x, secrets: [pw]}}\n', 'compose.yaml:1:36: services.a.secrets[0]: "pw" is not defined under "secrets" at the top'],
	['an include that is none', 'include: db.yaml\nservices: {a: {image: x}}\n', 'compose.yaml:1:10: include: must be a list of files'],
	['a prototype as key', 'services:\n  __proto__: {image: x}\n', 'compose.yaml:2:3: services: "__proto__" can\'t be a key'],
];

for (const [name, text, message] of cases) {
	test(`names file, line, column and key: ${name}`, async t => {
		const error = await readError(t, text);
		t.is(error.message, message);
		t.true(name === 'nothing' || (error.hint ?? '') !== '', 'a hint says what to do');
	});
}

test('the second of two files is named when the mistake is there', async t => {
	const folder = await makeProject(t, {'compose.yaml': 'services: {a: {image: x}}\n', 'compose.override.yaml': 'services:\n  a:\n    ports: [http]\n'});
	await t.throwsAsync(readStack({directory: folder, environment: {}}), {instanceOf: CoppiceError, message: 'compose.override.yaml:3:13: services.a.ports[0]: "http" is not a port mapping'});
});

test('a mistake in an env_file names its line and no value', async t => {
	const folder = await makeProject(t, {'compose.yaml': 'services: {a: {image: x, env_file: a.env}}\n', 'a.env': 'A=1\nSECRET="hunter2\n'});
	const error = await t.throwsAsync(readStack({directory: folder, environment: {}}), {instanceOf: CoppiceError});
	t.is(error.message, 'a.env:2: the value of SECRET has a quote that is not closed');
});

test('aliases that multiply without end are refused', async t => {
	const levels = Array.from({length: 12}, (_, level) => `x-${level}: &a${level} [${Array.from({length: 10}, () => level === 0 ? 'x' : `*a${level - 1}`).join(', ')}]`);
	const error = await readError(t, `${levels.join('\n')}\nservices: {a: {image: x}}\n`);
	t.regex(error.message, /aliases multiply/v);
});
