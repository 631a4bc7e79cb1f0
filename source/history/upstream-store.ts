/**
Upstreams: for a branch the host and the branch there that it came from, in `upstreams.json`. Only a habit: one that can't be read means that
the host has to be named.
*/
import path from 'node:path';
import {isName} from '../system/names.ts';
import {readText, writeText} from './file-access.ts';
import type {Upstream} from './history.ts';

export type UpstreamStore = {
	upstreams(): Promise<ReadonlyMap<string, Upstream>>;
	setUpstream(branch: string, upstream: Upstream | undefined): Promise<void>;
};

const isUpstream = (value: unknown): value is Upstream => {
	const upstream = value as Partial<Upstream> | null;
	return typeof upstream === 'object' && upstream !== null
		&& typeof upstream.host === 'string' && isName('host', upstream.host)
		&& typeof upstream.branch === 'string' && isName('branch', upstream.branch);
};

const parse = (text: string): Map<string, Upstream> => {
	try {
		const value: unknown = JSON.parse(text);
		const entries: Array<[string, unknown]> = typeof value === 'object' && value !== null ? Object.entries(value) : [];
		return new Map(entries.filter((entry): entry is [string, Upstream] => isName('branch', entry[0]) && isUpstream(entry[1])));
	} catch {
		return new Map();
	}
};

/**
@param folder - The folder of the history.
*/
export const openUpstreamStore = (folder: string): UpstreamStore => {
	const file = path.join(folder, 'upstreams.json');
	const upstreams = async () => parse(await readText(file) ?? '{}');
	return {
		upstreams,

		async setUpstream(branch, upstream) {
			const all = await upstreams();
			const before = all.get(branch);
			if (before?.host === upstream?.host && before?.branch === upstream?.branch) {
				return;
			}

			if (upstream === undefined) {
				all.delete(branch);
			} else {
				all.set(branch, upstream);
			}

			await writeText(file, `${JSON.stringify(Object.fromEntries(all), undefined, '\t')}\n`);
		},
	};
};
