/**
All methods of the agent, put together for one connection.
*/
import type {AgentService} from '../../host/agent-protocol.ts';
import type {Agent} from './agent.ts';
import {
	commits,
	estimate,
	pin,
	snapshots,
} from './commit-methods.ts';
import {definition} from './definition-method.ts';
import {finishPush} from './finish-push.ts';
import {createOffers, offerPush} from './offer-push.ts';
import {hello, stack, stacks} from './read-methods.ts';

export const createAgentService = (agent: Agent): AgentService => {
	const offers = createOffers();
	return {
		hello: async params => hello(agent, params),
		stacks: async () => stacks(agent),
		stack: async params => stack(agent, params),
		commits: async params => commits(agent, params),
		snapshots: async params => snapshots(agent, params),
		estimate: async params => estimate(agent, params),
		pin: async params => pin(agent, params),
		definition: async params => definition(agent, params),
		offerPush: async params => offerPush(agent, offers, params),
		finishPush: async (params, signal) => finishPush(agent, offers, params, signal),
	};
};
