/**
Power cuts on the process runtime: see `crash-tests.ts`.
*/
import type {TestFn} from 'ava';
import {makeTestStack, type TestStack} from '../fixtures/test-stack.ts';
import {
	crashTests,
	prepareCrashStack,
	type CrashStack,
	type IsCut,
} from './crash-tests.ts';

/**
@param isCut - At which failpoints the process is killed; at all of them unless told.
*/
export const testCrashes = (test: TestFn, isCut?: IsCut): void => {
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

	for (const [title, run] of Object.entries(crashTests(() => stack, isCut))) {
		test.serial(title, async t => {
			t.timeout(900_000);
			await run(t);
		});
	}
};
