/**
Where a pool needs root and the user there is not root: the rule that would let the engine run as root. It is shown, never installed.
*/
import type {HostRecord} from './host.ts';

/** Whether sudo has refused for want of a rule. */
export const needsRule = (stderr: string): boolean => /^sudo: |is not allowed to (?:run|execute)|not in the sudoers file/mv.test(stderr);

/** Characters that mean something to sudoers(5) in a path. */
const escapePath = (file: string): string => file.replaceAll(/[\s!#*,:=?\[\\\]]/gv, String.raw`\$&`);

/**
The line for a file in `/etc/sudoers.d`. Who can replace the engine, as this user can, is as good as root with it.
*/
export const sudoRule = ({address, engine = 'coppice'}: Pick<HostRecord, 'address' | 'engine'>, user = address.includes('@') ? address.slice(0, address.lastIndexOf('@')) : 'USER'): string =>
	`${user} ALL=(root) NOPASSWD: ${escapePath(engine)}`;
