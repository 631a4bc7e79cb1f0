/**
What a caller may do here, by the owner's policy. Asked before anything is looked up, so that what a caller may not see can't be told from what is
not there: neither by the words nor by the time it takes.
*/
import path from 'node:path';
import {readIfThere} from '../../system/durable-file.ts';
import {CoppiceError} from '../../system/errors.ts';
import type {Home} from '../../host/home.ts';
import {
	decide,
	decideSecrets,
	noPolicy,
	parsePolicy,
	seesEverything,
	type Action,
} from '../../host/policy.ts';

export type Access = {
	/** As `coppice serve --policy` gives it. */
	readonly role?: string;
	readonly production: boolean;

	/** Whether some stacks, branches or commits are to be kept from the caller. */
	readonly isLimited: boolean;

	/** Without a branch: whether it may for any branch at all. */
	readonly may: (action: Action, stack: string, branch?: string) => boolean;

	/** Whether it is given values of the environment. */
	readonly maySeeSecrets: (stack: string) => boolean;
};

export const policyFile = (home: Home): string => path.join(home.config, 'policy.yaml');

export const stackNotFound = (stack: string): CoppiceError => new CoppiceError('not-found', `There is no stack ${stack} on this host.`, {
	stack, hint: '`coppice host ls` lists the stacks of every host that may be seen from here.',
});

const readText = async (file: string): Promise<string | undefined> => {
	try {
		return await readIfThere(file);
	} catch (error) {
		throw new CoppiceError('precondition', `The policy of this host in ${file} can't be read, so everything is refused.`, {
			file, hint: 'Its owner has to make it readable for the user that the engine runs as.', cause: error,
		});
	}
};

/**
Reads the policy of this host for a caller.

@param role - Of a key that is limited to one. Where there is no policy it has no rights.
@throws CoppiceError `precondition` where the policy can't be used; `permission` for a role that it does not know. Everything is refused then.
*/
export const openAccess = async (home: Home, role?: string): Promise<Access> => {
	const file = policyFile(home);
	const text = await readText(file);
	const policy = text === undefined ? noPolicy : parsePolicy(text, file);
	if (role !== undefined && !policy.roles.has(role)) {
		throw new CoppiceError('permission', `The policy of this host has no role ${JSON.stringify(role)}, so everything is refused.`, {
			file, hint: text === undefined ? 'There is no policy yet: its owner has to write it; `docs/policy.md` says how.' : 'Its owner has to add the role to it, or to correct `--policy` in authorized_keys.',
		});
	}

	return {
		...(role !== undefined && {role}),
		production: policy.production,
		isLimited: !seesEverything(policy, role),
		may: (action, stack, branch) => decide(policy, {
			role, action, stack, branch,
		}),
		maySeeSecrets: stack => decideSecrets(policy, {role, stack}),
	};
};

/**
@throws CoppiceError `not-found` where the caller may not even see the stack, exactly as where it is not there.
*/
export const requireRead = (access: Access, stack: string): void => {
	if (!access.may('read', stack)) {
		throw stackNotFound(stack);
	}
};

/**
@throws CoppiceError `not-found` where the caller may not see the stack; `permission` where it may not push to the branch, whether that is there or not.
*/
export const requirePush = (access: Access, stack: string, branch: string): void => {
	requireRead(access, stack);
	if (!access.may('push', stack, branch)) {
		throw new CoppiceError('permission', `The policy of this host does not let ${access.role === undefined ? 'anybody' : `the role ${access.role}`} push to branch ${branch} of stack ${stack}.`, {
			stack, hint: 'Push to another branch, or ask the owner of the host: the policy is in policy.yaml there.',
		});
	}
};

/**
@throws CoppiceError `not-found` where the caller may not see the stack; `permission` where it may pull none of it, or not this branch.
*/
export const requirePull = (access: Access, stack: string, branch?: string): void => {
	requireRead(access, stack);
	if (!access.may('pull', stack, branch)) {
		throw new CoppiceError('permission', `The policy of this host does not let ${access.role === undefined ? 'anybody' : `the role ${access.role}`} pull ${branch === undefined ? '' : `branch ${branch} of `}stack ${stack}.`, {
			stack, hint: 'Ask the owner of the host: the policy is in policy.yaml there.',
		});
	}
};
