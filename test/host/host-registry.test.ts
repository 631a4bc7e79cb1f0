import {
	mkdir,
	mkdtemp,
	readFile,
	rm,
	writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {findHome, type Home} from '../../source/host/home.ts';
import type {HostRecord} from '../../source/host/host.ts';
import {
	listHosts,
	readHost,
	removeHost,
	writeHost,
} from '../../source/host/host-registry.ts';
import {CoppiceError} from '../../source/system/errors.ts';

const withHome = async (run: (home: Home, file: string) => Promise<void>): Promise<void> => {
	const folder = await mkdtemp(path.join(os.tmpdir(), 'coppice-hosts-'));
	const home = findHome({COPPICE_HOME: folder});
	try {
		await run(home, path.join(home.config, 'hosts.json'));
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
};

const staging: HostRecord = {
	name: 'staging', kind: 'ssh', address: 'deploy@staging', port: 2222, engine: '/home/deploy/engine', installed: true, production: true, sudo: true,
};
const backup: HostRecord = {name: 'backup', kind: 'pool', address: '/mnt/pool'};

test('hosts are kept, replaced and forgotten', async t => {
	await withHome(async home => {
		t.deepEqual(await listHosts(home), []);
		await writeHost(home, staging);
		await writeHost(home, backup);
		t.deepEqual(await listHosts(home), [backup, staging]);
		t.deepEqual(await readHost(home, 'staging'), staging);
		const moved = {...backup, address: '/mnt/other'};
		await writeHost(home, moved);
		t.deepEqual(await listHosts(home), [moved, staging]);
		await removeHost(home, 'staging');
		await removeHost(home, 'staging');
		t.deepEqual(await listHosts(home), [moved]);
	});
});

test('hosts that are added at once are all kept', async t => {
	await withHome(async home => {
		const names = Array.from({length: 8}, (_, index) => `h${index}`);
		await Promise.all(names.map(async name => writeHost(home, {...backup, name})));
		t.deepEqual((await listHosts(home)).map(({name}) => name), names);
	});
});

test('names that are no hosts, and hosts that are not there', async t => {
	await withHome(async home => {
		for (const name of ['local', '-oProxyCommand=x', '../up', '']) {
			await t.throwsAsync(writeHost(home, {...backup, name}), {instanceOf: CoppiceError, code: 'usage'}, `taken: ${name}`);
		}

		await t.throwsAsync(readHost(home, 'staging'), {code: 'not-found', message: /no host staging/v});
		await writeHost(home, backup);
		const error = await t.throwsAsync<CoppiceError>(readHost(home, 'staging'), {code: 'not-found'});
		t.regex(error.hint ?? '', /backup/v);
	});
});

test('a file that is damaged or was tampered with is an error, not an empty list', async t => {
	await withHome(async (home, file) => {
		await mkdir(path.dirname(file), {recursive: true});
		const bad = [
			'{"version": 1, "hosts": [',
			JSON.stringify({version: 2, hosts: []}),
			JSON.stringify({version: 1, hosts: [{...staging, address: '-oProxyCommand=touch /tmp/x'}]}),
			JSON.stringify({version: 1, hosts: [{...backup, address: 'relative'}]}),
			JSON.stringify({version: 1, hosts: [{...backup, name: 'local'}]}),
		];
		for (const text of bad) {
			await writeFile(file, text);
			const error = await t.throwsAsync<CoppiceError>(listHosts(home), {instanceOf: CoppiceError, code: 'failed'}, `taken: ${text}`);
			t.is(error.context.file, file);
			await t.throwsAsync(writeHost(home, backup), {code: 'failed'}, 'it is not written over either');
			t.is(await readFile(file, 'utf8'), text);
		}
	});
});
