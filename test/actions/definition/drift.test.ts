/**
Where what runs differs from what the compose file and a commit say. Pure.
*/
import test from 'ava';
import {findDrift, type DriftFacts} from '../../../source/actions/definition/drift.ts';

const facts: DriftFacts = {
	containers: [{service: 'db', imageId: 'sha256:1', configHash: 'a'}, {service: 'db', imageId: 'sha256:1', configHash: 'a'}],
	services: new Set(['db', 'web']),
	hashes: new Map([['db', 'a'], ['web', 'b']]),
	images: new Map([['db', 'sha256:1']]),
	committed: new Map([['db', 'sha256:1']]),
};

test('what runs as it is written is no drift, and neither is what does not run', t => {
	t.deepEqual(findDrift(facts), []);
});

test('each kind of drift is told once for all replicas', t => {
	t.deepEqual(findDrift({...facts, hashes: new Map([['db', 'other']])}), [{service: 'db', kind: 'definition'}]);
	t.deepEqual(findDrift({...facts, committed: new Map([['db', 'sha256:0']])}), [{
		service: 'db', kind: 'image', from: 'sha256:0', to: 'sha256:1',
	}]);
	t.deepEqual(findDrift({...facts, images: new Map([['db', 'sha256:2']])}), [{
		service: 'db', kind: 'image-name', from: 'sha256:1', to: 'sha256:2',
	}]);
	t.deepEqual(findDrift({...facts, services: new Set(['web'])}), [{service: 'db', kind: 'unknown-service'}]);
});

test('what this compose or the commit can\'t tell is no drift', t => {
	t.deepEqual(findDrift({
		...facts, hashes: new Map(), images: new Map(), committed: new Map(),
	}), []);
	t.deepEqual(findDrift({...facts, containers: [{service: 'db', imageId: 'sha256:1'}]}), []);
});
