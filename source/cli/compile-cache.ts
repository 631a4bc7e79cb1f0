/**
Where the compiled code of the program is kept between runs. It halves the time that a command takes to start.

Not the system's temporary folder, Node's default: code that root runs must not come from a folder that others can write to.
*/
import module from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

/**
The folder for an environment: of the home where there is one, else the user's cache folder (XDG Base Directory), else root's (FHS).
*/
export const compileCacheFolder = (environment: NodeJS.ProcessEnv, isRoot: boolean): string => {
	const {COPPICE_HOME: home, XDG_CACHE_HOME: xdgCache} = environment;
	if (home !== undefined && home !== '') {
		return path.resolve(home, 'cache');
	}

	return isRoot ? '/var/cache/coppice' : path.join(xdgCache === undefined || xdgCache === '' ? path.join(os.homedir(), '.cache') : xdgCache, 'coppice');
};

/**
Switches the cache on. A folder that can't be written is no error: the program then starts slower. `NODE_COMPILE_CACHE` and
`NODE_DISABLE_COMPILE_CACHE` go first, as in every Node program.
*/
export const useCompileCache = (): void => {
	module.enableCompileCache(process.env.NODE_COMPILE_CACHE ?? compileCacheFolder(process.env, process.getuid?.() === 0));
};
