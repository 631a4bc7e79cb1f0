/**
What is being received is made under a name that says so, and by which process: others leave it alone while that runs, and remove it after.
*/
import {randomBytes} from 'node:crypto';
import {isMarkAlive, processMark} from '../system/process-table.ts';

const prefix = 'receiving-';

/** A name for a staged clone that is to become a snapshot. */
export const newReceivingName = (): string => `${prefix}${processMark()}-${randomBytes(4).toString('hex')}`;

export const isReceivingName = (name: string): boolean => name.startsWith(prefix);

/** Whether it was left by a process that is gone. */
export const isAbandoned = (name: string): boolean => isReceivingName(name) && !isMarkAlive(name.slice(prefix.length));
