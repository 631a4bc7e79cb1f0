/**
Power cuts on the process runtime, at every eighth step. `npm run soak` cuts everywhere.
*/
import test from 'ava';
import {atEvery} from './crash-tests.ts';
import {testCrashes} from './crashes.ts';

testCrashes(test, atEvery(8));
