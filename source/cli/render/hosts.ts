/**
Hosts: the list of them, what was done to one, and what a check has found.
*/
import type {AddedHost} from '../../actions/hosts/add-host.ts';
import type {CheckedHost} from '../../actions/hosts/check-hosts.ts';
import type {RemovedHost} from '../../actions/hosts/remove-host.ts';
import type {HostRecord} from '../../host/host.ts';
import type {Style} from '../output/style.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';

const placeOf = ({kind, address, port}: HostRecord): string => kind === 'pool' ? `the pool ${address}` : `${address}${port === undefined ? '' : `:${port}`}`;

const nameOf = ({name, production}: HostRecord, style: Style): string => production === true ? style.red(style.bold(name)) : style.bold(name);

const engineOf = ({kind, engine, installed, sudo}: HostRecord): string => kind === 'pool' ? '' : `${installed === true ? 'own engine' : engine ?? ''}${sudo === true ? ', as root' : ''}`;

export const renderHosts = (hosts: readonly HostRecord[], {style}: View): string => hosts.length === 0
	? 'No hosts yet: `coppice host add NAME USER@HOST` adds one.'
	: renderTable(hosts.map(record => [nameOf(record, style), placeOf(record), style.dim(engineOf(record)), record.production === true ? style.red('production') : '']));

export const renderAdded = ({record, hello, did}: AddedHost): string => [
	...did,
	`Added ${record.name}: ${placeOf(record)}, Coppice ${hello.version}${record.sudo === true ? ' as root' : ''}${record.production === true ? ', production' : ''}.`,
	...hello.pool === null ? ['It has no pool yet: the first push to it, or `coppice init` there, makes one.'] : [],
].join('\n');

export const renderRemoved = ({record, purged}: RemovedHost): string => {
	const left = !purged && record.kind === 'ssh' && record.installed === true ? ' The engine is still there (`--purge` removes it, too).' : '';
	return `Forgot ${record.name}${purged ? ', and removed the engine there' : ''}. Its pool and data are untouched.${left}`;
};

/** Clocks that differ by less are of no importance to anybody. */
const tolerated = 2000;

const describeSkew = (skew: number): string => `its clock is ${(Math.abs(skew) / 1000).toFixed(1)} s ${skew > 0 ? 'ahead' : 'behind'}`;

const describeVersion = (version: string, ownVersion: string): string => version === ownVersion ? `Coppice ${version}` : `Coppice ${version} (here ${ownVersion})`;

const lineOf = ({record, hello, failure, latency = 0, ownVersion}: CheckedHost, style: Style): string => {
	if (failure !== undefined || hello === undefined) {
		return `${style.red('failed')}  ${nameOf(record, style)}: ${failure?.message ?? 'no answer'}`;
	}

	const {user, root, role, pool, driver, production} = hello;
	const account = root === true ? 'root' : user ?? '';
	const rights = role === null ? account : `role ${role}`;
	const facts = [
		`${latency.toFixed(latency < 10 ? 1 : 0)} ms`,
		describeVersion(hello.version, ownVersion),
		pool === null ? 'no pool yet' : driver ?? '',
		rights,
		production || record.production === true ? style.red('production') : '',
	];
	return `${style.green('ok')}      ${nameOf(record, style)}: ${facts.filter(fact => fact !== '').join(', ')}`;
};

/**
A line a host, and below it what to do about it.
*/
export const renderChecked = (checked: readonly CheckedHost[], {style}: View): string => checked.length === 0
	? 'No hosts yet: `coppice host add NAME USER@HOST` adds one.'
	: checked.flatMap(host => {
		const {failure, skew = 0, sudoRule, record} = host;
		const hint = (text: string): string => `        ${style.cyan('hint:')} ${text}`;
		return [
			lineOf(host, style),
			...failure?.hint === undefined ? [] : [hint(failure.hint)],
			...Math.abs(skew) > tolerated ? [hint(`${describeSkew(skew)}: times in the log will not agree. Let it keep time (NTP).`)] : [],
			...sudoRule === undefined ? [] : [hint(`its pool is root's. With \`visudo -f /etc/sudoers.d/coppice\` there and this line, and \`coppice host add ${record.name} …\` again, the engine may use it: ${sudoRule}`)],
		];
	}).join('\n');

/** What scripts get of a check. */
export const checkedToJson = ({record, hello, failure, ...rest}: CheckedHost): object => ({
	...record,
	reachable: failure === undefined,
	...(failure !== undefined && {error: {code: failure.code, message: failure.message, hint: failure.hint}}),
	...hello,
	production: record.production === true || hello?.production === true,
	...rest,
});
