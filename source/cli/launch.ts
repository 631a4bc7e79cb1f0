/**
What is run as `coppice`: runs the program (one file, built beside this one) with the code that V8 compiled the last time the same verb
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
const {createRequire} = process.getBuiltinModule('node:module');

// What the program is made of needs it; the number is that of `engines` in package.json.
if (Number(process.versions.node.split('.', 1)[0]) < 24) {
	process.stderr.write(`error: Coppice needs Node 24 or newer, and this is Node ${process.versions.node}.\nhint: Run \`./install.sh\`: it brings a Node of its own where it is needed.\n`);
	// eslint-disable-next-line unicorn/no-process-exit -- The rest of this module would fail.
	process.exit(6);
}

const file = path.join(import.meta.dirname, programFile);
const cache = process.env.NODE_DISABLE_COMPILE_CACHE === undefined
	? path.join(cacheFolder(process.env, process.getuid?.() === 0), `${path.parse(file).name}-${process.versions.v8}-${process.arch}`, cacheName(process.argv.slice(2)))
	: undefined;
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

const program = {exports: {}};
(script.runInThisContext() as (...values: readonly unknown[]) => void)(program.exports, createRequire(file), program, file, path.dirname(file));
