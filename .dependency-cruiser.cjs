/**
The layers of `docs/design.md` as rules: an import goes down the list, never up, never in a circle.
Type-only imports count too: a type that points upwards is a layer that knows too much.
*/

/** From top to bottom. The folders of one layer may import each other. */
const layers = [
	['cli', 'tui'],
	['actions'],
	['stack', 'runtime', 'database', 'history', 'transfer', 'host'],
	['storage', 'stream'],
	['system'],
];

const folders = names => `^source/(${names.join('|')})/`;

const upward = layers.slice(1).map((names, index) => ({
	name: `no-import-up-from-${names.at(0)}`,
	comment: `${names.join(', ')} must not know what is above: ${layers.slice(0, index + 1).flat().join(', ')}.`,
	severity: 'error',
	from: {path: folders(names)},
	to: {path: folders(layers.slice(0, index + 1).flat())},
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
	forbidden: [
		...upward,
		{
			name: 'no-face-around-actions',
			comment: 'The faces parse, ask and draw; storage and streams are reached through actions.',
			severity: 'error',
			from: {path: folders(['cli', 'tui'])},
			to: {path: folders(['storage', 'stream'])},
		},
		{
			name: 'no-face-in-the-other',
			comment: 'The CLI opens the TUI lazily; the TUI knows nothing of the CLI.',
			severity: 'error',
			from: {path: folders(['tui'])},
			to: {path: folders(['cli'])},
		},
		{
			name: 'no-circle',
			comment: 'Two modules that need each other are one module, or hide a third.',
			severity: 'error',
			from: {},
			to: {circular: true},
		},
		{
			name: 'no-folder-outside-the-layers',
			comment: 'Every source file belongs to a layer.',
			severity: 'error',
			from: {},
			to: {path: '^source/', pathNot: folders(layers.flat())},
		},
		{
			name: 'no-import-from-outside-source',
			comment: 'What is shipped imports no test, benchmark or script.',
			severity: 'error',
			from: {path: '^source/'},
			to: {path: '^(test|bench|scripts|fixtures|dist)/'},
		},
		{
			name: 'no-development-package',
			comment: 'What is shipped imports only packages that are installed with it.',
			severity: 'error',
			from: {path: '^source/'},
			to: {dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'npm-optional', 'type-only']},
		},
		{
			name: 'no-unlisted-package',
			comment: 'A package that package.json does not name is there by accident.',
			severity: 'error',
			from: {},
			to: {dependencyTypes: ['npm-no-pkg', 'npm-unknown']},
		},
		{
			name: 'no-missing-module',
			comment: 'An import that resolves to nothing.',
			severity: 'error',
			from: {},
			to: {couldNotResolve: true},
		},
	],
	options: {
		doNotFollow: {path: 'node_modules'},
		tsPreCompilationDeps: true,
		enhancedResolveOptions: {
			exportsFields: ['exports'],
			conditionNames: ['import', 'node', 'default', 'types'],
			extensions: ['.ts', '.tsx', '.js', '.json'],
		},
	},
};
