/**
One call of the ZFS driver in a process of its own, so that the tests can kill it in the middle.

Run with one argument, JSON: `{"pool", "dataset", "method", "arguments"}`.
*/
import process from 'node:process';
import {createZfsDriver} from '../../source/storage/zfs/zfs-driver.ts';
import {callDriver, type ZfsOperation} from './zfs-call.ts';

const operation = JSON.parse(process.argv[2]!) as ZfsOperation;
await callDriver(await createZfsDriver(operation), operation);
