/* eslint-disable ava/no-ignored-test-files -- It is run by `npm run soak`. */
/**
The hosts that tests sync between behave as real ones do: separate machines that can be cut off, slowed down and lose power; and nothing of them
stays, however a test ends.
*/
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {execa} from 'execa';
import {tryCommand} from '../../source/system/run-command.ts';
import {hostsMissing, makeTestHosts} from '../fixtures/hosts/test-hosts.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';

const missing = await hostsMissing(['btrfs', 'zfs', 'directory']);

if (missing === undefined) {
	test('hosts are machines of their own, whose links and power can be cut', async t => {
		const hosts = await makeTestHosts([{name: 'staging', driver: 'zfs'}, {name: 'backup', driver: 'directory', sudo: true}, {name: 'desk', driver: 'btrfs'}]);
		t.teardown(hosts.dispose);

		for (const [name, type] of [['staging', 'fuse.zfs'], ['backup', 'ext4'], ['desk', 'btrfs']] as const) {
			const {stdout} = await hosts.ssh([name, 'hostname; whoami; pwd; findmnt --noheadings --output FSTYPE --target /pool; sudo -n whoami || true']);
			t.deepEqual(stdout.split('\n'), [name, 'dev', '/home/dev', type, ...(name === 'backup' ? ['root'] : [])]);
			t.is((await hosts.ssh([`root@${name}`, 'whoami'])).stdout, 'root');
		}

		const staging = hosts.host('staging');
		t.is(await staging.run(['ls', path.resolve(hosts.key, '..', '..')]), '', 'a folder for temporary files of its own');
		await staging.run(['sh', '-c', 'echo kept | dd of=/pool/file conv=fsync status=none; echo kept > /home/dev/file']);
		await staging.powerOff();
		t.is((await hosts.ssh(['-o', 'ConnectTimeout=1', 'staging', 'true'])).exitCode, 255);
		await staging.boot();
		t.is((await hosts.ssh(['staging', 'cat /pool/file file'])).stdout, 'kept\nkept');

		const desk = hosts.host('desk');
		await desk.cut();
		t.is((await hosts.ssh(['-o', 'ConnectTimeout=1', 'desk', 'true'])).exitCode, 255);
		t.is((await hosts.ssh(['backup', 'true'])).exitCode, 0, 'the others are not cut off');
		await desk.heal();
		await desk.latency(5);
		const before = await desk.bytes();
		t.is((await hosts.ssh(['desk', 'head --bytes 100000 /dev/urandom; sleep 0.1'])).exitCode, 0);
		const after = await desk.bytes();
		t.true(after.sent - before.sent > 100_000 && after.sent - before.sent < 200_000, `${after.sent - before.sent} bytes`);

		await desk.changeHostKey();
		await desk.powerOff();
		await desk.boot();
		t.regex((await hosts.ssh(['desk', 'true'])).stderr, /host identification has changed|key verification failed/iv);
	});

	test('a test that is killed leaves no host behind', async t => {
		const script = `
			const {makeTestHosts} = await import(${JSON.stringify(path.resolve('test/fixtures/hosts/test-hosts.ts'))});
			const hosts = await makeTestHosts([{name: 'lone', driver: 'directory'}]);
			await hosts.host('lone').latency(1);
			console.log(hosts.key, hosts.host('lone').address);
			process.kill(process.pid, 'SIGKILL');
		`;
		const {stdout} = await execa(process.execPath, ['--input-type=module', '--eval', script], {reject: false});
		const [key = '', address = ''] = stdout.trim().split(' ', 2);
		t.regex(address, /^10\.213\.\d+\.11$/v);
		const subnet = address.split('.', 3)[2];
		const left = async () => {
			const links = await tryCommand(['ip', '-brief', 'link', 'show', `cphost${subnet}`]);
			const spaces = await tryCommand(['ip', 'netns', 'list']);
			const disks = await tryCommand(['losetup', '--list', '--noheadings', '--output', 'BACK-FILE']);
			const folder = await tryCommand(['ls', path.dirname(key)]);
			return [links.stdout, spaces.stdout.includes(`cphost${subnet}-`), disks.stdout.includes(path.dirname(key)), folder.stdout];
		};

		for (let attempt = 0; attempt < 100 && (await left())[3] !== ''; attempt++) {
			await tryCommand(['sleep', '0.1']);
		}

		t.deepEqual(await left(), ['', false, false, '']);
	});
} else {
	skipAloud('the hosts of the tests', missing);
}
