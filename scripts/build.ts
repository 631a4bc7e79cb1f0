/**
Builds the program into `dist`: `coppice.js`, what is run, and `program-HASH.cjs`, all of it in one file, which `coppice.js` runs from compiled
code (see `source/cli/launch.ts`). What a verb does not need is in that file too, but is neither compiled nor run before it is asked for.

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
import path from 'node:path';
import process from 'node:process';
import {parseArgs} from 'node:util';
import {build, type BuildOptions, type Metafile} from 'esbuild';

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

// Taken now: sources that change during the build make it outdated.
const begun = new Date();
const built = await build({
	...common,
	entryPoints: {program: 'source/cli/main.ts'},
	format: 'cjs',
	define: {coppiceVersion: JSON.stringify(version), 'import.meta.dirname': '__dirname'},
	logOverride: {'empty-import-meta': 'error'},
	// Optional native parts of libraries, used by them only where they are installed.
	external: ['pg-native', 'cpu-features', '*.node'],
});
const program = built.outputFiles[0]!.contents;
const programFile = `program-${createHash('sha256').update(program).digest('hex').slice(0, 16)}.cjs`;
const launcher = await build({
	...common, entryPoints: {coppice: 'source/cli/launch.ts'}, format: 'esm', define: {programFile: JSON.stringify(programFile)},
});

await mkdir(outputFolder, {recursive: true});
await writeWhole(programFile, program);
await writeWhole('coppice.js', `#!/usr/bin/env node\n${launcher.outputFiles[0]!.text}`, 0o755);
await writeWhole('built-at', `${begun.toISOString()}\n`);
if (!keepOld) {
	for (const name of await readdir(outputFolder)) {
		if (!['coppice.js', 'built-at', programFile].includes(name)) {
			await rm(path.join(outputFolder, name), {recursive: true, force: true});
		}
	}
}

if (verbose) {
	printSizes(built.metafile);
}
