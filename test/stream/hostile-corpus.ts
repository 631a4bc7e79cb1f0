/**
Streams made to do harm, each with what it tries and what must be said when it is refused.
*/
import {Buffer} from 'node:buffer';
import type {CheckOptions} from '../../source/stream/check-stream.ts';
import type {StreamCommand} from '../../source/stream/commands.ts';
import {
	encodeAttribute,
	encodeCommand,
	encodeHeader,
	encodePayload,
} from './encode-commands.ts';

export type StreamIds = {
	/** Of the snapshot that the stream claims to be. */
	readonly own: string;
	readonly base: string;

	/** Of a subvolume that the stream has nothing to do with. */
	readonly foreign: string;
};

export type Hostile = {
	readonly what: string;
	readonly stream: Uint8Array;
	readonly says: RegExp;

	/** An increment to a folder that holds `file`, `folder/inside` and `link` to a folder outside. */
	readonly isIncrement?: boolean;
	readonly options?: CheckOptions;
};

const noTime = {seconds: 0, nanoseconds: 0};
const end: StreamCommand = {type: 'end'};
export const mkfile = (name: string): StreamCommand => ({type: 'mkfile', path: name, ino: 257});
export const mkdir = (name: string): StreamCommand => ({type: 'mkdir', path: name, ino: 258});
const symlink = (name: string, pathLink: string): StreamCommand => ({
	type: 'symlink', path: name, ino: 259, pathLink,
});
const write = (name: string, fileOffset = 0): StreamCommand => ({
	type: 'write', path: name, fileOffset, data: Buffer.from('owned'),
});

/** The commands between the first and the last are told. */
const whole = (commands: readonly StreamCommand[]): Uint8Array => Buffer.concat([encodeHeader(), ...commands.map(command => encodeCommand(command))]);

const u64 = (value: bigint): Uint8Array => {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64LE(value);
	return bytes;
};

const pathAttribute = (name: string): Uint8Array => encodeAttribute(15, Buffer.from(name, 'latin1'));

const subvolOf = (own: string): StreamCommand => ({
	type: 'subvol', path: 'evil', uuid: own, ctransid: 1,
});

/** A stream with these commands in it. */
export const fullStream = (own: string, ...commands: readonly StreamCommand[]): Uint8Array => whole([subvolOf(own), ...commands, end]);

/**
The streams, under the names that the receiver expects, so that nothing but the harm in them is wrong.
*/
export const hostileStreams = ({own, base, foreign}: StreamIds): readonly Hostile[] => {
	const subvol = subvolOf(own);
	const snapshot: StreamCommand = {
		type: 'snapshot', path: 'evil', uuid: own, ctransid: 1, cloneUuid: base, cloneCtransid: 1,
	};
	const clone = (name: string, clonePath: string, cloneUuid = own): StreamCommand => ({
		type: 'clone', path: name, fileOffset: 0, cloneLength: 4096, cloneUuid, cloneCtransid: 1, clonePath, cloneOffset: 0,
	});
	const full = (...commands: readonly StreamCommand[]): Uint8Array => fullStream(own, ...commands);
	const increment = (...commands: readonly StreamCommand[]): Uint8Array => whole([snapshot, ...commands, end]);
	const raw = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat([encodeHeader(), encodeCommand(subvol), ...parts, encodeCommand(end)]);

	return [
		// Out of the target.
		{what: 'a file above the target', stream: full(mkfile('../escaped')), says: /"\.\."/v},
		{what: 'a way up in the middle of a path', stream: full(mkdir('a'), mkfile('a/../../escaped')), says: /"\.\."/v},
		{what: 'a way up at the end of a path', stream: full(mkdir('a'), mkdir('a/..')), says: /"\.\."/v},
		{what: 'an absolute path', stream: full(mkfile('/escaped')), says: /absolute/v},
		{what: 'the folder itself as a name', stream: full(mkfile('./escaped')), says: /"\."/v},
		{what: 'an empty name in a path', stream: full(mkdir('a'), mkfile('a//b')), says: /empty name/v},
		{what: 'a slash at the end', stream: full(mkfile('a/')), says: /empty name/v},
		{what: 'a path cut by a zero byte', stream: full(mkfile('a\0b')), says: /zero byte/v},
		{what: 'a name of 256 bytes', stream: full(mkfile('x'.repeat(256))), says: /too long/v},
		{what: 'a path that is too long', stream: full(mkfile('x/'.repeat(20_000) + 'x')), says: /too long/v},
		{
			what: 'a path longer than `btrfs receive` can hold', stream: full(mkfile('x/'.repeat(2100) + 'x')), says: /too long/v, options: {limits: {path: 4095}},
		},
		{what: 'a rename to above the target', stream: full(mkfile('a'), {type: 'rename', path: 'a', pathTo: '../escaped'}), says: /"\.\."/v},
		{what: 'a rename to an absolute path', stream: full(mkfile('a'), {type: 'rename', path: 'a', pathTo: '/escaped'}), says: /absolute/v},
		{what: 'a rename of something above', stream: full({type: 'rename', path: '../outside', pathTo: 'a'}), says: /"\.\."/v},
		{what: 'a hard link to a file above', stream: full({type: 'link', path: 'a', pathLink: '../../outside/secret'}), says: /"\.\."/v},
		{what: 'a hard link to an absolute path', stream: full({type: 'link', path: 'a', pathLink: '/etc/shadow'}), says: /absolute/v},
		{what: 'removing a file above', stream: full({type: 'unlink', path: '../outside/secret'}), says: /"\.\."/v},
		{what: 'removing a folder above', stream: full({type: 'rmdir', path: '../outside'}), says: /"\.\."/v},
		{what: 'a write to an absolute path', stream: full(write('/etc/passwd')), says: /absolute/v},
		{what: 'a mode for the folder above', stream: full({type: 'chmod', path: '..', mode: 0o777}), says: /"\.\."/v},
		{
			what: 'an owner for an absolute path', stream: full({
				type: 'chown', path: '/', uid: 0, gid: 0,
			}), says: /absolute|empty/v,
		},
		{what: 'the root removed', stream: full({type: 'rmdir', path: ''}), says: /empty name/v},
		{what: 'the root moved', stream: full({type: 'rename', path: '', pathTo: 'a'}), says: /empty name/v},
		{what: 'the root written to', stream: full(write('')), says: /empty name/v},

		// Through links.
		{what: 'a write through a link that the stream made', stream: full(symlink('a', '/etc/passwd'), write('a')), says: /no regular file/v},
		{what: 'a file in a folder that is a link', stream: full(symlink('a', '../outside'), mkfile('a/escaped')), says: /symbolic link/v},
		{what: 'a link moved into the place of a folder', stream: full(mkdir('d'), symlink('l', '../outside'), {type: 'rmdir', path: 'd'}, {type: 'rename', path: 'l', pathTo: 'd'}, mkfile('d/escaped')), says: /symbolic link/v},
		{what: 'a hard link of a link, written through', stream: full(symlink('a', '/etc/passwd'), {type: 'link', path: 'b', pathLink: 'a'}, write('b')), says: /no regular file/v},
		{what: 'a truncate through a link', stream: full(symlink('a', '/etc/passwd'), {type: 'truncate', path: 'a', size: 0}), says: /no regular file/v},
		{what: 'a mode through a link', stream: full(symlink('a', '/etc/passwd'), {type: 'chmod', path: 'a', mode: 0o666}), says: /symbolic link/v},
		{what: 'a clone from a link', stream: full(symlink('a', '/etc/shadow'), mkfile('b'), clone('b', 'a')), says: /no regular file/v},
		{what: 'a link with a zero byte', stream: full(symlink('a', 'b\0c')), says: /symbolic link/v},
		{
			what: 'a link of the base, written through', stream: increment(write('link/secret')), says: /symbolic link/v, isIncrement: true,
		},
		{
			what: 'a link of the base, moved and gone through', stream: increment({type: 'rename', path: 'link', pathTo: 'l2'}, {type: 'unlink', path: 'l2/secret'}), says: /symbolic link/v, isIncrement: true,
		},
		{
			what: 'a clone through a link of the base', stream: increment(clone('file', 'link/secret', base)), says: /no file of its base/v, isIncrement: true,
		},

		// Files of others.
		{what: 'a clone of a file above', stream: full(mkfile('a'), clone('a', '../outside/secret')), says: /"\.\."/v},
		{what: 'a clone of an absolute path', stream: full(mkfile('a'), clone('a', '/etc/shadow')), says: /absolute/v},
		{what: 'a clone from another subvolume', stream: full(mkfile('a'), mkfile('b'), clone('a', 'b', foreign)), says: /neither itself nor its base/v},
		{what: 'a clone of a fifo', stream: full(mkfile('a'), {type: 'mkfifo', path: 'p', ino: 1}, clone('a', 'p')), says: /no regular file/v},

		// What is no data.
		{
			what: 'a device node', stream: full({
				type: 'mknod', path: 'sda', ino: 257, mode: 0o06_0666, rdev: 0x8_00,
			}), says: /device/v,
		},
		{what: 'a write to a fifo, which would wait for ever', stream: full({type: 'mkfifo', path: 'p', ino: 257}, write('p')), says: /no regular file/v},
		{what: 'a mode with a type in it', stream: full(mkfile('a'), {type: 'chmod', path: 'a', mode: 0o10_0644}), says: /more than permissions/v},
		{
			what: 'a set-user-id program, where that is refused', stream: full(mkfile('a'), {type: 'chmod', path: 'a', mode: 0o4755}), says: /set-user-id/v, options: {privileges: 'refuse'},
		},
		{
			what: 'a capability, where that is refused', stream: full(mkfile('a'), {
				type: 'set_xattr', path: 'a', xattrName: 'security.capability', xattrData: Buffer.alloc(20),
			}), says: /security\.capability/v, options: {privileges: 'refuse'},
		},
		{
			what: 'a trusted attribute, where that is refused', stream: full(mkfile('a'), {
				type: 'set_xattr', path: 'a', xattrName: 'trusted.overlay.opaque', xattrData: Buffer.from('y'),
			}), says: /trusted/v, options: {privileges: 'refuse'},
		},
		{
			what: 'an attribute without a name', stream: full(mkfile('a'), {
				type: 'set_xattr', path: 'a', xattrName: '', xattrData: Buffer.from('y'),
			}), says: /attribute/v,
		},
		{
			what: 'an attribute whose name is cut', stream: full(mkfile('a'), {
				type: 'set_xattr', path: 'a', xattrName: 'user.x\0.trusted', xattrData: Buffer.from('y'),
			}), says: /zero byte/v,
		},
		{
			what: 'an owner that means none', stream: full({
				type: 'chown', path: '', uid: 0xFF_FF_FF_FF, gid: 0,
			}), says: /no number of a user/v,
		},
		{
			what: 'a time of too many nanoseconds', stream: full({
				type: 'utimes', path: '', atime: noTime, mtime: {seconds: 0, nanoseconds: 1_000_000_000}, ctime: noTime,
			}), says: /nanoseconds/v,
		},

		// What is too large.
		{what: 'a file of 2^63-1 bytes', stream: raw(encodeCommand(mkfile('a')), encodePayload(17, Buffer.concat([pathAttribute('a'), encodeAttribute(4, u64(0x7F_FF_FF_FF_FF_FF_FF_FFn))]))), says: /not a u64/v},
		{what: 'a file of 32 TiB', stream: full(mkfile('a'), {type: 'truncate', path: 'a', size: 2 ** 45}), says: /too large/v},
		{what: 'a write far out', stream: full(mkfile('a'), write('a', 2 ** 50)), says: /too large/v},
		{
			what: 'a clone far out', stream: full(mkfile('a'), {
				type: 'clone', path: 'a', fileOffset: 2 ** 50, cloneLength: 1, cloneUuid: own, cloneCtransid: 1, clonePath: 'a', cloneOffset: 0,
			}), says: /too large/v,
		},
		{
			what: 'more data than was agreed', stream: full(mkfile('a'), write('a'), write('a')), says: /bytes of data/v, options: {limits: {data: 8}},
		},
		{
			what: 'more names than was agreed', stream: full(mkfile('a'), mkfile('b'), mkfile('c')), says: /names/v, options: {limits: {names: 2}},
		},
		{what: 'a command that claims 4 GiB', stream: Buffer.concat([encodeHeader(), encodeCommand(subvol), Buffer.from('ffffffff0f0000000000', 'hex')]), says: /claims 4294967295 bytes/v},

		// What is not one whole stream.
		{what: 'nothing', stream: new Uint8Array(0), says: /no end/v},
		{what: 'two subvolumes in one stream', stream: full(subvol), says: /more than one subvolume/v},
		{what: 'a snapshot in a stream', stream: full(snapshot), says: /more than one subvolume/v},
		{what: 'no subvolume', stream: Buffer.concat([encodeHeader(), encodeCommand(mkfile('a')), encodeCommand(end)]), says: /what it makes/v},
		{what: 'a stream after the stream', stream: Buffer.concat([full(), full()]), says: /follows its end/v},
		{what: 'bytes after the end', stream: Buffer.concat([full(), Buffer.from('x')]), says: /cut off/v},
		{what: 'a stream that is cut off', stream: full(mkfile('a')).subarray(0, -10), says: /cut off/v},
		{what: 'a subvolume whose name is a path', stream: Buffer.concat([encodeHeader(), encodeCommand({...subvol, path: 'a/b'}), encodeCommand(end)]), says: /name is a path/v},
		{what: 'a subvolume called `..`', stream: Buffer.concat([encodeHeader(), encodeCommand({...subvol, path: '..'}), encodeCommand(end)]), says: /"\.\."/v},
		{what: 'a subvolume without a name', stream: Buffer.concat([encodeHeader(), encodeCommand({...subvol, path: ''}), encodeCommand(end)]), says: /empty name/v},
		{
			what: 'a stream without its data', stream: full(mkfile('a'), {
				type: 'update_extent', path: 'a', fileOffset: 0, size: 4096,
			}), says: /without its data/v,
		},
		{what: 'another version', stream: Buffer.concat([encodeHeader(2), encodeCommand(subvol, 2), encodeCommand(end, 2)]), says: /version 2/v},
		{
			what: 'an increment where all was expected', stream: increment(), says: /a full stream is expected/v, options: {expects: 'full'},
		},
		{
			what: 'all where an increment was expected', stream: full(), says: /an increment is expected/v, options: {expects: 'increment'}, isIncrement: true,
		},
		{
			what: 'another base than was agreed', stream: increment(), says: /is based on/v, options: {baseUuid: foreign}, isIncrement: true,
		},

		// What is badly formed.
		{
			what: 'a checksum that is wrong', stream: (() => {
				const bytes = Buffer.from(full(mkfile('a')));
				bytes[bytes.length - 12] = 0x55;
				return bytes;
			})(), says: /checksum/v,
		},
		{what: 'an unknown command', stream: raw(encodePayload(99, new Uint8Array(0))), says: /command 99/v},
		{what: 'an unknown attribute', stream: raw(encodePayload(3, Buffer.concat([pathAttribute('a'), encodeAttribute(99, u64(1n))]))), says: /attribute 99/v},
		{what: 'a path given twice', stream: raw(encodePayload(3, Buffer.concat([pathAttribute('a'), pathAttribute('../b'), encodeAttribute(3, u64(1n))]))), says: /twice/v},
		{what: 'a number of four bytes', stream: raw(encodePayload(18, Buffer.concat([pathAttribute(''), encodeAttribute(5, Buffer.alloc(4))]))), says: /not a u64/v},
		{what: 'an attribute longer than its command', stream: raw(encodePayload(3, Buffer.from('0f00ff00', 'hex'))), says: /cut off/v},

		// What can't be.
		{what: 'a file made twice', stream: full(mkfile('a'), mkfile('a')), says: /there already/v},
		{what: 'a folder over a file', stream: full(mkfile('a'), mkdir('a')), says: /there already/v},
		{what: 'a rename over a file', stream: full(mkfile('a'), mkfile('b'), {type: 'rename', path: 'a', pathTo: 'b'}), says: /there already/v},
		{what: 'a folder moved into itself', stream: full(mkdir('a'), {type: 'rename', path: 'a', pathTo: 'a/b'}), says: /into itself/v},
		{what: 'a write to what is not there', stream: full(write('a')), says: /nothing of that name/v},
		{what: 'a hard link of a folder', stream: full(mkdir('a'), {type: 'link', path: 'b', pathLink: 'a'}), says: /one name only/v},
		{what: 'a folder removed with what is in it', stream: full(mkdir('a'), mkfile('a/b'), {type: 'rmdir', path: 'a'}), says: /not empty/v},
		{what: 'a path through a file', stream: full(mkfile('a'), mkfile('a/b')), says: /through a file/v},
		{
			what: 'a file over one of the base', stream: increment(mkfile('file')), says: /there already/v, isIncrement: true,
		},
		{
			what: 'a write to a file that the base has not', stream: increment(write('nothing')), says: /nothing of that name/v, isIncrement: true,
		},
		{
			what: 'a write to a folder of the base', stream: increment(write('folder')), says: /no regular file/v, isIncrement: true,
		},
	];
};
