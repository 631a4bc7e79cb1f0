
/* eslint-disable unicorn/prefer-iterator-to-array -- Iterator helpers are newer than the language level. */
/**
A model of a volume for random tests of storage drivers: the same operations on a driver and on maps of texts.

The live data and each snapshot hold one file, or none; its text stands for all content.
*/
import {randomUUID} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import type {StorageDriver, VolumeAddress, VolumeContents} from '../../source/storage/driver.ts';
import {readTexts} from '../fixtures/file-facts.ts';

const branches = ['main', 'a', 'feature/b'];

const verbs = ['create', 'write', 'snapshot', 'reset', 'branch', 'retire', 'rename', 'unstage', 'remove', 'restore', 'empty', 'clean', 'changed'] as const;

export type ModelOperation = {
	readonly verb: typeof verbs[number];
	readonly branch: string;

	/** Another branch, for a rename. */
	readonly target: string;

	/** Picks one of the snapshots that there are. */
	readonly pick: number;
	readonly text: string;
};

export const modelOperations: fc.Arbitrary<ModelOperation[]> = fc.array(fc.record({
	verb: fc.constantFrom(...verbs),
	branch: fc.constantFrom(...branches),
	target: fc.constantFrom(...branches),
	pick: fc.nat(1000),
	text: fc.string({minLength: 1, maxLength: 8}),
}), {minLength: 5, maxLength: 18});

/**
What a volume holds, as far as a test can see.
*/
export type VolumeState = {
	readonly contents: VolumeContents;

	/** The text of each branch's live data, and of each snapshot. */
	readonly live: Readonly<Record<string, string>>;
	readonly snapshots: Readonly<Record<string, string>>;
};

const pickFrom = (map: ReadonlyMap<string, string>, pick: number): readonly [string, string] | undefined => [...map][pick % Math.max(map.size, 1)];

const textIn = async (folder: string): Promise<string> => {
	const texts = await readTexts(folder);
	return texts.file ?? '';
};

export class DriverModel {
	readonly #driver: StorageDriver;
	readonly #address: VolumeAddress;
	readonly #live = new Map<string, string>();
	readonly #snapshots = new Map<string, string>();
	readonly #trash = new Map<string, string>();

	/** What the driver got wrong while operations were done. */
	readonly mistakes: string[] = [];

	constructor(driver: StorageDriver, address: VolumeAddress) {
		this.#driver = driver;
		this.#address = address;
	}

	async #restore({pick}: ModelOperation): Promise<void> {
		const picked = pickFrom(this.#trash, pick);
		if (picked === undefined) {
			return;
		}

		await this.#driver.restore(this.#address, picked[0]);
		this.#trash.delete(picked[0]);
		this.#snapshots.set(...picked);
	}

	async #performWithoutLive({verb, branch, pick}: ModelOperation): Promise<void> {
		const picked = pickFrom(this.#snapshots, pick);
		if (verb !== 'branch' || picked === undefined) {
			return;
		}

		await this.#driver.stage(this.#address, picked[0], 'next');
		await this.#driver.swap(this.#address, branch, 'next');
		this.#live.set(branch, picked[1]);
	}

	async #performOnLive(operation: ModelOperation, live: string): Promise<void> {
		const {verb, branch, target, text} = operation;
		const driver = this.#driver;
		const address = this.#address;
		switch (verb) {
			case 'write': {
				await writeFile(path.join(driver.branchData(address, branch), 'file'), text);
				this.#live.set(branch, text);

				break;
			}

			case 'snapshot': {
				const snapshot = randomUUID();
				await driver.snapshot([{address, branch, snapshot}]);
				this.#snapshots.set(snapshot, live);

				break;
			}

			case 'retire': {
				const kept = randomUUID();
				await driver.retire(address, branch, kept);
				this.#live.delete(branch);
				this.#snapshots.set(kept, live);

				break;
			}

			default: {if (verb === 'rename' && !this.#live.has(target)) {
				await driver.renameBranch(address, branch, target);
				this.#live.delete(branch);
				this.#live.set(target, live);
			} else {
				await this.#performWithSnapshot(operation, live);
			}}
		}
	}

	async #performWithSnapshot({verb, branch, pick}: ModelOperation, live: string): Promise<void> {
		const driver = this.#driver;
		const address = this.#address;
		const picked = pickFrom(this.#snapshots, pick);
		if (picked === undefined) {
			return;
		}

		const [snapshot, content] = picked;
		switch (verb) {
			case 'reset': {
				const kept = randomUUID();
				await driver.stage(address, snapshot, 'next');
				await driver.swap(address, branch, 'next', kept);
				this.#live.set(branch, content);
				this.#snapshots.set(kept, live);

				break;
			}

			case 'unstage': {
				await driver.stage(address, snapshot, 'dropped');
				await driver.unstage(address, 'dropped');

				break;
			}

			case 'remove': {
				await driver.remove(address, snapshot);
				this.#trash.set(snapshot, content);
				this.#snapshots.delete(snapshot);

				break;
			}

			default: {if (verb === 'changed' && live !== content && !await driver.isChanged(address, branch, snapshot)) {
				this.mistakes.push(`${branch} holds ${JSON.stringify(live)} and not ${JSON.stringify(content)}, yet counts as unchanged`);
			}}
		}
	}

	/** Does an operation on both, where it makes sense. */
	async perform(operation: ModelOperation): Promise<void> {
		const {verb, branch} = operation;
		const driver = this.#driver;
		const address = this.#address;
		const live = this.#live.get(branch);
		switch (verb) {
			case 'create': {
				await driver.createBranch(address, branch);
				this.#live.set(branch, live ?? '');

				break;
			}

			case 'empty': {
				await driver.emptyTrash(address);
				this.#trash.clear();

				break;
			}

			case 'clean': {
				await driver.clean(address);

				break;
			}

			case 'restore': {
				await this.#restore(operation);

				break;
			}

			default: {if (live === undefined) {
				await this.#performWithoutLive(operation);
			} else {
				await this.#performOnLive(operation, live);
			}}
		}
	}

	/** What should be there. */
	expected(): VolumeState {
		return {
			contents: {
				branches: [...this.#live.keys()].toSorted(),
				snapshots: [...this.#snapshots.keys()].toSorted(),
				staged: [],
				trash: [...this.#trash.keys()].toSorted(),
				leftovers: [],
			},
			live: Object.fromEntries(this.#live),
			snapshots: Object.fromEntries(this.#snapshots),
		};
	}

	/** What the driver says is there. */
	async actual(): Promise<VolumeState> {
		const contents = await this.#driver.contents(this.#address);
		const live: Record<string, string> = {};
		for (const branch of contents.branches) {
			live[branch] = await textIn(this.#driver.branchData(this.#address, branch));
		}

		const snapshots: Record<string, string> = {};
		for (const snapshot of contents.snapshots) {
			const opened = await this.#driver.openSnapshot(this.#address, snapshot);
			snapshots[snapshot] = await textIn(opened.path);
			await opened.close();
		}

		return {contents, live, snapshots};
	}
}
