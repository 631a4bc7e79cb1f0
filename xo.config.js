import process from 'node:process';
import typescript from 'typescript-eslint';

/** Rules that ask for types take longer than all others: `npm run lint` has them everywhere, `npm test` in the product alone. */
const untyped = {
	languageOptions: {parserOptions: {projectService: false}},
	// What is disabled somewhere may be a rule that asks for types.
	linterOptions: {reportUnusedDisableDirectives: 'off'},
	rules: {
		...typescript.configs.disableTypeChecked.rules,
		// These guess at what only a type would tell, where a promise or a map is none.
		'unicorn/no-return-array-push': 'off',
		'unicorn/no-computed-property-existence-check': 'off',
		'unicorn/prefer-single-call': 'off',
		'unicorn/no-useless-spread': 'off',
	},
};

/** @type {import('xo').FlatXoConfig} */
const config = [
	{
		ignores: ['dist', 'fixtures', 'templates'],
	},
	{
		rules: {
			// One long line for a long sentence reads better than a broken string.
			'@stylistic/max-len': ['error', {
				code: 160, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true, ignoreUrls: true,
			}],
			// Steps of a verb run in order on purpose.
			'no-await-in-loop': 'off',
			// Types say what parameters are; a docstring says what they mean where that is not plain.
			'jsdoc/require-param': 'off',
			'jsdoc/require-description': 'off',
			'jsdoc/require-returns': 'off',
			'jsdoc/require-throws': 'off',
			// A parameter whose name says it all needs no sentence; one that is documented must be there.
			'jsdoc/check-param-names': ['error', {disableMissingParamChecks: true}],
			'unicorn/single-line-block-comment-style': 'off',
			// A plan is a list of steps; a stack is a map of services: names as in the field.
			'unicorn/prevent-abbreviations': 'off',
			'unicorn/name-replacements': 'off',
			// Options are named as their flags are (`create`, `verbose`), and facts as one says them (`reachable`).
			'unicorn/consistent-boolean-name': 'off',
			// Walking a tree of processes or a stream's records has loops in loops; their `break` is plain enough.
			'unicorn/no-break-in-nested-loop': 'off',
			// File modes, checksums and binary formats are made of bits.
			'no-bitwise': 'off',
			// Contract suites and fixtures stand beside the tests; only `*.test.ts` is run.
			'node-test/no-import-test-files': 'off',
			// A part that has nothing to do is an empty function.
			'@typescript-eslint/no-empty-function': 'off',
			// Environment variables and keys of other programs keep their names.
			'@typescript-eslint/naming-convention': 'off',
			// `null` is the JSON value of "there is none": a branch without a commit yet.
			'unicorn/no-null': 'off',
			// A switch with a default says what happens to the rest.
			'@typescript-eslint/switch-exhaustiveness-check': ['error', {considerDefaultExhaustiveForUnions: true}],
			// What a layer below has thrown is thrown on as it is.
			'@typescript-eslint/only-throw-error': 'off',
			'@typescript-eslint/no-restricted-types': 'off',
		},
	},
	{
		files: ['test/**/*.ts', 'bench/**/*.ts'],
		rules: {
			// What a test looks at is often one part of one answer.
			'unicorn/no-await-expression-member': 'off',
			'unicorn/max-nested-calls': 'off',
		},
	},
	...(process.env.COPPICE_LINT === 'untyped' ? [{files: ['test/**/*.ts', 'bench/**/*.ts'], ...untyped}] : []),
	{
		files: ['source/tui/components/**/*.ts'],
		rules: {
			// What is drawn is made of parts in parts, as markup is.
			'unicorn/max-nested-calls': 'off',
		},
	},
	{
		files: ['package.json'],
		rules: {
			// Pre-releases, the Node that runs everything and what its successors' dependencies break stay exactly what was tested.
			'package-json/dependency-version-range': 'off',
		},
	},
];

export default config;
