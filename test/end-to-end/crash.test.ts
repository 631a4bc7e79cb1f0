/**
Power cuts on the process runtime, see `crash-tests.ts`: at every step in the soak, at every sixteenth in `npm test`.
*/
import test from 'ava';
import {some} from '../fixtures/soak.ts';
import {makeTestStack, type TestStack} from '../fixtures/test-stack.ts';
import {
	crashTests,
	prepareCrashStack,
	type CrashStack,
} from './crash-tests.ts';

let made: TestStack;
let stack: CrashStack;

test.before(async () => {
	made = await makeTestStack();
	stack = {...made, name: 'shop'};
	await prepareCrashStack(stack);
});

test.after.always(async () => {
	await made?.dispose();
});

for (const [title, run] of Object.entries(crashTests(() => stack, failpoints => some(failpoints, 16)))) {
	test.serial(title, async t => {
		t.timeout(900_000);
		await run(t);
	});
}
