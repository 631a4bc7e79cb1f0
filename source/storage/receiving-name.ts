/**
What is being received is made under a name that says so, and by which process: others leave it alone while that runs, and remove it after.
*/
import {randomBytes} from 'node:crypto';
import {isAlive, processMark} from './process-mark.ts';

const prefix = 'receiving-';

/** A name for a staged clone that is to become a snapshot. */
export const newReceivingName = (): string => `${prefix}${processMark()}-${randomBytes(4).toString('hex')}`;

export const isReceivingName = (name: string): boolean => name.startsWith(prefix);

/** Whether it was left by a process that is gone. */
export const isAbandoned = (name: string): boolean => isReceivingName(name) && !isAlive(name.slice(prefix.length));
