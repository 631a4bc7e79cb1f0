/**
A host: a machine that holds stacks, reached through the agent on it. One contract suite holds for every kind: behind `ssh`, and a second
pool of this machine.
*/
import type {Channel, TransferRequest} from '../transfer/channel.ts';
import type {AgentMethod, ParamsOf, ResultOf} from './agent-protocol.ts';

/**
What `host add` has noted of a host.
*/
export type HostRecord = {
	readonly name: string;

	/** `ssh`: through the system's ssh; `pool`: another pool of this machine. */
	readonly kind: 'ssh' | 'pool';

	/** `USER@HOST` as ssh takes it, or the pool's folder. */
	readonly address: string;
	readonly port?: number;

	/** The command that runs the engine there; the words of a forced command are those that follow it. */
	readonly engine?: string;

	/** Whether the engine is run through `sudo -n` there, since its pool needs root. */
	readonly sudo?: boolean;

	/** Marked as production when it was added: its colour, and its name is asked for. */
	readonly production?: boolean;

	/** Whether `host add` has put the engine there, so that `host rm --purge` removes it. */
	readonly installed?: boolean;
};

export type CallOptions = {readonly signal?: AbortSignal};

export type Host = {
	readonly record: HostRecord;

	/**
	Calls a method of the agent there, connecting first where that was not done.

	@throws CoppiceError as the agent threw it, with the host's name; `host` where it can't be reached or the connection was lost.
	*/
	call<Method extends AgentMethod>(method: Method, params: ParamsOf<Method>, options?: CallOptions): Promise<ResultOf<Method>>;

	/**
	Starts what will be at the other end of the next channel of that direction, so that it is up when the channel is opened; connects, where that was not done.
	Returns at once; one that is not used goes when the host is closed.

	@param request - What it will be asked, where that is known already: it is asked at once, and what it says waits for `openChannel` with that very request.
	Of several, the first counts.
	*/
	prepareChannel(direction: 'send' | 'receive', request?: TransferRequest): void;

	/**
	Opens a channel for bulk data and writes the request as its first line. `send`: that side sends. `receive`: it receives.

	@throws CoppiceError `host` where it can't be reached. What is refused there is told in the channel.
	*/
	openChannel(direction: 'send' | 'receive', request: TransferRequest, options?: CallOptions): Promise<Channel & {

		/** Ends the process behind it, if it still runs. */
		close(): Promise<void>;
	}>;

	/** Ends the agent's process. Calling anything afterwards connects anew. */
	close(): Promise<void>;
};
