/**
The process is killed on Docker at a few steps: containers paused, data swapped under them, services gone. `npm run soak` kills it everywhere.
*/
import test from 'ava';
import {testDockerCrashes} from './docker-crashes.ts';

await testDockerCrashes(test, name => ['commit frozen', 'storage-swapped', 'switch 0 after link data', 'definition services gone'].includes(name));
