/**
System calls that Node has no function for: extended attributes, times to the nanosecond, fifos and sockets, holes, copies of
ranges within the file system. They are made through `koffi`, an optional package; without it the stream library still works, and
says what it has left out.

All are synchronous, for they take microseconds, and throw like the functions of `node:fs` do.
*/
import {Buffer} from 'node:buffer';
import process from 'node:process';
import {getSystemErrorName} from 'node:util';
import type {BytePath} from './byte-path.ts';

export type NativeCalls = {
	/** Names of the extended attributes; symbolic links are not followed. Empty where the file system has none. */
	listXattrs(path: BytePath): BytePath[];
	getXattr(path: BytePath, name: BytePath): Buffer;
	setXattr(path: BytePath, name: BytePath, value: Uint8Array): void;
	removeXattr(path: BytePath, name: BytePath): void;

	/** Sets both times, in nanoseconds since 1970; symbolic links are not followed. */
	setTimes(path: BytePath, atime: bigint, mtime: bigint): void;

	/** @param mode - With the type: `S_IFIFO` or `S_IFSOCK`. */
	makeNode(path: BytePath, mode: number): void;

	/** The first byte at or after `offset` that is no hole, or `undefined` where only a hole is left. */
	seekData(file: number, offset: number): number | undefined;

	/** The first byte at or after `offset` that is in a hole; the end of a file counts as one. */
	seekHole(file: number, offset: number): number;

	/** Makes a hole; the size stays. */
	punchHole(file: number, offset: number, length: number): void;

	/** Copies within the file system, sharing the blocks where it can; tells the bytes copied, 0 at the end. */
	copyRange(range: {readonly from: number; readonly fromOffset: number; readonly to: number; readonly toOffset: number; readonly length: number}): number;
};

/** As much of koffi as is used here. */
type Koffi = {
	load(path: null): {func(prototype: string): (...words: readonly unknown[]) => number | bigint};
	errno(): number;
};

/** `<fcntl.h>`, `<linux/falloc.h>`, `<unistd.h>`: the same on every 64-bit Linux. */
const atCurrentFolder = -100;
const atSymlinkNoFollow = 0x1_00;
const fallocKeepSize = 1;
const fallocPunchHole = 2;
const seekDataWhence = 3;
const seekHoleWhence = 4;

const billion = 1_000_000_000n;

/** The largest value that Linux lets an attribute have (`XATTR_SIZE_MAX`), and a list of names (`XATTR_LIST_MAX`). */
const maximumXattr = 65_536;

const cString = (path: BytePath): Buffer => Buffer.from(`${path}\0`, 'latin1');

/** Seconds and nanoseconds as the kernel has them: the nanoseconds are never negative. */
export const splitTime = (time: bigint): {readonly seconds: bigint; readonly nanoseconds: bigint} => {
	const nanoseconds = ((time % billion) + billion) % billion;
	return {seconds: (time - nanoseconds) / billion, nanoseconds};
};

const bind = (koffi: Koffi): NativeCalls => {
	const libc = koffi.load(null);
	const names = {
		llistxattr: 'int64_t llistxattr(const uint8_t *path, _Out_ uint8_t *list, uint64_t size)',
		lgetxattr: 'int64_t lgetxattr(const uint8_t *path, const uint8_t *name, _Out_ uint8_t *value, uint64_t size)',
		lsetxattr: 'int lsetxattr(const uint8_t *path, const uint8_t *name, const uint8_t *value, uint64_t size, int flags)',
		lremovexattr: 'int lremovexattr(const uint8_t *path, const uint8_t *name)',
		utimensat: 'int utimensat(int folder, const uint8_t *path, const uint8_t *times, int flags)',
		mknod: 'int mknod(const uint8_t *path, uint32_t mode, uint64_t device)',
		lseek: 'int64_t lseek(int file, int64_t offset, int whence)',
		fallocate: 'int fallocate(int file, int mode, int64_t offset, int64_t length)',
		copy_file_range: 'int64_t copy_file_range(int from, int64_t *fromOffset, int to, int64_t *toOffset, uint64_t length, unsigned int flags)',
	} as const;
	const bound = new Map<string, (...words: readonly unknown[]) => number | bigint>();
	const call = (name: keyof typeof names, ...words: readonly unknown[]): number => {
		let made = bound.get(name);
		if (made === undefined) {
			made = libc.func(names[name]);
			bound.set(name, made);
		}

		const result = Number(made(...words));
		if (result < 0) {
			const errno = koffi.errno();
			const code = getSystemErrorName(-errno);
			throw Object.assign(new Error(`${code}: ${name}`), {errno: -errno, code, syscall: name});
		}

		return result;
	};

	const scratch = Buffer.alloc(maximumXattr);
	const times = Buffer.alloc(32);
	const offsets = [Buffer.alloc(8), Buffer.alloc(8)] as const;
	return {
		listXattrs(path) {
			let length;
			try {
				length = call('llistxattr', cString(path), scratch, scratch.length);
			} catch (error) {
				if (error instanceof Error && 'code' in error && (error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP')) {
					return [];
				}

				throw error;
			}

			return scratch.toString('latin1', 0, length).split('\0').slice(0, -1);
		},
		getXattr(path, name) {
			const length = call('lgetxattr', cString(path), cString(name), scratch, scratch.length);
			return Buffer.from(scratch.subarray(0, length));
		},
		setXattr(path, name, value) {
			// A pointer to nothing is not taken, even with a length of 0.
			call('lsetxattr', cString(path), cString(name), value.length === 0 ? Buffer.alloc(1) : Buffer.from(value), value.length, 0);
		},
		removeXattr(path, name) {
			call('lremovexattr', cString(path), cString(name));
		},
		setTimes(path, atime, mtime) {
			for (const [index, time] of [atime, mtime].entries()) {
				const {seconds, nanoseconds} = splitTime(time);
				times.writeBigInt64LE(seconds, index * 16);
				times.writeBigInt64LE(nanoseconds, (index * 16) + 8);
			}

			call('utimensat', atCurrentFolder, cString(path), times, atSymlinkNoFollow);
		},
		makeNode(path, mode) {
			call('mknod', cString(path), mode, 0);
		},
		seekData(file, offset) {
			try {
				return call('lseek', file, offset, seekDataWhence);
			} catch (error) {
				if (error instanceof Error && 'code' in error && error.code === 'ENXIO') {
					return undefined;
				}

				throw error;
			}
		},
		seekHole: (file, offset) => call('lseek', file, offset, seekHoleWhence),
		punchHole(file, offset, length) {
			call('fallocate', file, fallocKeepSize | fallocPunchHole, offset, length);
		},
		copyRange({
			from, fromOffset, to, toOffset, length,
		}) {
			offsets[0].writeBigInt64LE(BigInt(fromOffset));
			offsets[1].writeBigInt64LE(BigInt(toOffset));
			return call('copy_file_range', from, offsets[0], to, offsets[1], length, 0);
		},
	};
};

let loaded: Promise<NativeCalls | undefined> | undefined;

const load = async (): Promise<NativeCalls | undefined> => {
	if (process.platform !== 'linux' || !['x64', 'arm64', 'riscv64', 'loong64'].includes(process.arch)) {
		return undefined;
	}

	try {
		// By a name that no bundler follows: the package has native parts, and may be missing.
		const name = 'koffi';
		const imported = await import(name) as {readonly default: Koffi};
		return bind(imported.default);
	} catch {
		return undefined;
	}
};

/**
The calls, or `undefined` where they can't be made here: koffi is not installed, or has no build for this machine.
*/
export const nativeCalls = async (): Promise<NativeCalls | undefined> => {
	loaded ??= load();
	return loaded;
};
