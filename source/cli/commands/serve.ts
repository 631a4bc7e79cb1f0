/**
`coppice serve`: what runs on a host for another one.
*/
import type {CommandDescription, OptionDescription} from '../verb.ts';

/** Those of `send` and `receive` too. */
export const agentOptions: readonly OptionDescription[] = [
	{flags: '--pool <folder>', description: 'only this pool, instead of all of this host', completes: 'folders'},
	{flags: '--policy <role>', description: 'with no more rights than this role of policy.yaml has'},
];

export const serve: CommandDescription = {
	name: 'serve',
	group: 'Plumbing',
	hidden: true,
	summary: 'Answer another host, on the standard input and output.',
	details: 'Started through ssh by `coppice` on another host. As a forced command in authorized_keys, `--policy` limits a key to a role: see docs/policy.md.',
	examples: [
		{line: 'ssh staging coppice serve', meaning: 'started by coppice fetch, pull, push and clone'},
		{line: 'command="coppice serve --policy laptop",restrict ssh-ed25519 …', meaning: 'in authorized_keys: this key has the rights of the role laptop, and no other'},
	],
	options: agentOptions,
	needs: 'this machine',
	load: async () => import('../handlers/serve.ts'),
};
