/**
What the processes `coppice send` and `coppice receive` do, with their standard streams: one snapshot, as the first line of the channel asks for it.
*/
import {boundMemory} from '../../system/bound-memory.ts';
import {sendFailure} from '../../transfer/failure.ts';
import {readRequest} from '../../transfer/request.ts';
import {standardChannel} from '../../transfer/standard-channel.ts';
import {openAgent, type AgentOptions} from './open-agent.ts';
import {receiveOne} from './receive-one.ts';
import {sendOne} from './send-one.ts';

/**
Runs until the transfer is through.

@throws CoppiceError of what failed; the other side has been told.
*/
export const runTransfer = async (entry: 'send' | 'receive', options: AgentOptions): Promise<void> => {
	boundMemory();
	const {signal} = options;
	const channel = standardChannel();
	// Up before it is asked for anything.
	const opening = openAgent(options);
	opening.catch(() => {
		// Told to who asks.
	});
	try {
		const request = await readRequest(channel, signal === undefined ? {} : {signal});
		const agent = await opening;
		await (entry === 'send' ? sendOne : receiveOne)(agent, channel, request, signal);
	} catch (error) {
		await sendFailure(channel, error);
		throw error;
	}
};
