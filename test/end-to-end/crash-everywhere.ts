/**
Power cuts on the process runtime, at every step. A part of `npm run soak`.
*/
import test from 'ava';
import {testCrashes} from './crashes.ts';

testCrashes(test);
