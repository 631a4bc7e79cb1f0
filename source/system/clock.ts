/**
A clock that never jumps. The one of `node:perf_hooks` takes as long to load as everything else that `status` needs.
*/
import process from 'node:process';

/**
Milliseconds since some moment.
*/
export const monotonicNow = (): number => Number(process.hrtime.bigint()) / 1e6;
