/**
Work that is asked for more often than it needs doing.
*/

export type Coalesced = {
	/** Asks for it to be done soon. */
	ask(): void;
	stop(): void;
};

/**
Runs some milliseconds after it was asked, once for all that ask meanwhile; never twice at a time. Asked while it runs, it runs once more.
*/
export const coalesce = (run: () => Promise<void> | void, milliseconds: number): Coalesced => {
	let timer: NodeJS.Timeout | undefined;
	let isRunning = false;
	let isWanted = false;
	let isStopped = false;
	const fire = async (): Promise<void> => {
		timer = undefined;
		isRunning = true;
		isWanted = false;
		try {
			await run();
		} finally {
			isRunning = false;

			if (isWanted) {
				ask();
			}
		}
	};

	const ask = (): void => {
		if (isStopped) {
			return;
		}

		if (isRunning) {
			isWanted = true;
			return;
		}

		timer ??= setTimeout(() => {
			void fire();
		}, milliseconds);
	};

	return {
		ask,
		stop() {
			isStopped = true;
			clearTimeout(timer);
		},
	};
};
