/**
Judges what a stream would do, command by command, before any of it is done. The decoder checks the form; this checks the sense. It
stands in front of our own applier and of `btrfs receive`, which believes whatever it is given.

What is refused: anything but one subvolume; paths that are absolute, lead out, through a symbolic link, or to what is not there;
device nodes; streams without their data; names that are taken; what is larger than was agreed. What would give the files of the
receiving host more rights than a user's data need (set-user-id programs, capabilities, attributes outside `user.` and access lists) is
left out or refused, unless it is allowed.

A checksum is no proof of where a stream comes from: that is for the transport.
*/
import {CoppiceError} from '../system/errors.ts';
import {withoutControls} from '../system/format.ts';
import {type BytePath, bytePathToText} from './byte-path.ts';
import {
	commandPath,
	commandShapes,
	type StreamCommand,
	type StreamPart,
} from './commands.ts';
import {type LookUp, NameConflict, NameModel} from './name-model.ts';

export type StreamLimits = {
	/** Bytes of a path. `btrfs receive` takes less than 4096. */
	readonly path: number;

	/** Bytes of one file, as it says it is: 16 TiB. */
	readonly fileSize: number;

	/** Bytes of data in all writes and clones together. */
	readonly data: number;

	/** Names that are touched: memory is needed for each. */
	readonly names: number;
};

export const usualLimits: StreamLimits = {
	path: 32_000, fileSize: 2 ** 44, data: Number.MAX_SAFE_INTEGER, names: 20_000_000,
};

export type CheckOptions = {
	readonly limits?: Partial<StreamLimits>;

	/** `full` or `increment` refuses the other; either unless told. */
	readonly expects?: 'full' | 'increment';

	/** The stream must be of this one. */
	readonly uuid?: string;

	/** The stream must be based on this one. */
	readonly baseUuid?: string;

	/** What the base of an increment has at a path; without it, the base may have anything. */
	readonly lookUp?: LookUp;

	/**
	What to do with set-user-id and set-group-id files, `security.capability` and attributes other than `user.*` and POSIX access lists:
	`leave-out` (usual) drops them, `refuse` refuses the stream, `keep` lets them pass.
	*/
	readonly privileges?: 'leave-out' | 'refuse' | 'keep';

	/** The newest version of the stream that is taken; 1 unless told. */
	readonly maximumVersion?: number;
};

/** Something that a stream had and that was not kept, with how often. */
export type LeftOut = {
	/** As in "left out: set-user-id bits". */
	readonly what: string;

	/** The first path where it was. */
	readonly path: BytePath;
	count: number;
};

/** Kinds that are told apart: a hostile stream could have one for each of its commands. */
const mostKinds = 100;
const otherKinds = 'other things';

/** Counts what is left out, by kind. */
export class LeftOutList {
	readonly #byKind = new Map<string, LeftOut>();

	add(what: string, path: BytePath): void {
		const kind = this.#byKind.size < mostKinds || this.#byKind.has(what) ? what : otherKinds;
		const known = this.#byKind.get(kind);
		if (known === undefined) {
			this.#byKind.set(kind, {what: kind, path, count: 1});
		} else {
			known.count++;
		}
	}

	list(): readonly LeftOut[] {
		return this.#byKind.values().toArray();
	}
}

/** What a stream says of itself in its first command. */
export type StreamIdentity = {
	readonly name: BytePath;
	readonly uuid: string;
	readonly ctransid: number;

	/** What an increment is based on. */
	readonly base: {readonly uuid: string; readonly ctransid: number} | undefined;
};

type ContentCommand = Extract<StreamCommand, {type: 'write' | 'truncate' | 'clone' | 'fallocate' | 'encoded_write'}>;
type NameCommand = Extract<StreamCommand, {type: 'mkfile' | 'mkdir' | 'mkfifo' | 'mksock' | 'symlink' | 'rename' | 'link' | 'unlink' | 'rmdir'}>;

const userIdBit = 0o4000;
const groupIdBit = 0o2000;
const modeBits = 0o7777;

const maximumName = 255;

/** `XATTR_NAME_MAX`. */
const maximumXattrName = 255;

const accessLists = new Set(['system.posix_acl_access', 'system.posix_acl_default']);

/** A refusal: where in the stream, at which command, and why. */
const refuse = (part: StreamPart, why: string): CoppiceError => {
	const {command, offset} = part;
	const path = commandPath(command);
	const where = path === undefined ? command.type : `${command.type} ${withoutControls(JSON.stringify(bytePathToText(path).slice(0, 200)))}`;
	return new CoppiceError('failed', `The send stream is refused at byte ${offset} (${where}): ${why}.`, {
		hint: 'Nothing was written. If you trust where it comes from, make it again.',
	});
};

/** Why a path has no place in a stream, or `undefined`. */
export const pathFault = (path: BytePath, limit: number): string | undefined => {
	if (path.length > limit) {
		return `a path of ${path.length} bytes is too long, ${limit} are allowed`;
	}

	if (path.includes('\0')) {
		return 'a path holds a zero byte';
	}

	if (path.startsWith('/')) {
		return 'a path is absolute';
	}

	for (const name of path.split('/')) {
		if (['', '.', '..'].includes(name)) {
			return name === '' ? 'a path has an empty name in it' : `a path has ${JSON.stringify(name)} in it`;
		}

		if (name.length > maximumName) {
			return `a name of ${name.length} bytes is too long, ${maximumName} are allowed`;
		}
	}

	return undefined;
};

/** Commands that may be about the root of the subvolume, whose path is empty. */
const rootCommands = new Set<StreamCommand['type']>(['chmod', 'chown', 'utimes', 'set_xattr', 'remove_xattr']);

/**
Checks the commands of one stream in their order.
*/
export class StreamChecker {
	readonly #options: CheckOptions;
	readonly #limits: StreamLimits;
	readonly #leftOut = new LeftOutList();
	#state: 'start' | 'header' | 'open' | 'end' = 'start';
	#model: NameModel | undefined;
	#identity: StreamIdentity | undefined;
	#data = 0;

	constructor(options: CheckOptions = {}) {
		this.#options = options;
		this.#limits = {...usualLimits, ...options.limits};
	}

	#begin(part: StreamPart): void {
		const {command} = part;
		if (command.type !== 'subvol' && command.type !== 'snapshot') {
			throw refuse(part, 'it does not say first what it makes');
		}

		const fault = pathFault(command.path, maximumName);
		if (fault !== undefined) {
			throw refuse(part, fault);
		}

		if (command.path.includes('/')) {
			throw refuse(part, 'its name is a path');
		}

		const isFull = command.type === 'subvol';
		if (this.#options.expects === (isFull ? 'increment' : 'full')) {
			throw refuse(part, isFull ? 'it is a full stream, an increment is expected' : 'it is an increment, a full stream is expected');
		}

		if (this.#options.uuid !== undefined && command.uuid !== this.#options.uuid) {
			throw refuse(part, `it is of ${command.uuid}, not of ${this.#options.uuid}`);
		}

		const base = command.type === 'snapshot' ? {uuid: command.cloneUuid, ctransid: command.cloneCtransid} : undefined;
		if (base !== undefined && this.#options.baseUuid !== undefined && base.uuid !== this.#options.baseUuid) {
			throw refuse(part, `it is based on ${base.uuid}, not on ${this.#options.baseUuid}`);
		}

		this.#identity = {
			name: command.path, uuid: command.uuid, ctransid: command.ctransid, base,
		};
		this.#model = new NameModel(isFull ? 'none' : (this.#options.lookUp ?? 'unknown'));
	}

	#checkOpen(part: StreamPart): StreamPart | undefined {
		const {command} = part;
		if (command.type === 'header') {
			throw refuse(part, 'a second stream begins before the first has ended');
		}

		if (command.type === 'end') {
			this.#state = 'end';
			return part;
		}

		if (commandShapes[command.type].since > (this.#options.maximumVersion ?? 1)) {
			throw refuse(part, 'the command is of a later version');
		}

		if (!(command.path === '' && rootCommands.has(command.type))) {
			this.#checkPath(part, command.path);
		}

		try {
			return this.#checkEffect(part, this.#model!);
		} catch (error) {
			if (error instanceof NameConflict) {
				throw refuse(part, error.message);
			}

			throw error;
		} finally {
			if (this.#model!.size > this.#limits.names) {
				// eslint-disable-next-line no-unsafe-finally -- The limit counts for what was refused, too.
				throw refuse(part, `it touches more than ${this.#limits.names} names`);
			}
		}
	}

	#checkPath(part: StreamPart, path: BytePath): void {
		const fault = pathFault(path, this.#limits.path);
		if (fault !== undefined) {
			throw refuse(part, fault);
		}
	}

	#checkSize(part: StreamPart, end: number): void {
		if (end > this.#limits.fileSize) {
			throw refuse(part, `a file of ${end} bytes is too large, ${this.#limits.fileSize} are allowed`);
		}
	}

	#countData(part: StreamPart, length: number): void {
		this.#data += length;
		if (this.#data > this.#limits.data) {
			throw refuse(part, `it has more than the ${this.#limits.data} bytes of data that are allowed`);
		}
	}

	/** Whether what gives rights goes on; otherwise it is counted, or the stream is refused. */
	#passPrivilege(part: StreamPart, path: BytePath, what: string): boolean {
		const {privileges = 'leave-out'} = this.#options;
		if (privileges === 'refuse') {
			throw refuse(part, `it would set ${what}`);
		}

		if (privileges === 'leave-out') {
			this.#leftOut.add(what, path);
		}

		return privileges === 'keep';
	}

	#checkEffect(part: StreamPart, model: NameModel): StreamPart | undefined {
		const {command} = part;
		switch (command.type) {
			case 'chmod': {
				return this.#checkMode(part, command, model);
			}

			case 'chown':
			case 'utimes': {
				model.kindOf(command.path);
				this.#checkFacts(part, command);
				return part;
			}

			case 'set_xattr':
			case 'remove_xattr': {
				model.kindOf(command.path);
				return this.#checkXattr(part, command);
			}

			case 'write':
			case 'truncate':
			case 'clone':
			case 'fallocate':
			case 'encoded_write': {
				model.needFile(command.path);
				this.#checkContent(part, command, model);
				return part;
			}

			case 'fileattr': {
				// Flags as `chattr` sets them; `btrfs receive` itself passes over them.
				model.kindOf(command.path);
				return part;
			}

			case 'mknod': {
				throw refuse(part, 'device nodes have no place in data');
			}

			case 'update_extent': {
				throw refuse(part, 'it was made without its data (--no-data)');
			}

			case 'subvol':
			case 'snapshot': {
				throw refuse(part, 'it makes more than one subvolume');
			}

			case 'header':
			case 'end': {
				throw new TypeError('Handled before');
			}

			default: {
				this.#checkNames(part, command, model);
				return part;
			}
		}
	}

	#checkNames(part: StreamPart, command: NameCommand, model: NameModel): void {
		switch (command.type) {
			case 'mkfile': {
				model.make(command.path, 'file');
				break;
			}

			case 'mkdir': {
				model.make(command.path, 'folder');
				break;
			}

			case 'mkfifo':
			case 'mksock': {
				model.make(command.path, 'special');
				break;
			}

			case 'symlink': {
				// Where it leads is nobody's business but the application's: nothing here follows it.
				if (command.pathLink === '' || command.pathLink.length >= 4096 || command.pathLink.includes('\0')) {
					throw refuse(part, 'what it points to can\'t be in a symbolic link');
				}

				model.make(command.path, 'link');
				break;
			}

			case 'rename': {
				this.#checkPath(part, command.pathTo);
				model.rename(command.path, command.pathTo);
				break;
			}

			case 'link': {
				this.#checkPath(part, command.pathLink);
				model.link(command.pathLink, command.path);
				break;
			}

			case 'unlink': {
				model.unlink(command.path);
				break;
			}

			case 'rmdir': {
				model.removeFolder(command.path);
				break;
			}
		}
	}

	#checkContent(part: StreamPart, command: ContentCommand, model: NameModel): void {
		switch (command.type) {
			case 'write': {
				this.#checkSize(part, command.fileOffset + command.data.length);
				this.#countData(part, command.data.length);
				break;
			}

			case 'truncate': {
				this.#checkSize(part, command.size);
				break;
			}

			case 'clone': {
				this.#checkSize(part, command.fileOffset + command.cloneLength);
				this.#checkSize(part, command.cloneOffset + command.cloneLength);
				this.#countData(part, command.cloneLength);
				this.#checkCloneSource(part, command, model);
				break;
			}

			case 'fallocate': {
				this.#checkSize(part, command.fileOffset + command.size);
				break;
			}

			case 'encoded_write': {
				this.#checkSize(part, command.fileOffset + command.unencodedFileLength);
				this.#countData(part, command.unencodedFileLength);
				break;
			}
		}
	}

	#checkFacts(part: StreamPart, command: Extract<StreamCommand, {type: 'chown' | 'utimes'}>): void {
		if (command.type === 'chown') {
			// All ones means "as it is" to the system call.
			if (command.uid >= 0xFF_FF_FF_FF || command.gid >= 0xFF_FF_FF_FF) {
				throw refuse(part, 'an owner is no number of a user');
			}
		} else if ([command.atime, command.mtime, command.ctime].some(({nanoseconds}) => nanoseconds > 999_999_999)) {
			throw refuse(part, 'a time has more than a billion nanoseconds');
		}
	}

	#checkCloneSource(part: StreamPart, command: Extract<StreamCommand, {type: 'clone'}>, model: NameModel): void {
		this.#checkPath(part, command.clonePath);
		if (command.cloneUuid === this.#identity!.uuid) {
			model.needFile(command.clonePath);
		} else if (command.cloneUuid === this.#identity!.base?.uuid) {
			const {lookUp} = this.#options;
			if (lookUp !== undefined && lookUp(command.clonePath) !== 'file') {
				throw refuse(part, 'what it clones is no file of its base');
			}
		} else {
			throw refuse(part, 'it clones from something that is neither itself nor its base');
		}
	}

	#checkMode(part: StreamPart, command: Extract<StreamCommand, {type: 'chmod'}>, model: NameModel): StreamPart {
		const kind = model.kindOf(command.path);
		if (command.mode > modeBits) {
			throw refuse(part, 'its mode has more than permissions');
		}

		if (kind === 'link') {
			throw refuse(part, 'a symbolic link has no mode');
		}

		// On a folder the set-group-id bit only says whose the new files are.
		const rights = kind === 'folder' ? userIdBit : userIdBit | groupIdBit;
		const isHarmless = kind === 'special' || (command.mode & rights) === 0;
		return isHarmless || this.#passPrivilege(part, command.path, 'set-user-id or set-group-id bits')
			? part
			: {offset: part.offset, size: part.size, command: {...command, mode: command.mode & ~rights}};
	}

	#checkXattr(part: StreamPart, command: Extract<StreamCommand, {type: 'set_xattr' | 'remove_xattr'}>): StreamPart | undefined {
		const name = command.xattrName;
		if (name === '' || name.length > maximumXattrName || name.includes('\0')) {
			throw refuse(part, 'the name of an extended attribute is empty, too long or holds a zero byte');
		}

		if (name.startsWith('user.') || accessLists.has(name)) {
			return part;
		}

		return this.#passPrivilege(part, command.path, `the attribute ${JSON.stringify(bytePathToText(name))}`) ? part : undefined;
	}

	/** Known after the first command. */
	get identity(): StreamIdentity | undefined {
		return this.#identity;
	}

	get leftOut(): readonly LeftOut[] {
		return this.#leftOut.list();
	}

	/**
	@returns The command as it may be carried out, or `undefined` for one that is left out.
	@throws CoppiceError `failed` with the reason, the place in the stream and the command.
	*/
	check(part: StreamPart): StreamPart | undefined {
		const {command} = part;
		switch (this.#state) {
			case 'start': {
				if (command.type !== 'header') {
					throw refuse(part, 'it does not begin with a header');
				}

				if (command.version > (this.#options.maximumVersion ?? 1)) {
					throw refuse(part, `it is of version ${command.version}, only ${this.#options.maximumVersion ?? 1} is taken`);
				}

				this.#state = 'header';
				return part;
			}

			case 'header': {
				this.#begin(part);
				this.#state = 'open';
				return part;
			}

			case 'open': {
				return this.#checkOpen(part);
			}

			case 'end': {
				throw refuse(part, 'something follows its end');
			}
		}
	}

	/** To be called when there are no more commands. */
	finish(): void {
		if (this.#state !== 'end') {
			throw new CoppiceError('failed', 'The send stream is refused: it has no end.', {hint: 'It was cut off: get it again. Nothing was written.'});
		}
	}
}

/**
The parts of a stream that may be carried out, each judged before it is handed on.

@yields What `checker` lets pass.
@throws CoppiceError `failed`: see `StreamChecker.check`.
*/
export async function * checkParts(parts: AsyncIterable<StreamPart>, checker: StreamChecker): AsyncGenerator<StreamPart, void, undefined> {
	for await (const part of parts) {
		const passed = checker.check(part);
		if (passed !== undefined) {
			yield passed;
		}
	}

	checker.finish();
}
