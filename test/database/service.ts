/**
Services as the reader of compose files gives them, for tests.
*/
import type {Service} from '../../source/stack/stack.ts';

export const makeService = (given: Partial<Service> = {}): Service => ({
	name: 'db',
	environment: {},
	ports: [],
	mounts: [],
	dependsOn: {},
	restart: {name: 'no'},
	stopGraceMilliseconds: 10_000,
	profiles: [],
	settings: {},
	otherKeys: [],
	...given,
});
