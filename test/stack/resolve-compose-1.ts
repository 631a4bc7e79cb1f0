/**
Projects read by Compose 1. A file of its own: a process looks for its compose CLI once.
*/
import process from 'node:process';
import test from 'ava';
import {composeVariants} from '../fixtures/docker/engine.ts';
import {skipAloud} from '../fixtures/skip-aloud.ts';
import {resolveContract} from './resolve-contract.ts';

const variants = await composeVariants();
const variant = variants.find(({title}) => title === 'docker-compose 1');
if (variant === undefined) {
	skipAloud('Compose 1', 'it is not here (npm run setup fetches it)');
} else {
	Object.assign(process.env, variant.environment);
	resolveContract(test, variant.title, {isOld: true});
}
