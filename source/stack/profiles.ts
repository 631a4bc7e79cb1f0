/**
Which services of a stack are switched on by its profiles. No I/O here.
*/
import type {Stack} from './stack.ts';

/**
Names of services that `up` starts, by compose's rules: those without a profile, those with an active one, and those named; what
any of them needs only has to be there, as in compose.
*/
export const enabledServices = (stack: Stack, named: readonly string[] = []): readonly string[] => {
	const active = new Set(stack.activeProfiles);
	return Object.values(stack.services)
		.filter(({name, profiles}) => profiles.length === 0 || active.has('*') || named.includes(name) || profiles.some(profile => active.has(profile)))
		.map(({name}) => name);
};
