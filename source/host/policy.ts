/**
What the owner of this host lets other hosts do with its stacks: `policy.yaml` in the home's config folder (`docs/policy.md`). Nothing here does I/O.

What no rule allows is refused, and a rule more never allows less. Only `protected` and `read-only` take away, and only pushing.
*/
import {parse} from 'yaml';
import {z} from 'zod';
import {CoppiceError} from '../system/errors.ts';
import {isName} from '../system/names.ts';

/**
- `read`: see the stack, its branches and their commits;
- `pull`: their data too;
- `push`: move a branch, or make one.

Who may pull or push may read.
*/
export type Action = 'read' | 'pull' | 'push';

const actions = ['read', 'pull', 'push'] as const satisfies readonly Action[];

/** A name in which `*` stands for any characters, or none. */
const pattern = z.string().regex(/^[\w*\-.\/]{1,128}$/v, {message: 'must be a name, in which `*` stands for any characters'});

const ruleSchema = z.strictObject({
	stacks: z.array(pattern).min(1),

	/** All where nothing is said. */
	branches: z.array(pattern).min(1).optional(),
	allow: z.array(z.enum(actions)).min(1),

	/** Whether values of the environment go along with the definition. */
	secrets: z.boolean().optional(),
});

const policySchema = z.strictObject({
	/** Nobody pushes, unless a rule says so. */
	production: z.boolean().optional(),

	/** Nobody pushes, whatever the rules say. */
	'read-only': z.boolean().optional(),

	/** Branches that nobody pushes to, whatever the rules say. */
	protected: z.array(pattern).optional(),

	/** For those who come without a role: who has a shell here. */
	rules: z.array(ruleSchema).optional(),

	/** By the name that `coppice serve --policy NAME` gives. */
	roles: z.record(z.string().refine(name => isName('service', name), {message: 'is not the name of a role'}), z.array(ruleSchema)).optional(),
});

export type Rule = z.infer<typeof ruleSchema>;

export type Policy = {
	readonly production: boolean;
	readonly readOnly: boolean;
	readonly protectedBranches: readonly string[];

	/** Absent where nothing limits those who come without a role. */
	readonly rules?: readonly Rule[];
	readonly roles: ReadonlyMap<string, readonly Rule[]>;
};

/** That of a host without a policy file: who has a shell may do everything, a role is known to nobody. */
export const noPolicy: Policy = {
	production: false, readOnly: false, protectedBranches: [], roles: new Map(),
};

/**
Reads the text of a policy.

@throws CoppiceError `precondition` saying what is wrong in it. Nothing may be allowed then.
*/
export const parsePolicy = (text: string, file: string): Policy => {
	const refuse = (problem: string, cause?: unknown): CoppiceError => new CoppiceError('precondition', `The policy of this host in ${file} can't be used, so everything is refused: ${problem}`, {
		file, hint: 'Its owner has to correct it: `docs/policy.md` says what it may hold.', cause,
	});
	let value: unknown;
	try {
		value = parse(text, {maxAliasCount: 0}) as unknown;
	} catch (error) {
		throw refuse(error instanceof Error ? error.message.split('\n', 1)[0]! : String(error), error);
	}

	const read = policySchema.safeParse(value);
	if (!read.success) {
		const [issue] = read.error.issues;
		const place = issue?.path.join('.') ?? '';
		throw refuse(`${place === '' ? 'it' : `\`${place}\``}: ${issue?.message ?? 'is not right'}`);
	}

	const {
		production = false, 'read-only': readOnly = false, protected: protectedBranches = [], rules, roles = {},
	} = read.data;
	return {
		production, readOnly, protectedBranches, ...(rules !== undefined && {rules}), roles: new Map(Object.entries(roles)),
	};
};

/**
Whether a name fits a pattern. In step with both, without going back more than once for each `*`: no pattern takes long.
*/
export const matches = (text: string, glob: string): boolean => {
	const [first = '', ...rest] = glob.split('*');
	if (rest.length === 0) {
		return text === first;
	}

	const last = rest.pop()!;
	if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) {
		return false;
	}

	const end = text.length - last.length;
	let at = first.length;
	for (const part of rest) {
		const found = text.indexOf(part, at);
		if (found === -1 || found + part.length > end) {
			return false;
		}

		at = found + part.length;
	}

	return true;
};

const matchesAny = (text: string, globs: readonly string[]): boolean => globs.some(glob => matches(text, glob));

/**
The rules of a caller. A role that the policy does not know has none.
*/
const rulesOf = (policy: Policy, role: string | undefined): readonly Rule[] => {
	const usual: Rule = {stacks: ['*'], allow: policy.production ? ['read', 'pull'] : ['read', 'pull', 'push'], secrets: true};
	return role === undefined ? policy.rules ?? [usual] : policy.roles.get(role) ?? [];
};

const allows = ({allow}: Rule, action: Action): boolean => action === 'read' || allow.includes(action);

export type Question = {
	/** None for who comes without `--policy`. */
	readonly role?: string | undefined;
	readonly action: Action;
	readonly stack: string;

	/** Without one: whether it is so of any branch at all. */
	readonly branch?: string | undefined;
};

/**
Whether the policy lets somebody do something.
*/
export const decide = (policy: Policy, {role, action, stack, branch}: Question): boolean => {
	if (action === 'push' && (policy.readOnly || (branch !== undefined && matchesAny(branch, policy.protectedBranches)))) {
		return false;
	}

	return rulesOf(policy, role).some(rule => allows(rule, action) && matchesAny(stack, rule.stacks)
		&& (branch === undefined || rule.branches === undefined || matchesAny(branch, rule.branches)));
};

/**
Whether values of the environment may go along with the definition of a stack, to who may pull from it.
*/
export const decideSecrets = (policy: Policy, {role, stack}: Pick<Question, 'role' | 'stack'>): boolean =>
	rulesOf(policy, role).some(rule => rule.secrets === true && allows(rule, 'pull') && matchesAny(stack, rule.stacks));

/**
Whether nothing at all is kept from a caller but pushing: neither stacks nor branches nor values.
*/
export const seesEverything = (policy: Policy, role: string | undefined): boolean =>
	role === undefined && policy.rules === undefined;
