/**
The process is killed at every step of taking over Docker volumes and giving them back. A part of `npm run soak`.
*/
import test from 'ava';
import {testAdoptionCrashes} from './adopt-crashes.ts';

await testAdoptionCrashes(test);
