/**
The ways in which a Postgres gets to another host today, each over the same link: first as a whole, then what has changed.
*/
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {execa} from 'execa';
import type {TestHost, TestHosts} from '../../test/fixtures/hosts/test-hosts.ts';
import type {TestStack} from '../../test/fixtures/test-stack.ts';

export type Peer = {
	readonly name: string;

	/** Where it writes to, and whose link it uses. */
	readonly host: TestHost;

	/** What has to be there beforehand, and is not measured. */
	prepare?(): Promise<unknown>;
	first(): Promise<unknown>;
	next(): Promise<unknown>;

	/** Before `next`, not measured. */
	prepareNext?(): Promise<unknown>;
};

export type PeerContext = {
	readonly stack: TestStack;
	readonly hosts: TestHosts;

	/** On btrfs. */
	readonly desk: TestHost;

	/** Snapshots of the volume, the newest last: folders that hold `data`. */
	snapshots(): readonly string[];
};

const password = 'secret-of-the-test';

const pipe = async (script: string, ...arguments_: readonly string[]): Promise<void> => {
	await execa('bash', ['-c', `set -o pipefail; ${script}`, 'bash', ...arguments_]);
};

const newest = (context: PeerContext): string => context.snapshots().at(-1)!;

/** The least that there is to do: native send, compressed, through ssh into native receive. */
export const floor = (context: PeerContext): Peer => {
	const send = async (...base: readonly string[]): Promise<void> => pipe(
		'snapshot=$1 config=$2 host=$3; shift 3; btrfs send -q "$@" "$snapshot" | zstd -q -c | ssh -F "$config" "$host" "zstd -q -d -c | btrfs receive -q /pool/floor"',
		newest(context),
		context.hosts.sshConfig,
		'root@desk',
		...base,
	);
	return {
		name: 'floor: btrfs send | zstd | ssh | btrfs receive',
		host: context.desk,
		prepare: async () => context.desk.run(['mkdir', '/pool/floor']),
		first: async () => send(),
		next: async () => send('-p', context.snapshots().at(-2)!),
	};
};

/** Copies a volume's files; the destination is changed where it is. */
export const rsync = (context: PeerContext, options: string): Peer => {
	const folder = `/pool/rsync${options}`;
	const copy = async (): Promise<unknown> => execa('rsync', [
		options, '--inplace', '--delete', '-e', `ssh -F ${context.hosts.sshConfig}`, `${newest(context)}/data/`, `root@desk:${folder}/`,
	]);
	return {
		name: `rsync ${options} --inplace`,
		host: context.desk,
		prepare: async () => context.desk.run(['btrfs', 'subvolume', 'create', folder]),
		first: copy,
		next: copy,
	};
};

/** Makes snapshots of the live subvolume and sends those, with zstd on the line. */
export const btrbk = (context: PeerContext): Peer => {
	const {stack, hosts, desk} = context;
	const tools = path.join(stack.root, 'btrbk');
	const configuration = path.join(tools, 'btrbk.conf');
	const run = async (): Promise<unknown> => execa('btrbk', ['-q', '-c', configuration, 'run'], {env: {PATH: `${tools}:${process.env.PATH ?? ''}`}});
	return {
		name: 'btrbk (stream_compress zstd)',
		host: desk,
		async prepare() {
			const volume = path.dirname(stack.pool);
			await mkdir(path.join(volume, 'btrbk'));
			await mkdir(tools);
			await desk.run(['mkdir', '/pool/btrbk']);
			// It takes no configuration file of ssh.
			await writeFile(path.join(tools, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F '${hosts.sshConfig}' "$@"\n`, {mode: 0o755});
			await writeFile(configuration, `
timestamp_format long-iso
stream_compress zstd
incremental_resolve directory
ssh_user root
ssh_identity ${hosts.key}
snapshot_preserve_min all
target_preserve_min all
volume ${volume}
  snapshot_dir btrbk
  subvolume ${path.relative(volume, path.join(stack.pool, 'stacks/shop/volumes/data/branches/main'))}
    target send-receive ssh://desk/pool/btrbk
`);
		},
		first: run,
		next: run,
	};
};

/** Logically, all of it each time: it knows no increments. */
export const dump = (context: PeerContext): Peer => {
	const {stack, hosts, desk} = context;
	const bin = async (): Promise<string> => (await desk.run(['sh', '-c', 'ls -d /usr/lib/postgresql/*/bin | tail -1'])).trim();
	let folder = '';
	const prepare = async (): Promise<void> => {
		await desk.run(['runuser', '-u', 'postgres', '--', 'psql', '-q', '-h', '/pool/postgres', '-d', 'postgres', '-c', 'drop database if exists restored', '-c', 'create database restored']);
	};

	const restore = async (): Promise<void> => {
		await pipe(
			'PGPASSWORD="$4" pg_dump -h 127.0.0.1 -p "$1" -U postgres -Fc shop | ssh -F "$2" root@desk "runuser -u postgres -- $3/pg_restore -h /pool/postgres -d restored"',
			String(stack.port),
			hosts.sshConfig,
			folder,
			password,
		);
	};

	return {
		name: 'pg_dump -Fc | ssh | pg_restore',
		host: desk,
		async prepare() {
			folder = await bin();
			await desk.run(['install', '-d', '-o', 'postgres', '/pool/postgres']);
			const start = 'cd /; "$1/initdb" -D /pool/postgres/data > /dev/null && "$1/pg_ctl" -D /pool/postgres/data -w -l /pool/postgres/log -o "-k /pool/postgres -h \'\'" start > /dev/null';
			await desk.run(['runuser', '-u', 'postgres', '--', 'sh', '-c', start, 'sh', folder]);
			await prepare();
		},
		first: restore,
		prepareNext: prepare,
		next: restore,
	};
};

/** Sends the snapshots of a data set to another ZFS. Its data are those of the volume, brought there beforehand. */
export const syncoid = (context: PeerContext, left: TestHost, right: TestHost): Peer => {
	const {hosts} = context;
	let count = 0;
	const prepare = async (): Promise<void> => {
		await execa('rsync', ['-a', '--inplace', '--no-whole-file', '--delete', '-e', `ssh -F ${hosts.sshConfig}`, `${newest(context)}/data/`, 'root@left:/pool/db/']);
		await left.run(['zfs', 'snapshot', `${left.zpool}/db@bench${count++}`]);
	};

	const send = async (): Promise<unknown> => left.run([
		'syncoid', '--quiet', '--no-sync-snap', '--compress=zstd-fast', `${left.zpool}/db`, `root@right:${right.zpool}/db`,
	]);
	return {
		name: 'syncoid, between ZFS (zstd-fast)',
		host: right,
		async prepare() {
			await left.run(['sh', '-c', 'umask 077; cat > /root/.ssh/id_ed25519'], {input: await readFile(hosts.key, 'utf8')});
			await left.run(['sh', '-c', 'cat > /root/.ssh/known_hosts'], {input: await readFile(hosts.knownHosts, 'utf8')});
			// Where ZFS knows no createtxg, it asks in another way, with the address before the command once too often.
			await right.run(['sh', '-c', '{ echo "#!/bin/sh"; echo \'exec "$@"\'; } > /usr/local/bin/root@right; chmod +x /usr/local/bin/root@right']);
			await left.run(['zfs', 'create', `${left.zpool}/db`]);
			await prepare();
		},
		first: send,
		prepareNext: prepare,
		next: send,
	};
};

/**
This project. The host is added beforehand; the engine is put there by that.
*/
export const coppicePush = (context: PeerContext, host: TestHost, route: string): Peer => {
	const {stack, hosts} = context;
	const run = async (words: readonly string[]): Promise<void> => {
		const {exitCode, stderr} = await stack.run(words, hosts.environment);
		if (exitCode !== 0) {
			throw new Error(`coppice ${words.join(' ')} ended with ${exitCode}:\n${stderr}`);
		}
	};

	return {
		name: `coppice push, ${route}`,
		host,
		prepare: async () => run(['host', 'add', host.name, `root@${host.name}`]),
		first: async () => run(['push', host.name, '--full']),
		next: async () => run(['push', host.name]),
	};
};
