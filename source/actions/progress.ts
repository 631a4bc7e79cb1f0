/**
What a long verb reports while it works. The CLI draws these as a bar or prints them as JSON lines, the TUI as a panel.
*/

export type ProgressEvent =
	/** Something begun, in words for people: `stopping db`. */
	| {readonly type: 'step'; readonly message: string}

	/** Something the user should know, that is no error. */
	| {readonly type: 'notice'; readonly message: string}

	/** How far a countable piece of work is. */
	| {
		readonly type: 'progress';
		readonly task: string;
		readonly done: number;
		readonly total?: number;
		readonly unit: 'bytes' | 'rows' | 'files';

		/** Of a transfer: bytes that went over the line, compressed; of `done`, what an earlier try had brought already; its id for `transfers`. */
		readonly wireBytes?: number;
		readonly resumedBytes?: number;
		readonly transfer?: string;
	};

export type Report = (event: ProgressEvent) => void;
