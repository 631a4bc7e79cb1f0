/**
What a tree of files is, for comparing: one line for each path with everything that a stream must carry. Written apart from the code
under test, by other means: attributes are read by perl, which is part of every Debian, and paths of any length by walking with open folders.
*/
import {Buffer} from 'node:buffer';
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import process from 'node:process';

export type FactOptions = {
	/** Times are cut to so many nanoseconds; 1 unless told. */
	readonly timeStep?: bigint;
	readonly xattrs?: boolean;
	readonly owners?: boolean;

	/** False leaves out when folders were changed: `btrfs send` moves things through folders and does not always put that right. */
	readonly folderTimes?: boolean;

	/** Whether a file with a hole of 64 KiB or more must have one on both sides. */
	readonly holes?: boolean;
};

const attributeNumbers: Partial<Record<NodeJS.Architecture, readonly [list: number, get: number]>> = {x64: [195, 192], arm64: [12, 9]};

// Reads paths that end in a zero byte; prints path number, name and value in hexadecimal digits.
const readAttributes = String.raw`
my ($list, $get) = @ARGV; $/ = "\0"; my $number = 0;
while (my $path = <STDIN>) {
	chop $path; my $names = "\0" x 65536;
	my $length = syscall($list + 0, $path, $names, 65536);
	for my $name ($length > 0 ? split /\0/, substr($names, 0, $length) : ()) {
		next if $name =~ /^security\.selinux/;
		my $value = "\0" x 65536;
		my $size = syscall($get + 0, $path, $name, $value, 65536);
		print $number, " ", unpack("H*", $name), " ", ($size > 0 ? unpack("H*", substr($value, 0, $size)) : ""), "\n";
	}
	$number++;
}`;

const xattrsOf = (paths: readonly Buffer[]): Map<number, string[]> => {
	const [list, get] = attributeNumbers[process.arch]!;
	const zero = Buffer.alloc(1);
	const {stdout, status, stderr} = spawnSync('perl', ['-e', readAttributes, String(list), String(get)], {
		input: Buffer.concat(paths.flatMap(path => [path, zero])), maxBuffer: 2 ** 28, encoding: 'utf8',
	});
	if (status !== 0) {
		throw new Error(`perl failed: ${stderr}`);
	}

	const found = new Map<number, string[]>();
	for (const line of stdout.trimEnd().split('\n')) {
		const [number = '', ...rest] = line.split(' ');
		if (number === '') {
			continue;
		}

		found.set(Number(number), [...found.get(Number(number)) ?? [], rest.join('=')]);
	}

	return found;
};

const digest = (descriptor: number, size: number): string => {
	const hash = createHash('sha256');
	const chunk = Buffer.alloc(2 ** 20);
	for (let at = 0; at < size;) {
		const length = fs.readSync(descriptor, chunk, 0, chunk.length, at);
		if (length === 0) {
			break;
		}

		hash.update(chunk.subarray(0, length));
		at += length;
	}

	return hash.digest('hex').slice(0, 32);
};

/**
@returns A line for each path, sorted: the path in latin1 as JSON, then what is there.
*/
export const treeFacts = (root: string, options: FactOptions = {}): string[] => {
	const {timeStep = 1n, xattrs = true, owners = true, folderTimes = true, holes = false} = options;
	const found: Array<{readonly path: string; readonly words: string[]; readonly place: Buffer}> = [];
	const names = new Map<bigint, string[]>();
	const visit = (place: Buffer, path: string): void => {
		const stats = fs.lstatSync(place, {bigint: true});
		const isTimed = folderTimes || !stats.isDirectory();
		const time = isTimed ? String(stats.mtimeNs - (((stats.mtimeNs % timeStep) + timeStep) % timeStep)) : '';
		const words = [(stats.mode & 0o17_7777n).toString(8), time, ...(owners ? [`${stats.uid}:${stats.gid}`] : [])];

		if (stats.isFile()) {
			const descriptor = fs.openSync(place, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
			words.push(String(stats.size), digest(descriptor, Number(stats.size)));
			fs.closeSync(descriptor);
			if (holes && stats.size >= 131_072n) {
				words.push((stats.blocks * 512n) + 65_536n <= stats.size ? 'holes' : 'full');
			}
		} else if (stats.isSymbolicLink()) {
			words.push(JSON.stringify(fs.readlinkSync(place, 'latin1')));
		}

		if (!stats.isDirectory() && stats.nlink > 1n) {
			names.set(stats.ino, [...names.get(stats.ino) ?? [], path]);
			words.push(`inode ${stats.ino}`);
		}

		// Beyond what a path can hold there is only the open folder, which is closed soon.
		found.push({path, words, place: path.length < 3000 ? Buffer.from(`${root}/${path}`, 'latin1') : Buffer.from('/nowhere')});
		if (!stats.isDirectory()) {
			return;
		}

		const folder = fs.openSync(place, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
		try {
			for (const name of fs.readdirSync(`/proc/self/fd/${folder}`, 'latin1')) {
				visit(Buffer.from(`/proc/self/fd/${folder}/${name}`, 'latin1'), path === '' ? name : `${path}/${name}`);
			}
		} finally {
			fs.closeSync(folder);
		}
	};

	visit(Buffer.from(`${root}/.`), '');
	const attributes = xattrs ? xattrsOf(found.map(({place}) => place)) : new Map<number, string[]>();
	const firstNames = new Map([...names].map(([ino, paths]) => [`inode ${ino}`, `same as ${JSON.stringify(paths.toSorted()[0])} of ${paths.length}`]));
	return found.map(({path, words}, index) =>
		[JSON.stringify(path), ...words.map(word => firstNames.get(word) ?? word), ...(attributes.get(index) ?? []).toSorted()].join(' ')).toSorted();
};
