/**
Bundles the terminal UI: ES modules, since the layout engine that it is drawn with waits for its WebAssembly while it is loaded. What is not needed
for the first picture is in files of its own.
*/
import path from 'node:path';
import {build, type BuildOptions, type Plugin} from 'esbuild';

/** What ink has for debugging, which is not shipped. */
const leaveOutDevtools: Plugin = {
	name: 'leave-out-devtools',
	setup({onResolve, onLoad}) {
		/* eslint-disable require-unicode-regexp -- Regular expressions of Go, which know no flag `v`. */
		onResolve({filter: /^react-devtools-core$/}, ({path: name}) => ({path: name, namespace: 'devtools'}));
		onLoad({filter: /./, namespace: 'devtools'}, () => ({contents: 'export default {};'}));
		/* eslint-enable require-unicode-regexp */
	},
};

/** A cache of which the part that was not asked for lately goes. */
const twoGenerations = `const remember = (most, find) => {
	let recent = new Map();
	let older = new Map();
	return text => {
		let found = recent.get(text);
		if (found === undefined) {
			found = older.get(text) ?? find(text);
			if (recent.size >= most) {
				older = recent;
				recent = new Map();
			}
			recent.set(text, found);
		}
		return found;
	};
};`;

/**
Ink works out the width and the styles of every line of every frame anew, though most lines are those of the frame before: half of the time of a
frame. Here the answers are kept, as long as there are not too many.
*/
const remembered: Readonly<Record<string, (original: string) => string>> = {
	'string-width': original => `import width from ${original};
${twoGenerations}
const known = remember(4096, text => width(text));
export default (text, options) => options === undefined ? known(text) : width(text, options);`,
	'@alcalzone/ansi-tokenize': original => `import {tokenize as split, styledCharsFromTokens as style} from ${original};
export * from ${original};
${twoGenerations}
const known = remember(256, text => split(text));
const styled = new WeakMap();
export const tokenize = (text, end) => end === undefined ? known(text) : split(text, end);
export const styledCharsFromTokens = tokens => {
	let found = styled.get(tokens);
	if (found === undefined) {
		found = style(tokens);
		styled.set(tokens, found);
	}
	return found;
};`,
};
const remember: Plugin = {
	name: 'remember',
	setup({onResolve, onLoad, resolve}) {
		/* eslint-disable require-unicode-regexp -- Regular expressions of Go, which know no flag `v`. */
		onResolve({filter: new RegExp(`^(?:${Object.keys(remembered).join('|')})$`)}, async ({path: name, importer, resolveDir, kind, namespace, pluginData}) => {
			if (namespace === 'remember' || pluginData === 'original' || !importer.includes('/node_modules/')) {
				return undefined;
			}

			const found = await resolve(name, {resolveDir, kind, pluginData: 'original'});
			return {path: found.path, namespace: 'remember', pluginData: name};
		});
		onLoad({filter: /./, namespace: 'remember'}, ({path: file, pluginData}) =>
			({resolveDir: path.dirname(file), contents: remembered[pluginData as string]!(JSON.stringify(file))}));
		/* eslint-enable require-unicode-regexp */
	},
};

/** What CommonJS packages expect to be there. */
const commonJsNames = `import {createRequire as createRequireOfBuild} from 'node:module';
import {dirname as folderOfBuild} from 'node:path';
import {fileURLToPath as fileOfBuild} from 'node:url';
const require = createRequireOfBuild(import.meta.url), __filename = fileOfBuild(import.meta.url), __dirname = folderOfBuild(__filename);`;

export type TuiBundle = {
	/** The module to begin with. */
	readonly entry: string;

	/** What the names of its files begin with. */
	readonly name: string;

	/** Options that all of the program is built with; `write: false` among them. */
	readonly common: BuildOptions & {readonly write: false};
	readonly plugins: readonly Plugin[];
	readonly version: string;
};

export type BundledFile = {readonly file: string; readonly content: Uint8Array};

/**
@returns The files, that of the entry first.
*/
export const bundleTui = async ({entry, name, common, plugins, version}: TuiBundle): Promise<readonly BundledFile[]> => {
	const {outputFiles, metafile} = await build({
		...common,
		metafile: true,
		entryPoints: {[name]: entry},
		entryNames: '[name]-[hash]',
		chunkNames: `${name}-[name]-[hash]`,
		outExtension: {'.js': '.mjs'},
		format: 'esm',
		splitting: true,
		plugins: [leaveOutDevtools, ...plugins, remember],
		external: ['pg-native', 'cpu-features', '*.node', 'koffi'],
		define: {
			coppiceVersion: JSON.stringify(version),
			'process.env.NODE_ENV': '"production"',
			// The layout engine would get its WebAssembly out of a URL by it, and loading it takes longer than the rest of the start.
			fetch: 'undefined',
		},
		banner: {js: commonJsNames},
	});
	const first = Object.entries(metafile.outputs).find(([, {entryPoint}]) => entryPoint === entry)![0];
	return outputFiles
		.map(({path: file, contents}) => ({file: path.basename(file), content: contents}))
		.toSorted((a, b) => Number(b.file === path.basename(first)) - Number(a.file === path.basename(first)));
};
