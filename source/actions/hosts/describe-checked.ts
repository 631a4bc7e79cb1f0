/**
What a check of a host has found, in words for people.
*/
import type {CheckedHost} from './check-hosts.ts';

/** Clocks that differ by less are of no importance to anybody. */
const tolerated = 2000;

const describeSkew = (skew: number): string => `its clock is ${(Math.abs(skew) / 1000).toFixed(1)} s ${skew > 0 ? 'ahead' : 'behind'}`;

const describeVersion = (version: string, ownVersion: string): string => version === ownVersion ? `Coppice ${version}` : `Coppice ${version} (here ${ownVersion})`;

/** Marked so when it was added, or by its owner. */
export const isProductionHost = ({record, hello}: Pick<CheckedHost, 'record' | 'hello'>): boolean => record.production === true || hello?.production === true;

/** What is known of one that has answered: how far away it is, its engine, its pool, and as whom one is there. */
export const describeChecked = ({hello, latency = 0, ownVersion}: CheckedHost): readonly string[] => {
	if (hello === undefined) {
		return [];
	}

	const {user, root, role, pool, driver} = hello;
	const account = root === true ? 'root' : user ?? '';
	return [
		`${latency.toFixed(latency < 10 ? 1 : 0)} ms`,
		describeVersion(hello.version, ownVersion),
		pool === null ? 'no pool yet' : driver ?? '',
		role === null ? account : `role ${role}`,
	].filter(fact => fact !== '');
};

/** What to do about it. */
export const checkHints = ({failure, skew = 0, sudoRule, record}: CheckedHost): readonly string[] => [
	...failure?.hint === undefined ? [] : [failure.hint],
	...Math.abs(skew) > tolerated ? [`${describeSkew(skew)}: times in the log will not agree. Let it keep time (NTP).`] : [],
	...sudoRule === undefined ? [] : [`its pool is root's. With \`visudo -f /etc/sudoers.d/coppice\` there and this line, and \`coppice host add ${record.name} …\` again, the engine may use it: ${sudoRule}`],
];
