/**
Power cuts on the process runtime: see `crash-tests.ts`.
*/
import test from 'ava';
import {makeTestStack, type TestStack} from '../fixtures/test-stack.ts';
import {crashTests, prepareCrashStack, type CrashStack} from './crash-tests.ts';

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

for (const [title, run] of Object.entries(crashTests(() => stack))) {
	test.serial(title, run);
}
