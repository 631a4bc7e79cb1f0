/**
A host: how it is reached, whether it answers, what it is.
*/
import {formatAge} from '../../../system/format.ts';
import {
	emptyRow,
	piece,
	row,
	type Piece,
	type Row,
} from '../../draw/row.ts';
import type {HostView, State} from '../../state/state.ts';
import type {View} from '../view.ts';

const label = (text: string): Piece => piece(text.padEnd(10), 'dim');

/** Whether it answers, and since when it does not. */
const statusPiece = ({status, seenAt}: HostView, {now}: View): Piece => {
	switch (status) {
		case 'online': {
			return piece('online', 'good');
		}

		case 'connecting': {
			return piece(seenAt === undefined ? 'connecting' : `connecting; as it was ${formatAge(new Date(seenAt).toISOString(), now)}`, 'warning');
		}

		case 'stale': {
			return piece(seenAt === undefined ? 'never reached yet; it is tried again by itself' : `not reached; as it was ${formatAge(new Date(seenAt).toISOString(), now)}; it is tried again by itself`, 'bad');
		}
	}
};

export const hostRows = (host: HostView, {stacks}: State, view: View): readonly Row[] => {
	const {name, address, version, production, role, isLive, problem, kind} = host;
	const own = stacks.filter(stack => stack.host === name);
	return [
		row(label('Host'), piece(name, production ? 'production' : 'strong'), production ? piece('  production: names are typed', 'production') : undefined),
		...address === undefined ? [] : [row(label('Address'), piece(address), piece(kind === 'pool' ? '  a pool of this machine' : '', 'dim'))],
		row(label('State'), statusPiece(host, view)),
		...problem === undefined ? [] : [row(label(''), piece(problem.message, 'bad')), ...problem.hint === undefined ? [] : [row(label(''), piece(problem.hint, 'dim'))]],
		...version === undefined ? [] : [row(label('Engine'), version, isLive === false ? piece('  from before it could tell what changes: it is asked every 2 s', 'dim') : undefined)],
		...role === undefined ? [] : [row(label('Role'), piece(role, 'warning'), piece('  its owner\'s policy: what is there can be read, no verb runs there', 'dim'))],
		emptyRow,
		row(piece('Stacks', 'title'), own.length === 0 ? piece(host.status === 'online' ? '  none' : '  not known yet', 'dim') : undefined),
		...own.map(stack => row(`  ${stack.name} `, piece(stack.branch ?? '', 'branch'), stack.hasProject === false ? piece('  data without a project', 'dim') : undefined)),
	];
};
