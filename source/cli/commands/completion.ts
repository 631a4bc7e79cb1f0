/**
`coppice completion`.
*/
import type {CommandDescription} from '../verb.ts';

export const completion: CommandDescription = {
	name: 'completion',
	group: 'Help',
	summary: 'Print the completion script of a shell.',
	examples: [
		{line: 'source <(coppice completion bash)', meaning: 'in ~/.bashrc'},
		{line: 'source <(coppice completion zsh)', meaning: 'in ~/.zshrc, after compinit'},
		{line: 'coppice completion fish | source', meaning: 'in ~/.config/fish/config.fish'},
	],
	arguments: [{syntax: '<shell>', description: 'the shell', choices: ['bash', 'zsh', 'fish']}],
	needs: 'this machine',
	load: async () => import('../handlers/completion.ts'),
};
