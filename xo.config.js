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
			'unicorn/single-line-block-comment-style': 'off',
			// A plan is a list of steps; a stack is a map of services: names as in the field.
			'unicorn/prevent-abbreviations': 'off',
			'unicorn/name-replacements': 'off',
			// Environment variables and keys of other programs keep their names.
			'@typescript-eslint/naming-convention': 'off',
		},
	},
];

export default config;
