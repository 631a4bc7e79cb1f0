/**
Random changes to a real tree of files: everything that users, databases and tools do to one, and what nobody should.
*/
import {Buffer} from 'node:buffer';
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import fc from 'fast-check';
import {noise} from '../fixtures/noise.ts';

/** One change; the numbers choose where and what. */
export type Change = {
	readonly kind: (typeof kinds)[number];
	readonly one: number;
	readonly two: number;
	readonly three: number;
};

const kinds = [
	'file',
	'file',
	'file',
	'folder',
	'folder',
	'symlink',
	'fifo',
	'write',
	'write',
	'write',
	'extend',
	'truncate',
	'hole',
	'rename',
	'rename',
	'swap',
	'rotate',
	'invert',
	'link',
	'link',
	'remove',
	'retype',
	'replace',
	'chmod',
	'chown',
	'times',
	'xattr',
	'xattr',
	'nest',
] as const;

export const someChanges = (count: number): fc.Arbitrary<Change[]> => fc.array(fc.record({
	kind: fc.constantFrom(...kinds), one: fc.nat(1_000_000), two: fc.nat(1_000_000), three: fc.nat(1_000_000),
}), {minLength: Math.floor(count / 2), maxLength: count, size: 'max'});

export type ChangeOptions = {
	/** Whether to use what needs koffi to be carried: attributes, fifos. */
	readonly native: boolean;

	/** The largest number of a user that the file system takes. */
	readonly largestOwner?: number;
};

const pick = <Value>(values: readonly Value[], number: number): Value | undefined => values[number % Math.max(1, values.length)];

const oddNames = ['a', 'b', 'c', 'd', 'e', 'with space', 'new\nline', 'caf\u{C3}\u{A9}', '\u{FF}\u{FE}bad', '-dash', 'o257-1-0', 'x'.repeat(255), '"quote\'', String.raw`\back`, '...', 'pg_wal'];

const xattrCalls: Partial<Record<NodeJS.Architecture, readonly [set: number, remove: number]>> = {x64: [189, 198], arm64: [6, 15]};

const perl = (script: string, ...words: Array<string | Buffer>): void => {
	// Words in hexadecimal digits: perl's arguments are text here, names are bytes.
	spawnSync('perl', ['-e', `@ARGV = map { pack "H*", $_ } @ARGV; ${script}`, ...words.map(word => Buffer.from(word).toString('hex'))]);
};

/** Works on one tree; paths are latin1. */
class Tree {
	readonly #root: string;

	constructor(root: string) {
		this.#root = root;
	}

	at(relative: string): Buffer {
		return Buffer.from(relative === '' ? this.#root : `${this.#root}/${relative}`, 'latin1');
	}

	/** All paths but the root, sorted. */
	all(): string[] {
		const found: string[] = [];
		const visit = (relative: string): void => {
			for (const name of fs.readdirSync(this.at(relative), 'latin1').toSorted()) {
				const full = relative === '' ? name : `${relative}/${name}`;
				found.push(full);
				if (fs.lstatSync(this.at(full)).isDirectory()) {
					visit(full);
				}
			}
		};

		visit('');
		return found;
	}

	of(kind: 'file' | 'folder' | 'other'): string[] {
		return this.all().filter(relative => {
			const stats = fs.lstatSync(this.at(relative));
			return kind === 'file' ? stats.isFile() : (kind === 'folder' ? stats.isDirectory() : !stats.isDirectory());
		});
	}

	/** A name that is free, in some folder; not so deep that no path reaches it. */
	free(one: number, two: number): string | undefined {
		const folder = pick(['', ...this.of('folder')].filter(relative => relative.length < 1500), one)!;
		const name = pick(oddNames, two)!;
		for (let attempt = 0; attempt < 5; attempt++) {
			const numbered = attempt === 0 ? name : `${name.slice(0, 240)}${attempt}`;
			const full = folder === '' ? numbered : `${folder}/${numbered}`;
			if (!fs.existsSync(this.at(full)) && fs.lstatSync(this.at(full), {throwIfNoEntry: false}) === undefined) {
				return full;
			}
		}

		return undefined;
	}
}

const isBelow = (one: string, other: string): boolean => one === other || one.startsWith(`${other}/`);

const writeSome = (place: Buffer, offset: number, content: Uint8Array): void => {
	const descriptor = fs.openSync(place, fs.constants.O_RDWR);
	fs.writeSync(descriptor, content, 0, content.length, offset);
	fs.closeSync(descriptor);
};

/** Before 1970, and after what 32 bits can hold. */
const someTimes = [-1_000_000_000.25, -0.5, 0, 1.5, 1_500_000_000.1234, 4_000_000_000];

const sizes = [0, 3, 4096, 5000, 49_152, 70_000, 200_000];

const newFile = (place: Buffer, two: number, three: number): void => {
	if (three % 4 === 0) {
		// A hole before, between and after.
		fs.writeFileSync(place, '');
		fs.truncateSync(place, 600_000);
		writeSome(place, 150_000 + (two % 5000), noise(10_000, three));
	} else {
		fs.writeFileSync(place, noise(pick(sizes, two)!, three));
	}
};

/** Each takes the place of the next, and the last that of the first. */
const cycle = (tree: Tree, {one, two, three}: Change, count: number): void => {
	const all = tree.all();
	const chosen = [...new Set([one, two, three].slice(0, count).map(number => pick(all, number)))].filter(entry => entry !== undefined);
	if (!(chosen.length === count && chosen.every((entry, index) => chosen.every((other, place) => place === index || !isBelow(entry, other))))) {
		return;
	}

	fs.renameSync(tree.at(chosen.at(-1)!), tree.at('.temporary'));
	for (let index = count - 1; index > 0; index--) {
		fs.renameSync(tree.at(chosen[index - 1]!), tree.at(chosen[index]!));
	}

	fs.renameSync(tree.at('.temporary'), tree.at(chosen[0]!));
};

const changes: Readonly<Record<Change['kind'], (tree: Tree, change: Change, options: ChangeOptions) => void>> = {
	file(tree, {one, two, three}) {
		const free = tree.free(one, two);
		if (free === undefined) {
			return;
		}

		newFile(tree.at(free), two, three);
	},

	folder(tree, {one, two}) {
		const free = tree.free(one, two);
		if (free === undefined) {
			return;
		}

		fs.mkdirSync(tree.at(free));
	},

	nest(tree, {one, two, three}) {
		const free = tree.free(one, 0);
		if (free === undefined) {
			return;
		}

		const deep = [free, ...Array.from({length: three % 6}, (_, index) => 'n'.repeat(20 + index))].join('/');
		fs.mkdirSync(tree.at(deep), {recursive: true});
		fs.writeFileSync(tree.at(`${deep}/leaf`), String(two));
	},

	symlink(tree, {one, two, three}) {
		const free = tree.free(one, two);
		if (free === undefined) {
			return;
		}

		fs.symlinkSync(pick(['nowhere', '/etc/passwd', '../..', 'a', '\u{E9}'.repeat(300)], three)!, tree.at(free));
	},

	fifo(tree, {one, two}, {native}) {
		const free = native ? tree.free(one, two) : undefined;
		if (free === undefined) {
			return;
		}

		perl('use POSIX (); POSIX::mkfifo($ARGV[0], 0640)', tree.at(free));
	},

	write(tree, {one, two, three}) {
		const file = pick(tree.of('file'), one);
		if (file === undefined) {
			return;
		}

		const {size} = fs.statSync(tree.at(file));
		writeSome(tree.at(file), two % (size + 1), noise(1 + (three % 9000), three));
	},

	extend(tree, {one, two}) {
		const file = pick(tree.of('file'), one);
		if (file === undefined) {
			return;
		}

		fs.truncateSync(tree.at(file), fs.statSync(tree.at(file)).size + (two % 300_000));
	},

	truncate(tree, {one, two}) {
		const file = pick(tree.of('file'), one);
		if (file === undefined) {
			return;
		}

		fs.truncateSync(tree.at(file), two % (fs.statSync(tree.at(file)).size + 1));
	},

	hole(tree, {one, two, three}) {
		const file = pick(tree.of('file'), one);
		if (file === undefined) {
			return;
		}

		const descriptor = fs.openSync(tree.at(file), fs.constants.O_RDWR);
		spawnSync('fallocate', ['--punch-hole', '--offset', String(4096 * (two % 8)), '--length', String(4096 * (1 + (three % 40))), '/proc/self/fd/3'], {stdio: ['ignore', 'ignore', 'ignore', descriptor]});
		fs.closeSync(descriptor);
	},

	rename(tree, {one, two, three}) {
		const from = pick(tree.all(), one);
		const to = tree.free(two, three);
		if (from !== undefined && to !== undefined && !isBelow(to, from)) {
			fs.renameSync(tree.at(from), tree.at(to));
		}
	},

	invert(tree, {one}) {
		// What was in a folder has that folder in it.
		const inner = pick(tree.of('folder').filter(folder => folder.includes('/')), one);
		if (inner === undefined) {
			return;
		}

		const outer = path.posix.dirname(inner);
		fs.renameSync(tree.at(inner), tree.at('.temporary'));
		const below = `.temporary/${path.posix.basename(outer)}`;
		if (fs.lstatSync(tree.at(below), {throwIfNoEntry: false}) === undefined) {
			fs.renameSync(tree.at(outer), tree.at(below));
			fs.renameSync(tree.at('.temporary'), tree.at(outer));
		} else {
			fs.renameSync(tree.at('.temporary'), tree.at(inner));
		}
	},

	link(tree, {one, two, three}) {
		const existing = pick(tree.of('other'), one);
		const free = tree.free(two, three);
		if (existing !== undefined && free !== undefined) {
			fs.linkSync(tree.at(existing), tree.at(free));
		}
	},

	remove(tree, {one}) {
		const entry = pick(tree.all(), one);
		if (entry === undefined) {
			return;
		}

		fs.rmSync(tree.at(entry), {recursive: true});
	},

	retype(tree, {one, two, three}) {
		const entry = pick(tree.all(), one);
		if (entry === undefined) {
			return;
		}

		fs.rmSync(tree.at(entry), {recursive: true});
		const place = tree.at(entry);
		[() => {
			fs.mkdirSync(place);
		}, () => {
			fs.symlinkSync('other', place);
		}, () => {
			newFile(place, two, three);
		}][two % 3]!();
	},

	replace(tree, {one, two, three}) {
		// As programs save a file: another one is renamed over it.
		const file = pick(tree.of('file'), one);
		if (file === undefined) {
			return;
		}

		fs.copyFileSync(tree.at(file), tree.at('.temporary'));
		writeSome(tree.at('.temporary'), two % 20_000, noise(100, three));
		fs.renameSync(tree.at('.temporary'), tree.at(file));
	},

	chmod(tree, {one, two}) {
		const entry = pick(['', ...tree.all()].filter(relative => !fs.lstatSync(tree.at(relative)).isSymbolicLink()), one);
		const isFolder = fs.lstatSync(tree.at(entry!)).isDirectory();
		fs.chmodSync(tree.at(entry!), pick(isFolder ? [0o700, 0o755, 0o2770, 0o1777, 0o500] : [0o600, 0o444, 0o755, 0], two)!);
	},

	chown(tree, {one, two, three}, {largestOwner = 4_000_000_000}) {
		const entry = pick(['', ...tree.all()], one);
		fs.lchownSync(tree.at(entry!), two % 3 === 0 ? largestOwner : two % 70_000, three % 70_000);
	},

	times(tree, {one, two}) {
		const entry = pick(['', ...tree.all()], one);
		fs.lutimesSync(tree.at(entry!), 1_000_000_000, pick([-1_000_000_000.25, -0.5, 0, 1.5, 1_500_000_000.123456, 4_000_000_000], two)!);
	},

	xattr(tree, {one, two, three}, {native}) {
		const entry = native ? pick(['', ...tree.of('file'), ...tree.of('folder')], one) : undefined;
		if (entry === undefined) {
			return;
		}

		const [set, remove] = xattrCalls[process.arch]!;
		const name = pick(['user.one', 'user.two', 'user.caf\u{E9}'], two)!;
		if (three % 4 === 0) {
			perl(`syscall(${remove}, $ARGV[0], $ARGV[1])`, tree.at(entry), Buffer.from(name, 'latin1'));
		} else {
			perl(`syscall(${set}, $ARGV[0], $ARGV[1], $ARGV[2], length $ARGV[2], 0)`, tree.at(entry), Buffer.from(name, 'latin1'), Buffer.from(noise(three % 300, three)));
		}
	},

	swap(tree, change) {
		cycle(tree, change, 2);
	},

	rotate(tree, change) {
		cycle(tree, change, 3);
	},
};

export const changeTree = (root: string, wanted: readonly Change[], options: ChangeOptions): void => {
	const tree = new Tree(root);
	for (const change of wanted) {
		changes[change.kind](tree, change, options);
	}
};
