/**
A machine behind a real sshd with a stack on it, for tests of the terminal UI: an engine that is run by its own user, and a folder as its pool.
*/
import {
	chmod,
	chown,
	mkdir,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {execa} from 'execa';
import {buildCli, cliPath} from '../fixtures/built-cli.ts';
import {startSshd, type Sshd} from '../fixtures/sshd.ts';

const compose = `name: shop
services:
  app:
    x-coppice:
      process:
        command: [sh, -c, 'echo "the app logs this"; sleep 1000']
    volumes: ["data:/data"]
volumes:
  data: {}
`;

export type RemoteMachine = {
	readonly sshd: Sshd;

	/** `coppice host add NAME …` takes these words. */
	readonly address: readonly string[];
	readonly engine: string;
	readonly folder: string;

	/** Runs the engine there as its user does, in the project's folder. */
	coppice(...words: string[]): Promise<string>;

	/** Writes the one file of the stack's data. */
	write(content: string): Promise<void>;
	remove(): Promise<void>;
};

/**
Makes the stack `shop` there with one commit on `main`.
*/
export const startRemoteMachine = async (): Promise<RemoteMachine> => {
	await buildCli();
	const sshd = await startSshd();
	const folder = path.join(sshd.home, 'shop');
	const engine = path.join(sshd.home, 'coppice');
	const run = async (command: string): Promise<string> => {
		const {stdout} = await execa('ssh', ['-F', sshd.env.COPPICE_SSH_CONFIG, '-p', String(sshd.port), sshd.address, command]);
		return stdout;
	};

	const machine: RemoteMachine = {
		sshd,
		engine,
		folder,
		address: [`${sshd.address}:${sshd.port}`, '--engine', engine],
		coppice: async (...words) => run(`cd ${folder} && ${engine} ${words.map(word => `'${word}'`).join(' ')}`),
		async write(content) {
			const file = path.join(sshd.home, 'pool/stacks/shop/volumes/data/current/data/content');
			await writeFile(file, content);
			await chown(file, sshd.uid, sshd.uid);
		},
		async remove() {
			await sshd.remove();
		},
	};
	try {
		await writeFile(engine, `#!/bin/sh\nexport COPPICE_HOME=${sshd.home}/coppice-home\nexec ${process.execPath} ${cliPath} "$@"\n`);
		await chmod(engine, 0o755);
		await mkdir(folder);
		await writeFile(path.join(folder, 'compose.yaml'), compose);
		await chown(folder, sshd.uid, sshd.uid);
		await machine.coppice('init', '--runtime', 'process', '--driver', 'directory', '--pool', path.join(sshd.home, 'pool'));
		await machine.write('1');
		await machine.coppice('commit', '-m', 'the first state');
	} catch (error) {
		await machine.remove();
		throw error;
	}

	return machine;
};
