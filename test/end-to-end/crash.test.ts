/**
Power cuts on the process runtime, at every third step. `npm run soak` cuts everywhere.
*/
import test from 'ava';
import {atEveryThird} from './crash-tests.ts';
import {testCrashes} from './crashes.ts';

testCrashes(test, atEveryThird);
