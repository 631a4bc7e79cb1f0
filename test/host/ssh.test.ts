import {
	chmod,
	mkdir,
	mkdtemp,
	rm,
	stat,
	symlink,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import fc from 'fast-check';
import {isOlder} from '../../source/host/compare-versions.ts';
import {negotiate} from '../../source/host/open-host.ts';
import {isAddress, parseAddress} from '../../source/host/ssh-address.ts';
import {explainSshFailure} from '../../source/host/ssh-failures.ts';
import {
	controlPath,
	prepareSsh,
	quoteWord,
	sshCommand,
	sshWords,
} from '../../source/host/ssh.ts';
import {sudoRule} from '../../source/host/sudo-rule.ts';
import {CoppiceError} from '../../source/system/errors.ts';
import {runCommand} from '../../source/system/run-command.ts';

const home = {run: '/run/coppice'};
const target = {address: 'deploy@staging', port: 2222};
const optionsOf = (words: readonly string[]): Map<string, string> => new Map(words.filter((_, index) => words[index - 1] === '-o').map(word => {
	const index = word.indexOf('=');
	return [word.slice(0, index), word.slice(index + 1)];
}));

test('addresses', t => {
	t.deepEqual(parseAddress('deploy@staging.example.com'), {address: 'deploy@staging.example.com'});
	t.deepEqual(parseAddress('deploy@10.0.0.7:2222'), {address: 'deploy@10.0.0.7', port: 2222});
	t.deepEqual(parseAddress('staging'), {address: 'staging'});
	t.deepEqual(parseAddress('ssh://deploy@staging:22/'), {address: 'deploy@staging', port: 22});
	t.deepEqual(parseAddress('deploy@[2001:db8::1]:2222'), {address: 'deploy@2001:db8::1', port: 2222});
	t.deepEqual(parseAddress('2001:db8::1'), {address: '2001:db8::1'});
	t.deepEqual(parseAddress('mail@example.com@staging'), {address: 'mail@example.com@staging'});
});

test('what ssh or a shell might take for something else is no address', t => {
	const bad = [
		'',
		'-oProxyCommand=touch$IFS',
		'-l',
		'deploy@-oProxyCommand=x',
		'-deploy@host',
		'host;id',
		'host id',
		'a@b:0',
		'a@b:70000',
		'a@b:x',
		'$(id)@host',
		'`id`@host',
		'host\n',
		'a@',
		'@host',
		'a@host/path',
		'%h',
		'a@[::1',
		'a\'b@host',
		'a"b@host',
		'|id',
		'a@ho%h',
	];
	for (const address of bad) {
		t.throws(() => parseAddress(address), {instanceOf: CoppiceError, code: 'usage'}, address);
	}

	const isHarmless = (text: string): boolean => !/[\s\p{Control}]/v.test(text) && !/^-|@-/v.test(text) && [...';&|$`\'"\\<>(){}*?#!'].every(character => !text.includes(character));
	fc.assert(fc.property(fc.string({maxLength: 20}), text => !isAddress(text) || isHarmless(text)), {numRuns: 2000});
});

test('command lines of ssh', t => {
	const words = sshCommand(target, ['/home/it\'s me/coppice', 'serve'], {home, environment: {}});
	t.is(words[0], 'ssh');
	t.deepEqual(words.slice(-5), ['-p', '2222', '--', 'deploy@staging', String.raw`'/home/it'\''s me/coppice' serve`]);
	const options = optionsOf(words);
	t.like(Object.fromEntries(options), {
		BatchMode: 'yes', ControlMaster: 'auto', ControlPersist: '600', ServerAliveInterval: '5', ServerAliveCountMax: '3', ConnectTimeout: '10', RequestTTY: 'no',
	});
	t.false(options.has('StrictHostKeyChecking'), 'the user\'s own configuration decides');
	t.false(options.has('UserKnownHostsFile'));
	t.false(words.includes('-F'));

	const asking = optionsOf(sshWords(target, {
		home, interactive: true, terminal: true, environment: {},
	}));
	t.false(asking.has('BatchMode'));
	t.is(asking.get('RequestTTY'), 'yes');

	const other = sshWords({address: 'staging'}, {home, environment: {COPPICE_SSH: '/opt/ssh', COPPICE_SSH_CONFIG: '/tmp/c'}});
	t.deepEqual(other.slice(0, 3), ['/opt/ssh', '-F', '/tmp/c']);
	t.false(other.includes('-p'));
});

test('the shared connection has a path that a socket can have, and each address its own', t => {
	const long = {run: `/home/${'x'.repeat(100)}/run`};
	for (const place of [home, long]) {
		t.true(`${controlPath(place, target, {})}.0123456789abcdef`.length <= 107);
	}

	t.true(controlPath(long, target, {}).startsWith(`/tmp/coppice-${process.getuid?.() ?? 0}-ssh/`));
	const paths = [target, {...target, port: 22}, {address: target.address}, {...target, address: 'x@staging'}].map(place => controlPath(home, place, {}));
	t.is(new Set(paths).size, 4);
	t.not(controlPath(home, target, {COPPICE_SSH_CONFIG: '/tmp/c'}), paths[0], 'another configuration may lead elsewhere');
	t.is(controlPath(home, target, {}), paths[0]!);
});

test('the folder of shared connections is this user\'s alone, whoever was there first', async t => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-ssh-run-'));
	t.teardown(async () => rm(folder, {recursive: true, force: true}));
	await mkdir(path.join(folder, 'ssh'), {mode: 0o777});
	await chmod(path.join(folder, 'ssh'), 0o777);
	prepareSsh({run: folder}, target, {});
	t.is((await stat(path.join(folder, 'ssh'))).mode % 0o1000, 0o700);

	await rm(path.join(folder, 'ssh'), {recursive: true});
	await mkdir(path.join(folder, 'elsewhere'));
	await symlink(path.join(folder, 'elsewhere'), path.join(folder, 'ssh'));
	t.throws(() => {
		prepareSsh({run: folder}, target, {});
	}, {instanceOf: CoppiceError, code: 'permission'});
});

test('words come through a shell as they are', async t => {
	await fc.assert(fc.asyncProperty(fc.array(fc.string({unit: 'grapheme', maxLength: 20}).filter(text => !text.includes('\0')), {minLength: 1, maxLength: 6}), async words => {
		const {stdout} = await runCommand(['sh', '-c', String.raw`printf '%s\0' ${words.map(word => quoteWord(word)).join(' ')}`]);
		t.deepEqual(stdout.split('\0').slice(0, -1), words);
	}), {numRuns: 20});
});

test('versions, and which side is told to update', t => {
	t.true(isOlder('0.1.0', '0.2.0'));
	t.true(isOlder('0.9.9', '0.10.0'));
	t.false(isOlder('0.2.0', '0.2.0'));
	t.false(isOlder('1.0.0', '0.9.9'));
	t.false(isOlder('development', '0.2.0'));
	t.false(isOlder('0.1.0', 'development'));

	const record = {name: 'staging', kind: 'ssh', address: 'deploy@staging'} as const;
	const own = {protocol: 2, version: '0.2.0', canUpgrade: true};
	t.is(negotiate({protocol: 2, version: '0.1.0'}, record, own), 'talk', 'an engine of somebody else\'s is not replaced while it can be talked with');
	t.is(negotiate({protocol: 2, version: '0.1.0'}, {...record, installed: true}, own), 'upgrade');
	t.is(negotiate({protocol: 1, version: '0.1.0'}, {...record, installed: true}, own), 'upgrade');
	t.is(negotiate({protocol: 2, version: '0.3.0'}, {...record, installed: true}, own), 'talk');
	const older = t.throws<CoppiceError>(() => negotiate({protocol: 1, version: '0.1.0'}, record, own), {code: 'host', message: /The Coppice on staging \(0\.1\.0\) is older/v});
	t.regex(older.hint ?? '', /coppice host add staging deploy@staging/v);
	const newer = t.throws<CoppiceError>(() => negotiate({protocol: 3, version: '0.3.0'}, {...record, installed: true}, own), {
		code: 'host', message: /This Coppice \(0\.2\.0\) is older/v,
	});
	t.regex(newer.hint ?? '', /on this machine/v);
});

test('the rule for sudo names one program, whatever is in its path', t => {
	t.is(sudoRule({address: 'deploy@staging', engine: '/home/deploy/bin/coppice'}), 'deploy ALL=(root) NOPASSWD: /home/deploy/bin/coppice');
	t.is(sudoRule({address: 'staging', engine: '/home/a b/x,y'}, 'me'), String.raw`me ALL=(root) NOPASSWD: /home/a\ b/x\,y`);
});

test('failures of ssh that no machine here can bring about', t => {
	const explain = (stderr: string): CoppiceError => explainSshFailure({name: 'staging', target, stderr});
	const cases: ReadonlyArray<readonly [said: string, message: RegExp]> = [
		['ssh: connect to host staging port 2222: Connection timed out', /did not answer within 10 s/v],
		['ssh: connect to host staging port 2222: No route to host', /no network leads there/v],
		['Timeout, server staging not responding.', /connection was lost/v],
		['client_loop: send disconnect: Broken pipe', /connection was lost/v],
		['Received disconnect from 10.0.0.7 port 22:2: Too many authentication failures', /too many keys/v],
		['', /without a word/v],
		['something new', /ssh failed: something new/v],
	];
	for (const [said, message] of cases) {
		const error = explain(`Warning: Permanently added 'x' to the list of known hosts.\r\n${said}\r\n`);
		t.is(error.code, 'host', said);
		t.regex(error.message, message);
		t.is(error.context.host, 'staging');
		t.truthy(error.hint);
	}

	t.false(explain('ssh: \u{1B}[2Jfailed').message.includes('\u{1B}'), 'nothing that was said drives the terminal');
});
