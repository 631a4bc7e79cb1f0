/**
Hosts: the list of them, what was done to one, and what a check has found.
*/
import type {AddedHost} from '../../actions/hosts/add-host.ts';
import type {CheckedHost} from '../../actions/hosts/check-hosts.ts';
import {checkHints, describeChecked, isProductionHost} from '../../actions/hosts/describe-checked.ts';
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

const lineOf = (host: CheckedHost, style: Style): string => {
	const {record, hello, failure} = host;
	if (failure !== undefined || hello === undefined) {
		return `${style.red('failed')}  ${nameOf(record, style)}: ${failure?.message ?? 'no answer'}`;
	}

	const production = isProductionHost(host) ? [style.red('production')] : [];
	return `${style.green('ok')}      ${nameOf(record, style)}: ${[...describeChecked(host), ...production].join(', ')}`;
};

/**
A line a host, and below it what to do about it.
*/
export const renderChecked = (checked: readonly CheckedHost[], {style}: View): string => checked.length === 0
	? 'No hosts yet: `coppice host add NAME USER@HOST` adds one.'
	: checked.flatMap(host => [lineOf(host, style), ...checkHints(host).map(hint => `        ${style.cyan('hint:')} ${hint}`)]).join('\n');

/** What scripts get of a check. */
export const checkedToJson = ({record, hello, failure, ...rest}: CheckedHost): object => ({
	...record,
	reachable: failure === undefined,
	...(failure !== undefined && {error: {code: failure.code, message: failure.message, hint: failure.hint}}),
	...hello,
	production: isProductionHost({record, ...(hello !== undefined && {hello})}),
	...rest,
});
