/**
The commands and attributes of the btrfs send stream, as data.

Sources: btrfs-progs `Documentation/dev/dev-send-stream.rst`, the kernel's `fs/btrfs/send.h` and, for which attributes a
command has, `fs/btrfs/send.c`. All integers are little-endian.
*/
import type {BytePath} from './byte-path.ts';

/** Begins every stream; a u32 version follows. */
export const streamMagic = 'btrfs-stream\0';

export const streamHeaderSize = 17;

/** U32 length of the payload, u16 command, u32 checksum. */
export const commandHeaderSize = 10;

/** U16 type, u16 length. */
export const attributeHeaderSize = 4;

/** Seconds since 1970 (negative before) and nanoseconds. */
export type StreamTime = {
	readonly seconds: number;
	readonly nanoseconds: number;
};

/**
The value of each attribute. Integers are numbers; one that a number can't hold exactly is refused on reading. UUIDs are
written as usual, in lower case.
*/
export type Attributes = {
	readonly uuid: string;
	readonly ctransid: number;
	readonly ino: number;
	readonly size: number;
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	readonly rdev: number;
	readonly ctime: StreamTime;
	readonly mtime: StreamTime;
	readonly atime: StreamTime;
	readonly otime: StreamTime;
	readonly xattrName: BytePath;
	readonly xattrData: Uint8Array;

	/** Relative to the subvolume; empty for its root. Not checked. */
	readonly path: BytePath;

	/** Where a rename goes. */
	readonly pathTo: BytePath;

	/** What a symlink holds, or the file that a hard link names. */
	readonly pathLink: BytePath;
	readonly fileOffset: number;
	readonly data: Uint8Array;
	readonly cloneUuid: string;
	readonly cloneCtransid: number;
	readonly clonePath: BytePath;
	readonly cloneOffset: number;
	readonly cloneLength: number;
	readonly fallocateMode: number;
	readonly fileAttributes: number;
	readonly unencodedFileLength: number;
	readonly unencodedLength: number;
	readonly unencodedOffset: number;
	readonly compression: number;
	readonly encryption: number;
};

export type AttributeName = keyof Attributes;

export type AttributeKind = 'u64' | 'u32' | 'uuid' | 'time' | 'path' | 'bytes';

/** Attributes by number: name and how the value is written. */
export const attributes: ReadonlyMap<number, readonly [name: AttributeName, kind: AttributeKind]> = new Map([
	[1, ['uuid', 'uuid']],
	[2, ['ctransid', 'u64']],
	[3, ['ino', 'u64']],
	[4, ['size', 'u64']],
	[5, ['mode', 'u64']],
	[6, ['uid', 'u64']],
	[7, ['gid', 'u64']],
	[8, ['rdev', 'u64']],
	[9, ['ctime', 'time']],
	[10, ['mtime', 'time']],
	[11, ['atime', 'time']],
	[12, ['otime', 'time']],
	[13, ['xattrName', 'path']],
	[14, ['xattrData', 'bytes']],
	[15, ['path', 'path']],
	[16, ['pathTo', 'path']],
	[17, ['pathLink', 'path']],
	[18, ['fileOffset', 'u64']],
	[19, ['data', 'bytes']],
	[20, ['cloneUuid', 'uuid']],
	[21, ['cloneCtransid', 'u64']],
	[22, ['clonePath', 'path']],
	[23, ['cloneOffset', 'u64']],
	[24, ['cloneLength', 'u64']],
	[25, ['fallocateMode', 'u32']],
	[26, ['fileAttributes', 'u64']],
	[27, ['unencodedFileLength', 'u64']],
	[28, ['unencodedLength', 'u64']],
	[29, ['unencodedOffset', 'u64']],
	[30, ['compression', 'u32']],
	[31, ['encryption', 'u32']],
]);

type CommandShape = {
	/** Attributes that it always has. */
	readonly required: readonly AttributeName[];

	/** Attributes that it may have. */
	readonly optional: readonly AttributeName[];

	/** The first version of the stream that has it. */
	readonly since: 1 | 2;
};

const shape = <const Required extends readonly AttributeName[], const Optional extends readonly AttributeName[] = []>(
	required: Required,
	optional?: Optional,
	since: 1 | 2 = 1,
) => ({required, optional: (optional ?? []) as Optional, since});

/** Which attributes each command has, in the order in which the kernel writes them. */
export const commandShapes = {
	subvol: shape(['path', 'uuid', 'ctransid']),
	snapshot: shape(['path', 'uuid', 'ctransid', 'cloneUuid', 'cloneCtransid']),
	mkfile: shape(['path', 'ino']),
	mkdir: shape(['path', 'ino']),
	mknod: shape(['path', 'ino', 'rdev', 'mode']),
	mkfifo: shape(['path', 'ino'], ['rdev', 'mode']),
	mksock: shape(['path', 'ino'], ['rdev', 'mode']),
	symlink: shape(['path', 'ino', 'pathLink']),
	rename: shape(['path', 'pathTo']),
	link: shape(['path', 'pathLink']),
	unlink: shape(['path']),
	rmdir: shape(['path']),
	set_xattr: shape(['path', 'xattrName', 'xattrData']),
	remove_xattr: shape(['path', 'xattrName']),
	write: shape(['path', 'fileOffset', 'data']),
	clone: shape(['fileOffset', 'cloneLength', 'path', 'cloneUuid', 'cloneCtransid', 'clonePath', 'cloneOffset']),
	truncate: shape(['path', 'size']),
	chmod: shape(['path', 'mode']),
	chown: shape(['path', 'uid', 'gid']),
	utimes: shape(['path', 'atime', 'mtime', 'ctime'], ['otime']),
	end: shape([]),
	update_extent: shape(['path', 'fileOffset', 'size']),
	fallocate: shape(['path', 'fallocateMode', 'fileOffset', 'size'], [], 2),
	fileattr: shape(['path', 'fileAttributes'], [], 2),
	encoded_write: shape(
		['path', 'fileOffset', 'unencodedFileLength', 'unencodedLength', 'unencodedOffset', 'data'],
		['compression', 'encryption'],
		2,
	),
} as const satisfies Readonly<Record<string, CommandShape>>;

export type CommandName = keyof typeof commandShapes;

/** Commands by number. */
export const commandNames: ReadonlyMap<number, CommandName> = new Map([
	[1, 'subvol'],
	[2, 'snapshot'],
	[3, 'mkfile'],
	[4, 'mkdir'],
	[5, 'mknod'],
	[6, 'mkfifo'],
	[7, 'mksock'],
	[8, 'symlink'],
	[9, 'rename'],
	[10, 'link'],
	[11, 'unlink'],
	[12, 'rmdir'],
	[13, 'set_xattr'],
	[14, 'remove_xattr'],
	[15, 'write'],
	[16, 'clone'],
	[17, 'truncate'],
	[18, 'chmod'],
	[19, 'chown'],
	[20, 'utimes'],
	[21, 'end'],
	[22, 'update_extent'],
	[23, 'fallocate'],
	[24, 'fileattr'],
	[25, 'encoded_write'],
]);

type CommandOf<Name extends CommandName> = {readonly type: Name}
	& Pick<Attributes, (typeof commandShapes)[Name]['required'][number]>
	& Partial<Pick<Attributes, (typeof commandShapes)[Name]['optional'][number]>>;

/** One command with its attributes; `type` tells which. */
export type StreamCommand = {[Name in CommandName]: CommandOf<Name>}[CommandName];

/** The start of a stream; streams may follow each other. */
export type StreamHeader = {
	readonly type: 'header';
	readonly version: number;
};

/** What a stream is made of, with where it stands in it. */
export type StreamPart = {
	/** Bytes before it. */
	readonly offset: number;

	/** Bytes that it takes. */
	readonly size: number;

	/** It as it stands there, where it was read from a stream and not changed since. */
	readonly raw?: Uint8Array;
	readonly command: StreamHeader | StreamCommand;
};

/** The path that a command is about; a header and an end have none. */
export const commandPath = (command: StreamHeader | StreamCommand): BytePath | undefined =>
	command.type === 'header' || command.type === 'end' ? undefined : command.path;
