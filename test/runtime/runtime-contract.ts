/**
What every runtime must do, whatever it runs services with. Services are shell scripts here; databases have tests of their own.
*/
import {readFile, stat} from 'node:fs/promises';
import {setTimeout as delay} from 'node:timers/promises';
import type {ExecutionContext, TestFn} from 'ava';
import {CoppiceError} from '../../source/system/errors.ts';
import type {
	LogLine,
	LogOptions,
	Runtime,
	ServiceState,
} from '../../source/runtime/runtime.ts';
import type {Dependency, Service} from '../../source/stack/stack.ts';

export type OpenStack = {
	readonly runtime: Runtime;

	/** The host folder of a volume. */
	readonly volumeFolder: (volume: string) => string;

	/** A second runtime over the same stack, as the next command would make it. */
	readonly reopen: () => Runtime;
};

export type RuntimeSubject = {
	readonly name: string;

	/** A stack of these services; it is removed with all that it started when the test ends. */
	readonly open: (t: ExecutionContext, services: readonly Service[]) => Promise<OpenStack>;

	/** Whether logs stay when the stack is taken down. */
	readonly keepsLogs: boolean;

	/** A service that runs a shell script, with a volume at `/data` whose host path the script finds in `$DATA`. */
	readonly script: (name: string, script: string, fields?: Partial<Service>) => Service;
};

/** A script that lives until it is told to end. */
export const forever = 'trap "exit 0" TERM; while :; do sleep 0.05; done';

export const until = async (what: string, isTrue: () => Promise<boolean> | boolean, milliseconds = 20_000): Promise<void> => {
	const deadline = Date.now() + milliseconds;
	while (!await isTrue()) {
		if (Date.now() > deadline) {
			throw new Error(`It never came: ${what}.`);
		}

		await delay(10);
	}
};

export const stateOf = async (runtime: Runtime, name: string): Promise<ServiceState> => {
	const states = await runtime.states();
	const state = states.find(each => each.name === name);
	if (state === undefined) {
		throw new Error(`No state of ${name}.`);
	}

	return state;
};

export const collect = async (lines: AsyncIterable<LogLine>): Promise<LogLine[]> => Array.fromAsync(lines);

/** One field of the state of a service. */
export const fieldOf = async <K extends keyof ServiceState>(runtime: Runtime, name: string, key: K): Promise<ServiceState[K]> => {
	const state = await stateOf(runtime, name);
	return state[key];
};

export const textsOf = async (runtime: Runtime, options: LogOptions): Promise<string[]> => {
	const lines = await collect(runtime.logs(options));
	return lines.map(line => line.text);
};

export const countLines = async (runtime: Runtime, options: LogOptions): Promise<number> => {
	const lines = await collect(runtime.logs(options));
	return lines.length;
};

export const firstText = async (runtime: Runtime, options: LogOptions): Promise<string | undefined> => {
	const [first] = await textsOf(runtime, options);
	return first;
};

export const needs = (condition: Dependency['condition'], required = true): Dependency => ({condition, required, restart: false});

export const runtimeContract = (test: TestFn, subject: RuntimeSubject): void => {
	const {open, script} = subject;
	const title = (text: string): string => `${subject.name}: ${text}`;

	test(title('states of a stack that never ran, in the order of the file'), async t => {
		const {runtime} = await open(t, [script('b', forever), script('a', forever)]);
		const states = await runtime.states();
		t.deepEqual(states.map(state => state.name), ['b', 'a']);
		t.true(states.every(state => ['created', 'stopped'].includes(state.status)));
	});

	test(title('start, stop, start again, down; another runtime sees the same'), async t => {
		const {runtime, reopen} = await open(t, [script('one', forever), script('two', forever)]);
		await runtime.start();
		const seen = await reopen().states();
		t.deepEqual(seen.map(state => state.status), ['running', 'running']);
		const before = await stateOf(runtime, 'one');
		t.true(before.processId !== undefined && before.startedAt !== undefined);

		await reopen().start();
		t.is(await fieldOf(runtime, 'one', 'processId'), before.processId, 'what runs is left alone');

		await reopen().stop(['one']);
		t.is(await fieldOf(runtime, 'one', 'status'), 'stopped');
		t.is(await fieldOf(runtime, 'one', 'exitCode'), 0);
		t.is(await fieldOf(runtime, 'two', 'status'), 'running');

		await runtime.start(['one']);
		t.is(await fieldOf(runtime, 'one', 'status'), 'running');
		await runtime.down();
		const after = await runtime.states();
		t.true(after.every(state => ['created', 'stopped'].includes(state.status)));
	});

	test(title('stop and down of a stack that does not run are no error'), async t => {
		const {runtime} = await open(t, [script('one', forever)]);
		await runtime.stop();
		await runtime.down();
		t.is(await fieldOf(runtime, 'one', 'processId'), undefined);
	});

	test(title('services start after what they depend on, and stop before it'), async t => {
		const note = (name: string): string => `trap 'echo "${name} stops" >>"$DATA/notes"; exit 0' TERM; echo "${name} starts" >>"$DATA/notes"; while :; do sleep 0.02; done`;
		const {runtime, volumeFolder} = await open(t, [
			script('web', note('web'), {dependsOn: {app: needs('service_started')}}),
			script('app', note('app'), {
				dependsOn: {db: needs('service_healthy')},
			}),
			script('db', `sleep 0.3; ${note('db')}`, {
				healthCheck: {
					command: ['/bin/sh', '-c', 'grep -q "db starts" "$DATA/notes"'],
					intervalMilliseconds: 50, timeoutMilliseconds: 2000, startPeriodMilliseconds: 20_000, retries: 5,
				},
			}),
		]);
		await runtime.start();
		t.is(await fieldOf(runtime, 'db', 'health'), 'healthy');
		const notes = async (): Promise<string[]> => {
			const text = await readFile(`${volumeFolder('data')}/notes`, 'utf8');
			return text.trim().split('\n');
		};

		await until('all three have started', async () => {
			const {length} = await notes();
			return length === 3;
		});
		const started = await notes();
		t.is(started[0], 'db starts');
		await runtime.stop();
		const all = await notes();
		t.deepEqual(all.slice(3), ['web stops', 'app stops', 'db stops']);
	});

	test(title('a dependency that must complete: its success lets others start, its failure is an error that names it'), async t => {
		const {runtime} = await open(t, [
			script('good', 'sleep 0.1; exit 0'),
			script('after-good', forever, {dependsOn: {good: needs('service_completed_successfully')}}),
			script('bad', 'exit 3'),
			script('after-bad', forever, {dependsOn: {bad: needs('service_completed_successfully')}}),
			script('maybe', forever, {dependsOn: {bad: needs('service_completed_successfully', false)}}),
		]);
		await runtime.start(['after-good']);
		t.is(await fieldOf(runtime, 'after-good', 'status'), 'running');
		t.is(await fieldOf(runtime, 'good', 'exitCode'), 0);

		const error = await t.throwsAsync(runtime.start(['after-bad']), {instanceOf: CoppiceError});
		t.regex(error.message, /bad/v);
		t.not(await fieldOf(runtime, 'after-bad', 'status'), 'running');
		t.is(await fieldOf(runtime, 'bad', 'status'), 'failed');

		await runtime.start(['maybe']);
		t.is(await fieldOf(runtime, 'maybe', 'status'), 'running');
	});

	test(title('a start that waits can be called off'), async t => {
		const {runtime} = await open(t, [
			script('slow', forever, {
				healthCheck: {
					command: ['/bin/false'], intervalMilliseconds: 100, timeoutMilliseconds: 1000, startPeriodMilliseconds: 600_000, retries: 3,
				},
			}),
			script('waits', forever, {dependsOn: {slow: needs('service_healthy')}}),
		]);
		const controller = new AbortController();
		const start = runtime.start(undefined, {signal: controller.signal});
		await until('the dependency runs', async () => await fieldOf(runtime, 'slow', 'status') === 'running');
		controller.abort();
		const error = await t.throwsAsync(start, {instanceOf: CoppiceError});
		t.is(error.code, 'interrupted');
		t.not(await fieldOf(runtime, 'waits', 'status'), 'running');
	});

	test(title('a graceful stop gives the service its signal and its time; one at once does not'), async t => {
		const tidy = 'trap \'sleep 0.2; echo tidy >>"$DATA/end"; exit 0\' TERM; echo up; while :; do sleep 0.02; done';
		const {runtime, volumeFolder} = await open(t, [script('one', tidy)]);
		const started = async (count: number): Promise<void> => until('its trap is set', async () => {
			const texts = await textsOf(runtime, {});
			return texts.filter(text => text === 'up').length === count;
		});
		await runtime.start();
		await started(1);
		await runtime.stop(['one'], {mode: 'now'});
		await t.throwsAsync(readFile(`${volumeFolder('data')}/end`, 'utf8'), {code: 'ENOENT'});
		await runtime.start();
		await started(2);
		await runtime.stop(['one']);
		t.is(await readFile(`${volumeFolder('data')}/end`, 'utf8'), 'tidy\n');
	});

	test(title('a service that ignores its signal is killed after its grace period, with its children'), async t => {
		const {runtime, volumeFolder} = await open(t, [
			script('deaf', 'trap "" TERM; (trap "" TERM; while :; do date +%s%N >"$DATA/tick"; sleep 0.02; done) & while :; do sleep 1; done', {stopGraceMilliseconds: 100}),
		]);
		const tick = async (): Promise<string> => readFile(`${volumeFolder('data')}/tick`, 'utf8').catch(() => '');
		await runtime.start();
		await until('its child works', async () => await tick() !== '');
		await runtime.stop();
		const last = await tick();
		await delay(200);
		t.is(await tick(), last);
	});

	test(title('restart policies: always, on-failure up to a limit, no; never after a verb has stopped it'), async t => {
		const {runtime} = await open(t, [
			script('always', 'echo run; sleep 0.05', {restart: {name: 'always'}}),
			script('limited', 'echo run; exit 7', {restart: {name: 'on-failure', maximumRetries: 2}}),
			script('once', 'exit 7'),
		]);
		await runtime.start();
		await until('it was restarted', async () => await fieldOf(runtime, 'always', 'restarts') >= 2);
		await until('it has given up', async () => await fieldOf(runtime, 'limited', 'status') === 'failed');
		t.is(await fieldOf(runtime, 'limited', 'restarts'), 2);
		t.is(await fieldOf(runtime, 'limited', 'exitCode'), 7);
		t.is(await fieldOf(runtime, 'once', 'status'), 'failed');
		t.is(await fieldOf(runtime, 'once', 'restarts'), 0);

		await runtime.stop(['always']);
		const runs = await countLines(runtime, {services: ['always']});
		await delay(700);
		t.is(await fieldOf(runtime, 'always', 'status'), 'stopped');
		t.is(await countLines(runtime, {services: ['always']}), runs);
	});

	/** Says, in the folder that services share, that it has got so far, and waits until another one has. The pause tells their lines apart. */
	const after = (done: string, other: string): string => `sleep 0.1; touch "$DATA/done-${done}"; ${other === '' ? ':' : `until [ -e "$DATA/done-${other}" ]; do sleep 0.02; done`}`;

	test(title('logs: both streams, in order of time over services, last lines, since, and as they come'), async t => {
		const {runtime} = await open(t, [
			script('one', `echo first; echo wrong >&2; ${after('first', 'second')}; echo third; ${after('third', 'fourth')}; ${forever}`),
			script('two', `${after('', 'first')}; echo second; ${after('second', 'third')}; echo fourth; ${after('fourth', '')}; ${forever}`),
		]);
		const controller = new AbortController();
		await runtime.start();
		const followed: LogLine[] = [];
		const following = (async () => {
			for await (const line of runtime.logs({follow: true, signal: controller.signal})) {
				followed.push(line);
			}
		})();
		await until('four lines and the wrong one came', () => followed.length === 5);
		controller.abort();
		await following;

		const lines = await collect(runtime.logs({}));
		t.deepEqual(lines.filter(line => line.stream === 'stdout').map(line => line.text), ['first', 'second', 'third', 'fourth']);
		t.deepEqual(lines.filter(line => line.stream === 'stderr').map(line => `${line.service} ${line.text}`), ['one wrong']);
		t.deepEqual(lines.map(line => line.time), lines.map(line => line.time).toSorted());
		t.deepEqual(followed.map(line => line.text).toSorted(), lines.map(line => line.text).toSorted());

		t.deepEqual(await textsOf(runtime, {tail: 1}), ['third', 'fourth']);
		t.deepEqual(await textsOf(runtime, {services: ['two'], tail: 1}), ['fourth']);
		const third = lines.find(line => line.text === 'third');
		t.deepEqual(await textsOf(runtime, {since: new Date(third?.time ?? 0)}), ['third', 'fourth']);
		await runtime.down();
		t.is(await countLines(runtime, {}), subject.keepsLogs ? 5 : 0);
	});

	test(title('exec: the environment of the service, input, output and exit code'), async t => {
		const {runtime} = await open(t, [script('one', forever, {environment: {COLOUR: 'green'}})]);
		const early = await t.throwsAsync(runtime.exec('one', ['true'], {stdio: 'pipe'}), {instanceOf: CoppiceError});
		t.is(early.code, 'precondition');
		await runtime.start();
		const result = await runtime.exec('one', ['/bin/sh', '-c', 'cat; echo "$COLOUR $EXTRA"; echo wrong >&2; exit 4'], {
			stdio: 'pipe', input: 'hello ', env: {EXTRA: 'more'},
		});
		t.deepEqual(result, {exitCode: 4, stdout: 'hello green more\n', stderr: 'wrong\n'});
	});

	test(title('freeze: nothing of the named services goes on until the thaw, others do'), async t => {
		const writer = 'for i in 1 2; do (while :; do echo x >>"$DATA/$NAME"; done) & done; while :; do echo x >>"$DATA/$NAME"; done';
		const names = ['a', 'b', 'c'];
		const {runtime, volumeFolder} = await open(t, names.map(name => script(name, writer, {environment: {NAME: name}})));
		const sizeOf = async (name: string): Promise<number> => {
			const {size} = await stat(`${volumeFolder('data')}/${name}`).catch(() => ({size: 0}));
			return size;
		};

		const sizes = async (): Promise<number[]> => Promise.all(names.map(async name => sizeOf(name)));
		const grow = async (from: readonly number[], which: readonly number[]): Promise<void> => until('they write', async () => {
			const now = await sizes();
			return which.every(index => now[index]! > from[index]!);
		});
		await runtime.start();
		await grow([0, 0, 0], [0, 1, 2]);
		const freeze = await runtime.freeze(['a', 'b']);
		const frozen = await sizes();
		await grow(frozen, [2]);
		const later = await sizes();
		t.deepEqual(later.slice(0, 2), frozen.slice(0, 2));
		t.is(await fieldOf(runtime, 'a', 'status'), 'paused');
		const {held, milliseconds} = await freeze.thaw();
		t.true(held);
		t.true(milliseconds > 0);
		await grow(later, [0, 1, 2]);
		t.is(await fieldOf(runtime, 'a', 'status'), 'running');
	});

	test(title('freeze: the lease ends by itself, and the thaw says that it did not hold'), async t => {
		const {runtime} = await open(t, [script('a', forever)]);
		await runtime.start();
		const freeze = await runtime.freeze(['a'], {leaseMilliseconds: 2000});
		t.is(await fieldOf(runtime, 'a', 'status'), 'paused');
		await until('the guard has let it go on', async () => await fieldOf(runtime, 'a', 'status') === 'running');
		const {held} = await freeze.thaw();
		t.false(held);
	});

	test(title('freeze of what does not run is no error'), async t => {
		const {runtime} = await open(t, [script('a', forever)]);
		const freeze = await runtime.freeze(['a']);
		const {held} = await freeze.thaw();
		t.true(held);
	});

	test(title('names that are no service are refused'), async t => {
		const {runtime} = await open(t, [script('a', forever)]);
		for (const attempt of [
			async () => runtime.start(['../x']),
			async () => runtime.stop(['../x']),
			async () => runtime.freeze(['../x']),
			async () => runtime.exec('../x', ['true'], {stdio: 'pipe'}),
			async () => collect(runtime.logs({services: ['../x']})),
		]) {
			const error = await t.throwsAsync(attempt(), {instanceOf: CoppiceError});
			t.is(error.code, 'not-found');
		}
	});
};
