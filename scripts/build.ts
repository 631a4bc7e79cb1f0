/**
Builds `dist/coppice.js` and its chunks: one bundle a verb, loaded when it is needed, so that each command starts with little.

`node scripts/build.ts [--verbose]`. `--keep-old` leaves the chunks of earlier builds, for programs that run while it is built anew.
*/
import {
	chmod,
	mkdir,
	readdir,
	readFile,
	rename,
	rm,
	stat,
	writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {parseArgs} from 'node:util';
import {build} from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');
const outputFolder = path.join(root, 'dist');
const {values: {verbose, 'keep-old': keepOld}} = parseArgs({
	options: {verbose: {type: 'boolean', default: false}, 'keep-old': {type: 'boolean', default: false}},
});

const {version} = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {version: string};

// Taken now: sources that change during the build make it outdated.
const begun = new Date();
const {outputFiles, metafile} = await build({
	absWorkingDir: root,
	entryPoints: {coppice: 'source/cli/main.ts'},
	outdir: outputFolder,
	chunkNames: 'chunks/[name]-[hash]',
	bundle: true,
	splitting: true,
	format: 'esm',
	platform: 'node',
	target: 'node24',
	mainFields: ['module', 'main'],
	minifySyntax: true,
	minifyWhitespace: true,
	keepNames: false,
	sourcemap: false,
	legalComments: 'eof',
	metafile: true,
	write: false,
	logLevel: 'warning',
	define: {coppiceVersion: JSON.stringify(version)},
	// Optional native parts of libraries, used by them only where they are installed.
	external: ['pg-native', 'cpu-features', '*.node'],
	banner: {
		// CommonJS packages call `require` for modules of Node.
		js: 'import {createRequire as createRequireForBundle} from \'node:module\';const require=createRequireForBundle(import.meta.url);',
	},
});

// Chunks first, their names tell their content; then the entry, which names them, in one step.
const isEntry = (file: string): boolean => path.relative(outputFolder, file) === 'coppice.js';
await mkdir(path.join(outputFolder, 'chunks'), {recursive: true});
for (const file of outputFiles.toSorted((a, b) => Number(isEntry(a.path)) - Number(isEntry(b.path)))) {
	const partial = `${file.path}.${process.pid}.partial`;
	await writeFile(partial, isEntry(file.path) ? `#!/usr/bin/env node\n${file.text}` : file.contents);
	if (isEntry(file.path)) {
		await chmod(partial, 0o755);
	}

	await rename(partial, file.path);
}

await writeFile(path.join(outputFolder, 'built-at'), `${begun.toISOString()}\n`);

if (!keepOld) {
	const wanted = new Set(outputFiles.map(file => file.path));
	for (const name of await readdir(path.join(outputFolder, 'chunks'))) {
		const file = path.join(outputFolder, 'chunks', name);
		if (!wanted.has(file)) {
			await rm(file, {force: true});
		}
	}
}

if (verbose) {
	const outputs = Object.entries(metafile.outputs).toSorted(([, a], [, b]) => b.bytes - a.bytes);
	for (const [file, {bytes, inputs}] of outputs) {
		const [largest = ['', {bytesInOutput: 0}]] = Object.entries(inputs).toSorted(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput);
		console.log(`${String(Math.ceil(bytes / 1024)).padStart(6)} KiB  ${file}  (mostly ${largest[0]})`);
	}

	const {size} = await stat(path.join(outputFolder, 'coppice.js'));
	console.log(`${outputs.length} files, entry ${size} bytes`);
}
