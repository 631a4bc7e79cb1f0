/**
One service of a checked compose file, as the readers of its parts see it: its values, their places, and what they may need.
*/
import os from 'node:os';
import path from 'node:path';
import type {CoppiceError} from '../system/errors.ts';
import type {Environment, OnRead} from './compose-files.ts';
import type {RawCompose, RawService} from './compose-schema.ts';
import {parseDuration} from './duration.ts';
import {
	errorAt,
	formatPath,
	nodeAt,
	placeOf,
	type KeyPath,
	type MapNode,
} from './source-tree.ts';

export type BuildContext = {
	readonly root: MapNode;
	readonly raw: RawCompose;
	readonly environment: Environment;

	/** Where the user is; messages name files relative to it. */
	readonly directory: string;
	readonly notice: (text: string) => void;
	readonly onRead?: OnRead;
};

export class ServiceView {
	private readonly path: KeyPath;
	readonly name: string;
	readonly raw: RawService;
	readonly context: BuildContext;

	/** Keys that `Service` does not model; the readers add theirs. */
	readonly unmodelled: string[] = [];

	constructor(name: string, raw: RawService, context: BuildContext) {
		this.name = name;
		this.raw = raw;
		this.context = context;
		this.path = ['services', name];
	}

	/** The error for a key of the service, with its place. */
	error(key: KeyPath, message: string, hint?: string): CoppiceError {
		const whole = [...this.path, ...key];
		return errorAt(placeOf(this.context.root, whole), whole, message, hint);
	}

	/** A key as people write it: `services.db.command`. */
	describe(key: KeyPath): string {
		return formatPath([...this.path, ...key]);
	}

	/** The text at a key with variables as `${NAME}`, if it uses any. */
	masked(key: KeyPath): string | undefined {
		const node = nodeAt(this.context.root, [...this.path, ...key]);
		return node?.kind === 'scalar' ? node.masked : undefined;
	}

	/** The absolute path that the text at a key means: relative to the folder of the file it stands in. */
	resolvePath(text: string, key: KeyPath): string {
		const {source} = placeOf(this.context.root, [...this.path, ...key]);
		const expanded = text === '~' || text.startsWith('~/') ? `${this.context.environment.HOME ?? os.homedir()}${text.slice(1)}` : text;
		return path.resolve(source.folder, expanded);
	}

	/** Milliseconds of the duration at a key. */
	duration(key: KeyPath, text: string | undefined): number | undefined {
		if (text === undefined) {
			return undefined;
		}

		const milliseconds = parseDuration(text);
		if (milliseconds === undefined) {
			throw this.error(key, `${JSON.stringify(text)} is not a duration`, 'Write it as 30s, 1m30s or 500ms.');
		}

		return milliseconds;
	}
}
