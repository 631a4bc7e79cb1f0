/**
What is run as `coppice`: runs the program (the files built beside this one) with the code that V8 compiled the last time the same verb
was run. Node's own compile cache keeps only what is compiled at first, not the functions that a run has used; with those a verb starts in
two thirds of the time.

Modules of Node are got as values, not imported: an import of one reads every export of it, lazy ones too, which takes longer than all else here.
*/
import {
	cacheFolder,
	cacheName,
	readCodeCache,
	writeCodeCache,
} from './code-cache.ts';

/** The name of the program's file, which tells its content. Put in by the build. */
declare const programFile: string;

// eslint-disable-next-line n/prefer-global/process -- It would have to be imported.
const {process} = globalThis;
const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');
const vm = process.getBuiltinModule('node:vm');
const {createRequire, enableCompileCache} = process.getBuiltinModule('node:module');
const {pathToFileURL} = process.getBuiltinModule('node:url');

// What the program is made of needs it; the number is that of `engines` in package.json.
if (Number(process.versions.node.split('.', 1)[0]) < 24) {
	process.stderr.write(`error: Coppice needs Node 24 or newer, and this is Node ${process.versions.node}.\nhint: Run \`./install.sh\`: it brings a Node of its own where it is needed.\n`);
	// eslint-disable-next-line unicorn/no-process-exit -- The rest of this module would fail.
	process.exit(6);
}

const caches = process.env.NODE_DISABLE_COMPILE_CACHE === undefined
	? path.join(cacheFolder(process.env, process.getuid?.() === 0), `${path.parse(programFile).name}-${process.versions.v8}-${process.arch}`)
	: undefined;
const verb = cacheName(process.argv.slice(2));

const loaded = new Map<string, {exports: unknown}>();

/** Imports a file of the build that is an ES module. Node itself keeps the compiled code of these. */
const importModule = async (name: string): Promise<unknown> => {
	if (caches !== undefined) {
		enableCompileCache(path.join(caches, 'modules'));
	}

	return import(pathToFileURL(path.join(import.meta.dirname, name)).href);
};

/** Runs a file of the build, once. */
const load = (name: string): unknown => {
	const known = loaded.get(name);
	if (known !== undefined) {
		return known.exports;
	}

	const file = path.join(import.meta.dirname, name);
	const cache = caches === undefined ? undefined : path.join(caches, name === programFile ? verb : `${verb}-${name.split('-', 1)[0]!}`);
	const cachedData = cache === undefined ? undefined : readCodeCache(cache);

	// A function of what a CommonJS module knows. The build leaves nothing but ASCII in it, which is quickest to read as Latin-1.
	const script = new vm.Script(fs.readFileSync(file, 'latin1'), {
		filename: file,
		cachedData,
		importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
	});

	if (cache !== undefined && (cachedData === undefined || script.cachedDataRejected === true)) {
		process.on('exit', exitCode => {
			// A run that has failed has not used much of what its verb needs.
			if (exitCode === 0) {
				writeCodeCache(cache, script.createCachedData());
			}
		});
	}

	const module = {exports: {}};
	loaded.set(name, module);
	const requireElse = createRequire(file);
	const require = (id: string): unknown => id.startsWith('./') ? load(id.slice(2)) : requireElse(id) as unknown;
	(script.runInThisContext() as (...values: readonly unknown[]) => void)(module.exports, require, module, file, path.dirname(file), importModule);
	return module.exports;
};

load(programFile);
