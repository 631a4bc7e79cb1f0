/**
How much disk the data of a volume take, and how much of that they share with a snapshot that they came from.

OpenZFS keeps that count (`written@<snapshot>`). zfs-fuse 0.7 keeps it for a clone against its origin only; for anything else the new
blocks are counted on their way through `zfs send -i`, which reads what changed and nothing more.
*/
import {Buffer} from 'node:buffer';
import {execa} from 'execa';
import {CoppiceError} from '../../system/errors.ts';
import type {Usage} from '../driver.ts';
import {SendIndexReader, type SendIndex} from './send-index.ts';
import {newProbe, type VolumeState} from './volume-datasets.ts';
import {
	parseRows,
	zfs,
	zfsError,
	zfsOnceIdle,
} from './zfs-command.ts';
import type {ZfsImplementation} from './zfs-dataset.ts';

/**
The snapshots that a dataset or snapshot came from, by full name: itself first if it is a snapshot, then from newest to oldest.
*/
export const lineage = ({datasets, snapshots}: VolumeState, name: string): string[] => {
	const line: string[] = [];
	let current: string | undefined = name;
	while (current !== undefined && line.length <= snapshots.length) {
		const at = current.lastIndexOf('@');
		const dataset: string = at === -1 ? current : current.slice(0, at);
		const own = snapshots.filter(snapshot => snapshot.dataset === dataset).map(snapshot => snapshot.name);
		line.push(...own.slice(0, at === -1 ? undefined : own.indexOf(current) + 1).toReversed());
		current = datasets.find(other => other.name === dataset)?.origin;
	}

	return line;
};

/**
The newest snapshot that both came from, if they have one in common.
*/
export const commonAncestor = (state: VolumeState, name: string, base: string): string | undefined => {
	const ofBase = new Set(lineage(state, base));
	return lineage(state, name).find(snapshot => ofBase.has(snapshot));
};

/**
Reads the records of what changed from one snapshot to another.

@returns Whether it was read to its end: where it is longer than `mostBytes`, it is given up.
@throws CoppiceError when `zfs send` fails; `interrupted` by the signal; Error for a stream that can't be read.
*/
export const readIncrement = async (
	reader: SendIndexReader,
	from: string,
	to: string,
	{mostBytes = Infinity, signal}: {readonly mostBytes?: number; readonly signal?: AbortSignal | undefined} = {},
): Promise<boolean> => {
	const command = ['zfs', 'send', '-i', from, to];
	const subprocess = execa('zfs', command.slice(1), {
		reject: false, buffer: {stdout: false, stderr: true}, encoding: 'buffer', stdin: 'ignore', env: {LC_ALL: 'C'},
	});
	let bytes = 0;
	for await (const chunk of subprocess.iterable({from: 'stdout', binary: true})) {
		bytes += chunk.length;
		const isStopped = signal?.aborted === true;
		if (isStopped || bytes > mostBytes) {
			subprocess.kill();
			await subprocess;
			if (isStopped) {
				throw new CoppiceError('interrupted', 'Interrupted while it was looked for what changed.');
			}

			return false;
		}

		reader.add(chunk);
	}

	const {exitCode, stderr} = await subprocess;
	if (exitCode !== 0) {
		throw zfsError(command, {stdout: '', stderr: Buffer.from(stderr ?? []).toString(), exitCode: exitCode ?? 128});
	}

	return true;
};

/**
Reads what changed along a line of snapshots, each an increment on the one before.

@param line - Full names, oldest first.
@throws CoppiceError when `zfs send` fails.
*/
export const readSendIndex = async (line: readonly string[]): Promise<SendIndex> => {
	const reader = new SendIndexReader();
	for (const [index, to] of line.entries()) {
		const from = line[index - 1];
		if (from !== undefined) {
			await readIncrement(reader, from, to);
		}
	}

	return reader.finish();
};

/**
Numbers of a dataset or snapshot, in bytes.
*/
export const readNumbers = async (name: string, properties: readonly string[]): Promise<number[]> => {
	const stdout = await zfs('get', '-H', '-p', '-o', 'property,value', properties.join(','), name);
	const values = new Map(parseRows(stdout).map(([property = '', value]) => [property, Number(value)]));
	return properties.map(property => {
		const value = values.get(property);
		if (value === undefined || !Number.isFinite(value)) {
			throw new CoppiceError('failed', `ZFS does not tell ${property} of ${name}.`, {hint: 'Look at the pool with `zpool status -v`.'});
		}

		return value;
	});
};

/** Counts the blocks written since a snapshot where ZFS does not: along a line that ends, for live data, in a snapshot taken for that. */
const countWritten = async (state: VolumeState, name: string, ancestor: string): Promise<number> => {
	const line = lineage(state, name);
	const increments = line.slice(0, line.indexOf(ancestor) + 1).toReversed();
	if (name.includes('@')) {
		const {bytes} = await readSendIndex(increments);
		return bytes;
	}

	const probe = `${name}@${newProbe()}`;
	await zfs('snapshot', probe);
	try {
		const {bytes} = await readSendIndex([...increments, probe]);
		return bytes;
	} finally {
		await zfsOnceIdle(['destroy', probe], ['absent']);
	}
};

/**
Disk space of a dataset or snapshot, against a base: the full name of a snapshot of the same volume. What is shared with it only by chance
does not count.
*/
export const readUsage = async (implementation: ZfsImplementation, state: VolumeState, name: string, base?: string): Promise<Usage> => {
	const ancestor = base === undefined ? undefined : commonAncestor(state, name, base);
	if (ancestor === undefined) {
		const [totalBytes = 0] = await readNumbers(name, ['referenced']);
		return {totalBytes, sharedBytes: 0, ownBytes: totalBytes};
	}

	let total = 0;
	let own = 0;
	if (ancestor === name) {
		[total = 0] = await readNumbers(name, ['referenced']);
	} else if (implementation === 'openzfs') {
		[total = 0, own = 0] = await readNumbers(name, ['referenced', `written@${ancestor}`]);
	} else if (state.datasets.find(dataset => dataset.name === name)?.origin === ancestor) {
		[total = 0, own = 0] = await readNumbers(name, ['referenced', 'usedbydataset']);
	} else {
		own = await countWritten(state, name, ancestor);
		[total = 0] = await readNumbers(name, ['referenced']);
	}

	own = Math.min(own, total);
	return {totalBytes: total, sharedBytes: total - own, ownBytes: own};
};
