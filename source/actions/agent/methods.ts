/**
All methods of the agent, put together for one connection.
*/
import type {AgentService} from '../../host/agent-protocol.ts';
import type {Agent} from './agent.ts';
import {createAnnouncements, type Announcements} from './announcements.ts';
import {
	commits,
	estimate,
	pin,
	snapshots,
} from './commit-methods.ts';
import {definition} from './definition-method.ts';
import {finishPush} from './finish-push.ts';
import {offerPush} from './offer-push.ts';
import {hello, stack, stacks} from './read-methods.ts';
import {createViews} from './view-methods.ts';

export const createAgentService = (agent: Agent, announcements: Announcements = createAnnouncements()): AgentService => ({
	hello: async params => hello(agent, params),
	stacks: async () => stacks(agent),
	stack: async params => stack(agent, params),
	commits: async params => commits(agent, params),
	snapshots: async params => snapshots(agent, params),
	estimate: async params => estimate(agent, params),
	pin: async params => pin(agent, params),
	definition: async params => definition(agent, params),
	offerPush: async params => offerPush(agent, params),
	finishPush: async (params, signal) => finishPush(agent, params, signal),
	...createViews(agent, announcements),
});
