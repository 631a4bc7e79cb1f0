/**
How large what is drawn over the panes may be: pure, so that drawing and keys agree.
*/
import type {Modal, State} from './state.ts';

export type ModalSize = {readonly width: number; readonly height: number};

const readWidth = 100;
const askWidth = 76;
const lowRows = 16;

/** The outside size of a modal, at most. */
export const modalSize = (type: Modal['type'], {columns, rows}: State['terminal']): ModalSize => ({
	width: Math.min(columns - 2, ['help', 'palette', 'message'].includes(type) ? readWidth : askWidth),
	// In a low terminal it takes what the header and the last line leave.
	height: Math.max(3, rows - (rows < lowRows ? 2 : 4)),
});

/** Columns for the lines of the help, and lines for them below that of its search. */
export const helpSize = ({width, height}: ModalSize): ModalSize => ({width: width - 2, height: Math.max(0, height - 3)});

/** Columns and lines for the text of a message. */
export const messageSize = ({width, height}: ModalSize): ModalSize => ({width: width - 4, height: Math.max(1, height - 2)});
