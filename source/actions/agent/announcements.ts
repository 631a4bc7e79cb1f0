/**
Tells the other side of a connection what has changed: many changes in one message, one message at a time, so that who does not listen has nothing
piled up for it but the names of the stacks.
*/
import type {ChangePart, Changes} from '../../host/view-methods.ts';

/** What happens within this time of the first change is told with it. */
const gatherMilliseconds = 100;

export type Announcements = {
	/** A stack, or without one the list of stacks, has changed in some part. */
	add(stack: string | null, part: ChangePart): void;

	/** Where they go. Settles once a message is written. */
	connect(send: (changes: Changes) => Promise<void>): void;

	/** Aborted when the connection has ended. */
	readonly signal: AbortSignal;
	stop(): void;
};

export const createAnnouncements = (): Announcements => {
	const controller = new AbortController();
	const {signal} = controller;
	let pending = new Map<string | null, Set<ChangePart>>();
	let send: ((changes: Changes) => Promise<void>) | undefined;
	let timer: NodeJS.Timeout | undefined;
	let isSending = false;

	const schedule = (): void => {
		if (isSending || send === undefined || pending.size === 0 || signal.aborted) {
			return;
		}

		timer ??= setTimeout(() => {
			timer = undefined;
			void flush();
		}, gatherMilliseconds);
	};

	const flush = async (): Promise<void> => {
		const changes = [...pending].map(([stack, parts]) => ({stack, parts: [...parts]}));
		pending = new Map();
		isSending = true;
		try {
			await send?.(changes);
		} catch {
			// The connection is over, which is told to who serves it.
		} finally {
			isSending = false;
			schedule();
		}
	};

	return {
		signal,
		add(stack, part) {
			pending.set(stack, (pending.get(stack) ?? new Set()).add(part));
			schedule();
		},
		connect(given) {
			send = given;
			schedule();
		},
		stop() {
			controller.abort();
			clearTimeout(timer);
		},
	};
};
