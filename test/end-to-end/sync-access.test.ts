/**
Who may do what between hosts, over a real sshd: a key that may only pull, hosts that are not who they were, hosts that mean harm; and that nothing stays of
an engine that was put somewhere.
*/
import {spawn} from 'node:child_process';
import {readdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {createMessageConnection, StreamMessageReader, StreamMessageWriter} from 'vscode-jsonrpc/node';
import {transferProtocol} from '../../source/transfer/channel.ts';
import {runCommand, tryCommand} from '../../source/system/run-command.ts';
import {hostileStreams} from '../stream/hostile-corpus.ts';
import {makeHostile} from '../fixtures/hosts/hostile-host.ts';
import {makeLaptop, type Laptop} from '../fixtures/hosts/laptop.ts';
import {
	hostsMissing,
	makeTestHosts,
	type TestHost,
	type TestHosts,
} from '../fixtures/hosts/test-hosts.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';

const missing = await hostsMissing();

let hosts: TestHosts;
let staging: TestHost;
let owner: Laptop;
let guest: Laptop;
/** For `ssh -F`, with the key that may only pull. */
let limited: string;

/** A stack on staging, with one file in its volume; nothing runs. */
const makeStack = async (name: string): Promise<void> => {
	const compose = `name: ${name}\nservices:\n  db:\n    image: redis\n    volumes: ["data:/data"]\nvolumes: {data: {}}\n`;
	await staging.run(['sh', '-c', `mkdir /root/${name}; cat > /root/${name}/compose.yaml`], {input: compose});
	await owner.json(['-H', 'staging', '-C', `/root/${name}`, 'init', '--runtime', 'process']);
	await staging.run(['sh', '-c', `echo 'what ${name} holds' > /pool/coppice/stacks/${name}/volumes/data/branches/main/data/file`]);
	await owner.json(['-H', 'staging', '--stack', name, 'commit', '-m', 'First']);
};

/** Everything that is in the pool there, by name and content. */
const poolThere = async (): Promise<string> => staging.run(['sh', '-c', 'cd /pool/coppice && find . -type f ! -name "*.lock" -exec sha256sum {} + | sort']);

const writeConfig = async (name: string, lines: readonly string[]): Promise<string> => {
	const file = path.join(owner.root, name);
	await writeFile(file, `Host staging\n  HostName ${staging.address}\n  HostKeyAlias staging\nHost *\n  User root\n  IdentitiesOnly yes\n${lines.map(line => `  ${line}\n`).join('')}`);
	return file;
};

test.before(async () => {
	if (missing !== undefined) {
		return;
	}

	hosts = await makeTestHosts([{name: 'staging', driver: 'directory'}]);
	staging = hosts.host('staging');
	owner = await makeLaptop(hosts, {driver: 'directory'});
	await owner.json(['host', 'add', 'staging', 'root@staging']);
	await makeStack('shop');
	await makeStack('secrets');

	await staging.run(['sh', '-c', 'cat > /etc/coppice/policy.yaml'], {
		input: 'roles:\n  reader:\n    - stacks: [shop]\n      allow: [pull]\n',
	});
	const key = path.join(owner.root, 'limited');
	await runCommand(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'limited', '-f', key]);
	const {stdout: publicKey} = await runCommand(['cat', `${key}.pub`]);
	await staging.run(['sh', '-c', 'cat >> /root/.ssh/authorized_keys'], {
		input: `command="/root/.local/share/coppice/engine/current/bin/coppice serve --policy reader",restrict ${publicKey}\n`,
	});
	limited = await writeConfig('limited.config', [`IdentityFile ${key}`, `UserKnownHostsFile ${hosts.knownHosts}`, 'GlobalKnownHostsFile /dev/null']);
	guest = await makeLaptop({...hosts, environment: {COPPICE_SSH_CONFIG: limited}}, {driver: 'directory'});
});

test.after.always(async () => {
	await guest?.dispose();
	await owner?.dispose();
	await hosts?.dispose();
});

/** What a client with the limited key may try that is none of the three words of the engine. */
const attempts: ReadonlyArray<readonly string[]> = [
	['staging', 'id'],
	['staging'],
	['-tt', 'staging'],
	['staging', 'sh -c id'],
	['staging', 'coppice serve; id'],
	['staging', 'coppice serve && id'],
	['staging', 'coppice serve\nid'],
	['staging', '$(id) serve'],
	['staging', '`id` serve'],
	['staging', 'x|id serve'],
	['staging', 'coppice serve --pool /'],
	['staging', 'coppice serve --policy owner'],
	['staging', 'coppice --policy owner serve'],
	['staging', 'coppice send --pool /pool/coppice'],
	['staging', 'coppice -H staging status'],
	['staging', 'coppice --stack secrets log'],
	['staging', 'coppice init'],
	['staging', 'env COPPICE_HOME=/root coppice serve'],
	['staging', 'cat /pool/coppice/stacks/secrets/volumes/data/branches/main/data/file'],
	['staging', 'scp -f /root/secrets/compose.yaml'],
	['staging', 'rsync --server --sender . /root/'],
	['-s', 'staging', 'sftp'],
];

type Known = {readonly tip: string; readonly snapshot: string};

/**
Speaks to the engine behind the limited key without any of the checks that Coppice makes before it asks.
*/
const askRaw = async (work: (ask: (method: string, params: object) => Promise<unknown>) => Promise<void>): Promise<void> => {
	const ssh = spawn('ssh', ['-F', limited, '-o', 'BatchMode=yes', 'staging', 'coppice serve'], {stdio: ['pipe', 'pipe', 'ignore']});
	const connection = createMessageConnection(new StreamMessageReader(ssh.stdout), new StreamMessageWriter(ssh.stdin));
	connection.listen();
	try {
		await work(async (method, params) => connection.sendRequest(method, params));
	} finally {
		connection.dispose();
		ssh.stdin.end();
		ssh.kill();
	}
};

const calls = (shop: Known, secret: Known): ReadonlyArray<readonly [what: string, method: string, params: object]> => {
	const offer = {
		stack: 'shop', branch: 'main', tip: shop.tip, commits: [], switch: false,
	};
	return [
		['a stack that is not his', 'stack', {stack: 'secrets'}],
		['its commits', 'commits', {stack: 'secrets', tips: [secret.tip], known: []}],
		['its commits, as those of his', 'commits', {stack: 'shop', tips: [secret.tip], known: []}],
		['its snapshots', 'snapshots', {stack: 'secrets'}],
		['its definition', 'definition', {stack: 'secrets', commit: secret.tip}],
		['its definition, as that of his', 'definition', {stack: 'shop', commit: secret.tip}],
		['its size', 'estimate', {
			stack: 'secrets', volume: 'data', snapshot: secret.snapshot, bases: [],
		}],
		['a path for a stack', 'snapshots', {stack: '../stacks/secrets'}],
		['a path for a volume', 'estimate', {
			stack: 'shop', volume: '../../secrets/volumes/data', snapshot: secret.snapshot, bases: [],
		}],
		['a path for a snapshot', 'estimate', {
			stack: 'shop', volume: 'data', snapshot: `../../../../secrets/volumes/data/snapshots/${secret.snapshot}`, bases: [],
		}],
		['a pin', 'pin', {stack: 'secrets', peer: 'x', commits: [secret.tip]}],
		['a push', 'offerPush', offer],
		['a push to a branch of his own', 'offerPush', {...offer, branch: 'mine'}],
		['a new stack', 'offerPush', {...offer, stack: 'new'}],
		['a branch moved', 'finishPush', {
			stack: 'shop', branch: 'main', from: shop.tip, tip: shop.tip, commits: [], switch: true,
		}],
		['a method that there is not', 'eval', {code: 'process.exit()'}],
		['no parameters', 'definition', {}],
	];
};

const channels = (shop: Known, secret: Known): ReadonlyArray<readonly [what: string, word: string, request: object]> => {
	const request = {
		protocol: transferProtocol, stack: 'shop', volume: 'data', snapshot: shop.snapshot, branch: 'main',
	};
	return [
		['data taken in', 'receive', {...request, snapshot: '44444444-4444-4444-8444-444444444444'}],
		['the data of another stack', 'send', {...request, stack: 'secrets', snapshot: secret.snapshot}],
		['the data of another stack as those of his', 'send', {...request, snapshot: secret.snapshot}],
		['an increment from what is not his', 'send', {...request, base: secret.snapshot}],
		['a path for a volume', 'send', {...request, volume: '../../secrets/volumes/data', snapshot: secret.snapshot}],
		['a path for a snapshot', 'send', {...request, snapshot: '../../../../../etc'}],
	];
};

if (missing === undefined) {
	test.serial('a key that may pull pulls, and what it pulls is right', async t => {
		const added = await guest.run(['host', 'add', 'staging', 'root@staging']);
		t.is(added.exitCode, 0, added.stderr);
		t.regex(added.stdout, /role reader/v);
		await guest.json(['clone', 'staging', 'shop']);
		const file = await runCommand(['cat', path.join(guest.pool, 'stacks/shop/volumes/data/branches/main/data/file')]);
		t.is(file.stdout, 'what shop holds');
	});

	test.serial('a key that may pull can do nothing else, whatever it says', async t => {
		const before = await poolThere();
		await writeFile(path.join(guest.pool, 'stacks/shop/volumes/data/branches/main/data/file'), 'mine');
		await guest.json(['commit', '-m', 'Mine']);
		for (const words of [['push', 'staging'], ['push', 'staging', '--switch'], ['clone', 'staging', 'secrets', 'elsewhere'], ['-H', 'staging', '--stack', 'shop', 'log']]) {
			const result = await guest.run(words, words[0] === 'clone' ? {cwd: guest.root} : {});
			t.true([3, 4].includes(result.exitCode), `${words.join(' ')}: ${result.exitCode} ${result.stderr}`);
			t.notRegex(result.stdout + result.stderr, /what secrets holds/v);
		}

		await Promise.all(attempts.map(async words => {
			const {exitCode, stdout} = await tryCommand(['ssh', '-F', limited, '-o', 'BatchMode=yes', ...words], {timeout: 60_000, input: ''});
			t.not(exitCode, 0, words.join(' '));
			t.notRegex(stdout, /uid=|what secrets holds|services:/v, words.join(' '));
		}));

		// Nothing is forwarded: neither to a service there, nor back.
		const forwarded = await tryCommand(['ssh', '-F', limited, '-o', 'BatchMode=yes', '-W', '127.0.0.1:22', 'staging'], {timeout: 20_000, input: ''});
		t.notRegex(forwarded.stdout, /SSH-2\.0/v);
		const backwards = await tryCommand(['ssh', '-F', limited, '-o', 'BatchMode=yes', '-o', 'ExitOnForwardFailure=yes', '-N', '-R', '2222:127.0.0.1:1', 'staging'], {timeout: 20_000, input: ''});
		t.regex(backwards.stderr, /forwarding failed/v);

		const ids = async (stack: string) => {
			const [commit] = await owner.json<ReadonlyArray<{id: string; volumes: Record<string, string>}>>(['-H', 'staging', '--stack', stack, 'log']);
			return {tip: commit!.id, snapshot: commit!.volumes.data!};
		};

		const [shop, secret] = [await ids('shop'), await ids('secrets')];
		await askRaw(async ask => {
			const {stacks} = await ask('stacks', {}) as {readonly stacks: ReadonlyArray<{readonly name: string}>};
			t.deepEqual(stacks.map(({name}) => name), ['shop']);
			for (const [what, method, params] of calls(shop, secret)) {
				const error = await t.throwsAsync(async () => ask(method, params), undefined, what);
				t.notRegex(String(error), /disposed|closed/v, what);
			}
		});
		await Promise.all(channels(shop, secret).map(async ([what, word, request]) => {
			const {stdout, exitCode} = await tryCommand(['ssh', '-F', limited, '-o', 'BatchMode=yes', 'staging', `coppice ${word}`], {timeout: 60_000, input: `${JSON.stringify(request)}\n`});
			t.not(exitCode, 0, what);
			t.notRegex(stdout, /what secrets holds|btrfs-stream/v, what);
		}));

		t.is(await poolThere(), before);
	});

	test.serial('a host that sends what would do harm is refused, and nothing of it stays', async t => {
		const hostile = await makeHostile(staging);
		const tried = new Set(['a file above the target', 'a write through a link that the stream made', 'a hard link to an absolute path', 'a device node', 'two subvolumes in one stream', 'a stream that is cut off']);
		const corpus = hostileStreams({own: '', base: '', foreign: ''}).filter(({isIncrement, options, what}) => isIncrement !== true && options === undefined && tried.has(what));
		await owner.json(['host', 'add', 'evil', 'root@staging', '--engine', hostile.engine]);
		for (const {what, says} of corpus) {
			await hostile.choose(what);
			const {exitCode, stderr} = await owner.run(['clone', 'evil', 'shop'], {cwd: owner.root});
			t.is(exitCode, 1, `${what}: ${stderr}`);
			t.regex(stderr, says, what);
			const volume = path.join(owner.pool, 'stacks/shop/volumes/data');
			for (const folder of ['snapshots', 'incoming', 'branches']) {
				const entries = await readdir(path.join(volume, folder)).catch(() => []);
				t.deepEqual(entries, [], `${what}: ${folder}`);
			}
		}

		t.false((await readdir(owner.root)).includes('shop'));
	});

	test.serial('hosts that can\'t be reached or are not who they were are told apart, and are never read as empty', async t => {
		const identity = `IdentityFile ${hosts.key}`;
		const none = path.join(owner.root, 'known_hosts');
		await writeFile(none, '');
		const unknown = await writeConfig('unknown.config', [identity, `UserKnownHostsFile ${none}`, 'GlobalKnownHostsFile /dev/null', 'StrictHostKeyChecking yes']);
		const stranger = await owner.run(['host', 'check', 'staging'], {env: {COPPICE_SSH_CONFIG: unknown}});
		t.is(stranger.exitCode, 4, stranger.stderr);
		t.regex(stranger.stdout + stranger.stderr, /host key|not known/iv);

		const wrong = path.join(owner.root, 'wrong_hosts');
		await runCommand(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', path.join(owner.root, 'someone')]);
		const {stdout: key} = await runCommand(['cat', path.join(owner.root, 'someone.pub')]);
		await writeFile(wrong, `staging ${key}\n`);
		const changed = await writeConfig('changed.config', [identity, `UserKnownHostsFile ${wrong}`, 'GlobalKnownHostsFile /dev/null']);
		const impostor = await owner.run(['clone', 'staging', 'shop', 'other'], {cwd: owner.root, env: {COPPICE_SSH_CONFIG: changed}});
		t.is(impostor.exitCode, 4, impostor.stderr);
		t.regex(impostor.stderr, /key/iv);
		t.regex(impostor.stderr, /changed|another/iv);

		const refused = await owner.run(['host', 'add', 'closed', 'root@staging:2222']);
		t.is(refused.exitCode, 4, refused.stderr);
		t.regex(refused.stderr, /2222|refused/v);

		await staging.run(['sh', '-c', 'cat > /root/old && chmod +x /root/old'], {
			input: [
				'#!/bin/sh',
				'body=\'{"jsonrpc":"2.0","id":0,"result":{"protocol":0,"version":"0.0.1","hostName":"staging","pool":null,"production":false,"role":null}}\'',
				String.raw`printf 'Content-Length: %s\r\n\r\n%s' "$(printf %s "$body" | wc -c)" "$body"`,
				'sleep 5',
				'',
			].join('\n'),
		});
		const old = await owner.run(['host', 'add', 'old', 'root@staging', '--engine', '/root/old']);
		t.is(old.exitCode, 4, old.stderr);
		t.regex(old.stderr, /older/v);
		t.false((await owner.run(['host', 'ls'])).stdout.includes('old'));
	});

	test.serial('host rm --purge leaves nothing of what host add has brought', async t => {
		// Wherever that user may write; elsewhere this machine's own files show through.
		const look = async () => new Set((await staging.run(['find', '/home/dev', '/tmp', '/run', '-xdev'])).split('\n'));
		const before = await look();
		await owner.json(['host', 'add', 'spare', 'dev@staging']);
		const brought = (await look()).difference(before);
		t.true(brought.size > 10);
		await owner.json(['host', 'rm', 'spare', '--purge']);
		// Folders that are everybody's, and what sudo has noted of being asked.
		const left = [...(await look()).difference(before)].filter(name => !['/home/dev/.local', '/home/dev/.local/share', '/home/dev/.cache'].includes(name) && !name.startsWith('/run/sudo'));
		t.deepEqual(left, []);
		t.is((await owner.run(['host', 'check', 'spare'])).exitCode, 3);
	});
} else {
	skipAloud('who may do what between hosts', missing);
}
