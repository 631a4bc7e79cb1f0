import {createHash} from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import {
	commitId,
	decodeCommit,
	encodeCommit,
	isCommitId,
	type Commit,
} from '../../source/history/commit.ts';
import {failsAs, fakeId, makeCommit} from './fixture.ts';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

const digit = fc.constantFrom(...'0123456789abcdef');
const commitIds = fc.string({unit: digit, minLength: 64, maxLength: 64});

const commits: fc.Arbitrary<Commit> = fc.record({
	version: fc.constant(1 as const),
	stack: fc.string({unit: fc.constantFrom(...'abc_09'), minLength: 1, maxLength: 10}),
	parents: fc.array(commitIds, {maxLength: 3}),
	time: fc.date({noInvalidDate: true, min: new Date('2000-01-01'), max: new Date('2100-01-01')}).map(date => date.toISOString()),
	message: fc.string({unit: 'binary'}),
	kind: fc.constantFrom('commit', 'safety'),
	branch: fc.constantFrom('main', 'feature/x', 'v1.0'),
	consistency: fc.constantFrom('quiesced', 'frozen', 'stopped'),
	stillMilliseconds: fc.double({min: 0, max: 1e9, noNaN: true}),
	volumes: fc.dictionary(fc.constantFrom('data', 'cache', '__proto__', 'constructor'), fc.uuid().map(id => id.toLowerCase())),
	definition: fc.constant(makeCommit().definition),
});

test('what is written is read back, whatever it holds', t => {
	fc.assert(fc.property(commits, commit => {
		const id = commitId(commit);
		const {id: readId, ...content} = decodeCommit(encodeCommit(commit), id, 'file');
		t.is(readId, id);
		t.is(encodeCommit(content), encodeCommit(commit));
		t.deepEqual(content.volumes, commit.volumes);
		t.is(content.message, commit.message);
		t.is(commitId({...content, id, removed: true} as Commit), id, 'what reading adds changes the id');
	}));
});

test('the id is the SHA-256 of the text, and does not depend on the order of keys', t => {
	const commit = makeCommit();
	const reversed = Object.fromEntries(Object.entries(commit).toReversed()) as Commit;
	t.is(commitId(commit), hash(encodeCommit(commit)));
	t.is(commitId(reversed), commitId(commit));
	t.true(isCommitId(commitId(commit)));
	t.not(commitId({...commit, message: 'another'}), commitId(commit));
});

test('a known commit keeps its id in every version', t => {
	const commit = makeCommit({volumes: {data: '0b0e7a52-6c1f-4f4e-9a53-3f1d5c1b0a77'}});
	t.is(encodeCommit(commit), '{"branch":"main","consistency":"quiesced","definition":{"services":{"db":{"dependsOn":[],"environmentNames":["POSTGRES_PASSWORD"],"image":"postgres:15","mounts":["data:/var/lib/postgresql/data"],"ports":["127.0.0.1:5432:5432"]}},"volumes":["data"]},"kind":"commit","message":"a message","parents":[],"stack":"shop","stillMilliseconds":12.5,"time":"2026-11-20T14:00:00.000Z","version":1,"volumes":{"data":"0b0e7a52-6c1f-4f4e-9a53-3f1d5c1b0a77"}}');
});

test('half a surrogate pair in a message does no harm', t => {
	const commit = makeCommit({message: 'broken \u{D83D} emoji'});
	t.is(decodeCommit(encodeCommit(commit), commitId(commit), 'file').message, 'broken \u{FFFD} emoji');
});

test('a commit that was cut at any place, or changed by a byte, is noticed', async t => {
	const commit = makeCommit();
	const text = encodeCommit(commit);
	const id = commitId(commit);
	for (let length = 0; length < text.length; length += 7) {
		const error = await failsAs(t, 'failed', () => decodeCommit(text.slice(0, length), id, '/pool/commits/x.json'));
		t.true(error.message.includes('/pool/commits/x.json'));
		t.true(error.hint!.includes('coppice prune'));
	}

	await failsAs(t, 'failed', () => decodeCommit(text.replace('a message', 'a massage'), id, 'file'));
	await failsAs(t, 'failed', () => decodeCommit(`${text}\n`, id, 'file'));
});

/** The text as another host might send it, with the id that it really has. */
const decodeForeign = (content: unknown) => {
	const text = encodeCommit(content as Commit);
	return decodeCommit(text, hash(text), 'file');
};

for (const [name, wrong] of Object.entries({
	'a volume named ../x': {volumes: {'../x': '0b0e7a52-6c1f-4f4e-9a53-3f1d5c1b0a77'}},
	'a snapshot id that is a path': {volumes: {data: '../../etc'}},
	'a branch named ../x': {branch: '../x'},
	'a stack named /': {stack: '/'},
	'a parent that is no id': {parents: ['../HEAD']},
	'a time that is none': {time: 'yesterday'},
	'no definition': {definition: undefined},
	'another kind': {kind: 'other'},
	'negative milliseconds': {stillMilliseconds: -1},
	'no version': {version: undefined},
})) {
	test(`refused although its id is right: ${name}`, async t => {
		const error = await failsAs(t, 'failed', () => decodeForeign({...makeCommit(), ...wrong}));
		t.regex(error.message, new RegExp(`"${Object.keys(wrong)[0]!}`, 'v'));
	});
}

test('what is no canonical JSON is refused although its id is right', async t => {
	const pretty = JSON.stringify(makeCommit(), undefined, 2);
	await failsAs(t, 'failed', () => decodeCommit(pretty, hash(pretty), 'file'));
	await failsAs(t, 'failed', () => decodeCommit('nonsense', hash('nonsense'), 'file'));
	await failsAs(t, 'failed', () => decodeCommit('[]', hash('[]'), 'file'));
});

test('a commit of a newer version says so', async t => {
	const error = await failsAs(t, 'precondition', () => decodeForeign({...makeCommit(), version: 2}));
	t.regex(error.message, /newer/v);
});

test('fields that a later version adds are kept', t => {
	t.like(decodeForeign({...makeCommit(), later: 'x'}), {later: 'x'});
});

test('an id is 64 lower-case hexadecimal digits', t => {
	t.true(isCommitId(fakeId('a')));
	for (const id of ['', 'a'.repeat(63), 'A'.repeat(64), `${'a'.repeat(63)}/`, `${'a'.repeat(64)}\n`]) {
		t.false(isCommitId(id), JSON.stringify(id));
	}
});
