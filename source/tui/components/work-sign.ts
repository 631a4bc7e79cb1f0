/**
How work is doing, as a sign: jobs of this program, and transfers of any.
*/
import type {Transfer} from '../../actions/transfers.ts';
import {piece, type Piece} from '../draw/row.ts';
import type {JobStatus, State} from '../state/state.ts';
import type {View} from './view.ts';

export const workSign = (doing: JobStatus | Transfer['state'], {spinner}: Pick<State, 'spinner'>, {glyphs}: Pick<View, 'glyphs'>): Piece => {
	switch (doing) {
		case 'running': {
			return piece(glyphs.spinner[spinner % glyphs.spinner.length]!, 'accent');
		}

		case 'done': {
			return piece(glyphs.check, 'good');
		}

		case 'failed': {
			return piece(glyphs.cross, 'bad');
		}

		case 'cancelled':
		case 'cut': {
			return piece(glyphs.open, 'warning');
		}
	}
};
