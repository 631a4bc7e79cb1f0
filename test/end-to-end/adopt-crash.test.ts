/**
The process is killed at every tenth step of taking over Docker volumes and giving them back. `npm run soak` kills it everywhere.
*/
import test from 'ava';
import {testAdoptionCrashes} from './adopt-crashes.ts';
import {atEvery} from './crash-tests.ts';

await testAdoptionCrashes(test, atEvery(10));
