/**
Builds the program into `dist`: `coppice.js`, what is run, and `program-HASH.cjs`, all of it in one file, which `coppice.js` runs from compiled
code (see `source/cli/launch.ts`). What a verb does not need is in that file too, but is neither compiled nor run before it is asked for. Only
large packages that not every verb needs are in files of their own: reading them takes time as well.

`node scripts/build.ts [--verbose]`. `--keep-old` leaves the programs of earlier builds, for commands that start while it is built anew.
*/
import {createHash} from 'node:crypto';
import {
	chmod,
	mkdir,
	readdir,
	readFile,
	rename,
	rm,
	writeFile,
} from 'node:fs/promises';
import {createRequire} from 'node:module';
import path from 'node:path';
import process from 'node:process';
import {parseArgs} from 'node:util';
import {
	build,
	type BuildOptions,
	type Metafile,
	type Plugin,
} from 'esbuild';
import {nodeFlags} from '../source/system/node-flags.ts';
import {bundleTui} from './tui-bundle.ts';

const root = path.resolve(import.meta.dirname, '..');
const outputFolder = path.join(root, 'dist');
const {values: {verbose, 'keep-old': keepOld}} = parseArgs({
	options: {verbose: {type: 'boolean', default: false}, 'keep-old': {type: 'boolean', default: false}},
});

const {version} = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {version: string};

const common = {
	absWorkingDir: root,
	outdir: outputFolder,
	bundle: true,
	platform: 'node',
	target: 'node24',
	// ES modules of packages that have both: esbuild leaves out what is not used of them.
	mainFields: ['module', 'main'],
	minifySyntax: true,
	minifyWhitespace: true,
	charset: 'ascii',
	sourcemap: false,
	legalComments: 'eof',
	metafile: true,
	write: false,
	logLevel: 'warning',
} as const satisfies BuildOptions;

/** Writes a file in one step: somebody may be running it. */
const writeWhole = async (name: string, content: string | Uint8Array, mode = 0o644): Promise<void> => {
	const file = path.join(outputFolder, name);
	const partial = `${file}.${process.pid}.partial`;
	await writeFile(partial, content);
	await chmod(partial, mode);
	await rename(partial, file);
};

const printSizes = ({outputs}: Metafile): void => {
	for (const {bytes, inputs} of Object.values(outputs)) {
		const sizes = new Map<string, number>();
		for (const [file, {bytesInOutput}] of Object.entries(inputs)) {
			const name = /node_modules\/(?<name>(?:@[^\/]+\/)?[^\/]+)/v.exec(file)?.groups?.name ?? 'source';
			sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
		}

		console.log(`${Math.ceil(bytes / 1024)} KiB in all`);
		for (const [name, size] of [...sizes].toSorted(([, a], [, b]) => b - a)) {
			console.log(`${String(Math.ceil(size / 1024)).padStart(6)} KiB  ${name}`);
		}
	}
};

const hashedName = (name: string, content: Uint8Array): string =>
	`${name}-${createHash('sha256').update(content).digest('hex').slice(0, 16)}.cjs`;

// Taken now: sources that change during the build make it outdated.
const begun = new Date();
/**
Modules of Node that take some milliseconds to load, and that no module of the program needs before it does something: loaded when something of
theirs is first used.
*/
const slowBuiltins = ['child_process', 'crypto', 'dns', 'fs/promises', 'http', 'https', 'net', 'os', 'readline', 'stream/promises', 'timers/promises', 'tls', 'v8', 'worker_threads', 'zlib'];

/** Modules of Node that are there in any case. */
const quickBuiltins = ['fs', 'path'];

/** The names of what a module of Node exports. To read those left out is to be warned. */
const exportsOf = (name: string): string[] =>
	Object.keys(process.getBuiltinModule(name) ?? {}).filter(key => key !== 'default' && !key.endsWith('_OK'));

/** Stands for a value that is looked up when something is asked of it. */
const standIn = `const late = find => new Proxy(function () {}, {
	get: (_, key) => find()[key],
	construct: (_, words) => Reflect.construct(find(), words),
	apply: (_, self, words) => Reflect.apply(find(), self, words),
});
`;

/** A module that is there in any case: all of it got at once but what it loads when that is read. */
const quickModule = (name: string): string => {
	const getters = new Set(exportsOf(name).filter(key => Object.getOwnPropertyDescriptor(process.getBuiltinModule(name), key)?.get !== undefined));
	return `${standIn}const builtin = process.getBuiltinModule(${JSON.stringify(name)});
export default builtin;
export const {${exportsOf(name).filter(key => !getters.has(key)).join(', ')}} = builtin;
${[...getters].map(key => `export const ${key} = /* @__PURE__ */ late(() => builtin.${key});`).join('\n')}`;
};

/** For `import`: functions that load the module when they are called, and classes and objects that do so when something is asked of them. */
const lateModule = (name: string): string => {
	const exported = process.getBuiltinModule(name) as unknown as Record<string, unknown>;
	const exportText = (key: string): string => typeof exported[key] === 'function' && !/^[A-Z]/v.test(key)
		? `export const ${key} = (...words) => load().${key}(...words);`
		: `export const ${key} = /* @__PURE__ */ late(() => load().${key});`;
	return `${standIn}const load = () => process.getBuiltinModule(${JSON.stringify(name)});
export default /* @__PURE__ */ late(load);
${exportsOf(name).map(key => exportText(key)).join('\n')}`;
};

/** For `require`: getters that load the module; what inherits from it may have properties of its own in their place (docker-modem does that). */
const lateExports = (keys: readonly string[], load: string): string =>
	`const own = key => function (value) { Object.defineProperty(this, key, {value, writable: true, enumerable: true, configurable: true}); };
for (const key of ${JSON.stringify(keys)}) Object.defineProperty(exports, key, {enumerable: true, configurable: true, get: () => ${load}[key], set: own(key)});`;

/**
Besides what it saves in loading, esbuild would copy every export of a module of Node for each module that imports one of them.
*/
const loadLate: Plugin = {
	name: 'load-late',
	setup({onResolve, onLoad}) {
		/* eslint-disable require-unicode-regexp -- Regular expressions of Go, which know no flag `v`. */
		onResolve({filter: new RegExp(`^(?:node:)?(?:${slowBuiltins.join('|')})$`)}, ({path: name, kind}) =>
			({path: name.replace('node:', ''), namespace: kind === 'require-call' ? 'late-require' : 'late-import', sideEffects: false}));
		onResolve({filter: new RegExp(`^node:(?:${quickBuiltins.join('|')})$`)}, ({path: name, kind}) =>
			kind === 'require-call' ? undefined : {path: name.replace('node:', ''), namespace: 'quick-import', sideEffects: false});
		onLoad({filter: /./, namespace: 'late-import'}, ({path: name}) => ({contents: lateModule(name)}));
		onLoad({filter: /./, namespace: 'quick-import'}, ({path: name}) => ({contents: quickModule(name)}));
		onLoad({filter: /./, namespace: 'late-require'}, ({path: name}) => ({contents: lateExports(exportsOf(name), `process.getBuiltinModule(${JSON.stringify(name)})`)}));

		// Its pattern of emoji takes Node half as long to make as a command takes to start, and few texts need it.
		onResolve({filter: /^string-width$/}, ({path: name, kind}) => kind === 'require-call' ? undefined : {path: name, namespace: 'late-default', sideEffects: false});
		onLoad({filter: /./, namespace: 'late-default'}, ({path: name}) =>
			({resolveDir: root, contents: `export default (...words) => require(${JSON.stringify(name)}).default(...words);`}));

		// What `pg` needs for passwords only.
		onResolve({filter: /^\.(?:\/crypto)?\/utils$/}, ({path: name, resolveDir}) => {
			const file = path.join(resolveDir, `${name}.js`);
			return file.endsWith('/pg/lib/crypto/utils.js') ? {path: file, namespace: 'late-file'} : undefined;
		});
		onLoad({filter: /./, namespace: 'late-file'}, ({path: file}) =>
			({resolveDir: path.dirname(file), contents: lateExports(Object.keys(createRequire(import.meta.filename)(file) as object), `require(${JSON.stringify(file)})`)}));
		/* eslint-enable require-unicode-regexp */
	},
};

/**
What dockerode loads for builds with sessions and for an ssh of its own, neither of which the program uses: larger than all the rest, and slow
to start.
*/
const unused = ['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'ssh2'];
const leaveOut: Plugin = {
	name: 'leave-out',
	setup({onResolve, onLoad}) {
		// eslint-disable-next-line require-unicode-regexp -- As above.
		onResolve({filter: new RegExp(`^(?:${unused.join('|')})$`)}, ({path: name}) => ({path: name, namespace: 'unused'}));
		// eslint-disable-next-line require-unicode-regexp -- As above.
		onLoad({filter: /./, namespace: 'unused'}, () => ({contents: 'module.exports = {};'}));

		// It prints every request for its debugging, whether that is on or not, which takes longer than all else of a request.
		// eslint-disable-next-line require-unicode-regexp -- As above.
		onResolve({filter: /^util$/}, ({path: name, importer}) => importer.endsWith('/docker-modem/lib/modem.js') ? {path: name, namespace: 'quiet'} : undefined);
		// eslint-disable-next-line require-unicode-regexp -- As above.
		onLoad({filter: /./, namespace: 'quiet'}, () => ({contents: 'exports.inspect = () => \'\';'}));
	},
};

/** A program in one file, as `launch.ts` runs it: a function of what a CommonJS module knows. */
const runnable = {
	...common,
	format: 'cjs',
	banner: {js: '(function (exports, require, module, __filename, __dirname, importModule) {'},
	footer: {js: '})'},
	// `import()` becomes `require()`, which finds the file beside the program.
	supported: {'dynamic-import': false},
	define: {coppiceVersion: JSON.stringify(version), 'import.meta.dirname': '__dirname'},
	// Optional native parts of libraries, used by them only where they are installed.
	external: ['pg-native', 'cpu-features', '*.node'],
} as const satisfies BuildOptions;

/** Packages in files of their own, and what is used of each: large, loaded by `import()`, and not needed by every verb. */
const apart: Readonly<Record<string, string>> = {
	'mysql2/promise': 'require(\'mysql2/promise\')',
	execa: 'require(\'execa\')',
	conf: 'require(\'conf\').default',
	dockerode: 'require(\'dockerode\')',
	zod: 'require(\'zod\')',
	'vscode-jsonrpc/node': 'require(\'vscode-jsonrpc/node\')',
};
type ApartFile = {readonly file: string; readonly content: Uint8Array};

const apartFiles = new Map(await Promise.all(Object.entries(apart).map(async ([name, value]): Promise<[string, ApartFile]> => {
	const {outputFiles} = await build({...runnable, stdin: {contents: `module.exports = ${value};`, resolveDir: root}, plugins: [loadLate, leaveOut]});
	const content = outputFiles[0]!.contents;
	return [name, {file: hashedName(name.split('/', 1)[0]!, content), content}];
})));
const keepApart: Plugin = {
	name: 'keep-apart',
	setup({onResolve}) {
		// eslint-disable-next-line require-unicode-regexp -- A regular expression of Go, which knows no flag `v`.
		onResolve({filter: new RegExp(`^(?:${Object.keys(apart).join('|')})$`)}, ({path: name}) => ({path: `./${apartFiles.get(name)!.file}`, external: true}));
	},
};

/** The terminal UI, imported when it is opened. */
const tuiFiles = await bundleTui({
	entry: 'source/tui/main.ts', name: 'tui', common, plugins: [leaveOut], version,
});
const tuiFile = tuiFiles[0]!.file;

const built = await build({
	...runnable,
	entryPoints: {program: 'source/cli/main.ts'},
	define: {...runnable.define, tuiFile: JSON.stringify(tuiFile)},
	plugins: [keepApart, loadLate, leaveOut],
	logOverride: {'empty-import-meta': 'error'},
});
const program = built.outputFiles[0]!.contents;
const programFile = hashedName('program', program);
const launcher = await build({
	...common, entryPoints: {coppice: 'source/cli/launch.ts'}, format: 'cjs', define: {programFile: JSON.stringify(programFile), 'import.meta.dirname': '__dirname'},
});

await mkdir(outputFolder, {recursive: true});
for (const {file, content} of [...apartFiles.values(), ...tuiFiles]) {
	await writeWhole(file, content);
}

await writeWhole(programFile, program);

// CommonJS takes Node less time to start with than ES modules.
await writeWhole('package.json', `${JSON.stringify({type: 'commonjs'})}\n`);
await writeWhole('coppice.js', `#!/usr/bin/env -S node ${nodeFlags.join(' ')}\n${launcher.outputFiles[0]!.text}`, 0o755);
await writeWhole('built-at', `${begun.toISOString()}\n`);
if (!keepOld) {
	const kept = new Set(['coppice.js', 'package.json', 'built-at', programFile, ...Array.from(apartFiles.values(), ({file}) => file), ...tuiFiles.map(({file}) => file)]);
	for (const name of await readdir(outputFolder)) {
		if (!kept.has(name)) {
			await rm(path.join(outputFolder, name), {recursive: true, force: true});
		}
	}
}

if (verbose) {
	printSizes(built.metafile);
}
