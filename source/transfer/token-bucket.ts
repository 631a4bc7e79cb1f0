/**
How long to wait before so many bytes may go, so that no more than a rate goes on average. Pure: it is told the time.
*/

/** What may go at once after a pause, in seconds of the rate. */
const burst = 0.1;

export class TokenBucket {
	readonly #rate: number;

	/** When all that was let go would be through at the rate. */
	#through = -Infinity;

	/**
	@param rate - Bytes a second.
	*/
	constructor(rate: number) {
		if (!(rate > 0)) {
			throw new RangeError(`A rate of ${rate} bytes a second lets nothing through`);
		}

		this.#rate = rate;
	}

	/** Bytes that are best let go at once: pieces small enough for an even flow. */
	get piece(): number {
		return Math.max(1024, Math.min(64 * 1024, Math.floor(this.#rate * burst)));
	}

	/**
	Takes account of so many bytes that go next.

	@param now - Milliseconds of a clock that never goes back.
	@returns Milliseconds to wait before they go.
	*/
	take(bytes: number, now: number): number {
		const from = Math.max(this.#through, now - (burst * 1000));
		this.#through = from + (bytes / this.#rate * 1000);
		return Math.max(0, this.#through - now);
	}
}
