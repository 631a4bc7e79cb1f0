/**
Where compiled code is kept between runs, one file a verb, and how it is read and written. It is run as it is read, so it is taken only from
files that nobody but this user can have written.
*/
// eslint-disable-next-line n/prefer-global/process -- Imports are avoided here, see `launch.ts`.
const {process} = globalThis;
const fs = process.getBuiltinModule('node:fs');
const os = process.getBuiltinModule('node:os');
const path = process.getBuiltinModule('node:path');

/**
The folder for an environment: of the home where there is one, else the user's cache folder (XDG Base Directory), else root's (FHS).
`NODE_COMPILE_CACHE` goes first, as in every Node program.
*/
export const cacheFolder = (environment: NodeJS.ProcessEnv, isRoot: boolean): string => {
	const {NODE_COMPILE_CACHE: told = '', COPPICE_HOME: home = '', XDG_CACHE_HOME: xdgCache = ''} = environment;
	if (told !== '') {
		return path.resolve(told);
	}

	if (home !== '') {
		return path.resolve(home, 'cache');
	}

	return isRoot ? '/var/cache/coppice' : path.join(xdgCache === '' ? path.join(os.homedir(), '.cache') : xdgCache, 'coppice');
};

/**
The verb of a command line, as far as it can be told without reading it properly: a wrong guess costs time and nothing else.
*/
export const cacheName = (words: readonly string[]): string => {
	const verb = words.find((word, index) => !word.startsWith('-') && !['-C', '--directory', '-f', '--file', '-H', '--host', '--stack'].includes(words[index - 1] ?? ''));
	return verb !== undefined && /^[_a-z]{2,16}$/v.test(verb) ? verb : 'none';
};

/**
`undefined` where there is nothing to be trusted.
*/
export const readCodeCache = (file: string): Uint8Array | undefined => {
	let descriptor: number | undefined;
	try {
		descriptor = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
		const {uid, mode} = fs.fstatSync(descriptor);

		return uid === process.getuid?.() && (mode & 0o022) === 0 ? fs.readFileSync(descriptor) : undefined;
	} catch {
		return undefined;
	} finally {
		if (descriptor !== undefined) {
			fs.closeSync(descriptor);
		}
	}
};

/**
Writes it whole or not at all, and removes what other versions of the program have left. Failing is no error: the program then starts slower.
*/
export const writeCodeCache = (file: string, data: Uint8Array): void => {
	const folder = path.dirname(file);
	const parent = path.dirname(folder);
	const partial = `${file}.${process.pid}`;
	try {
		if (!fs.existsSync(folder)) {
			// What is above may be the home, where databases of other users have to get to the pool.
			fs.mkdirSync(parent, {recursive: true});
			fs.mkdirSync(folder, {mode: 0o700});
			for (const name of fs.readdirSync(parent)) {
				if (name.startsWith('program-') && name !== path.basename(folder)) {
					fs.rmSync(path.join(parent, name), {recursive: true, force: true});
				}
			}
		}

		// On disk before it has its name: V8 would run what a power cut has left of it.
		fs.writeFileSync(partial, data, {mode: 0o600, flag: 'wx', flush: true});
		fs.renameSync(partial, file);
	} catch {
		try {
			fs.unlinkSync(partial);
		} catch {
			// It was not made.
		}
	}
};
