/**
Hands values from one piece of work to another that runs at the same time: whoever puts waits while it is full, whoever takes waits while it is
empty.
*/

type Waiter = () => void;

export class BoundedQueue<Value> implements AsyncIterable<Value> {
	readonly #capacity: number;
	readonly #values: Value[] = [];
	readonly #waiting = new Set<Waiter>();
	#end: {readonly error?: unknown} | undefined;
	#isClosed = false;

	constructor(capacity: number) {
		this.#capacity = capacity;
	}

	#wake(): void {
		for (const waiter of this.#waiting) {
			waiter();
		}

		this.#waiting.clear();
	}

	async #change(): Promise<void> {
		return new Promise(resolve => {
			this.#waiting.add(resolve);
		});
	}

	/**
	Waits until there is room.

	@returns Whether the value was taken: false when nobody takes values any more.
	*/
	async put(value: Value): Promise<boolean> {
		while (this.#values.length >= this.#capacity && !this.#isClosed && this.#end === undefined) {
			await this.#change();
		}

		if (this.#isClosed || this.#end !== undefined) {
			return false;
		}

		this.#values.push(value);
		this.#wake();
		return true;
	}

	/** No more values: whoever takes gets those that are there, then the end. */
	finish(): void {
		this.#end ??= {};
		this.#wake();
	}

	/** Whoever takes gets this error next, whatever is there. */
	fail(error: unknown): void {
		this.#values.length = 0;
		this.#end = {error};
		this.#wake();
	}

	/** Nobody takes values any more. */
	close(): void {
		this.#isClosed = true;
		this.#values.length = 0;
		this.#wake();
	}

	/**
	May be called once.

	@yields A value.
	*/
	async * [Symbol.asyncIterator](): AsyncGenerator<Value, void, undefined> {
		try {
			for (;;) {
				if (this.#values.length > 0) {
					const value = this.#values.shift()!;
					this.#wake();
					yield value;
				} else if (this.#end === undefined) {
					await this.#change();
				} else if ('error' in this.#end) {
					throw this.#end.error;
				} else {
					return;
				}
			}
		} finally {
			this.close();
		}
	}
}
