/**
The process is killed on Docker at every step of commit, reset, switch and switch --definition. A part of `npm run soak`.
*/
import test from 'ava';
import {testDockerCrashes} from './docker-crashes.ts';

await testDockerCrashes(test);
