/**
The process is killed on Docker where containers are being paused, stopped and started. `npm run soak` kills it everywhere.
*/
import test from 'ava';
import {testDockerCrashes} from './docker-crashes.ts';

await testDockerCrashes(test, name => ['commit frozen', 'storage-swapped', 'switch 0 after link data', 'definition services gone'].includes(name));
