/**
How this program starts itself: for another pool of this machine, and for what it is to put on another host.
*/
import process from 'node:process';
import {nodeFlags} from '../system/node-flags.ts';

/** What was started as `coppice`, or what `COPPICE_ENTRY` names. */
export const ownEntry = (environment: NodeJS.ProcessEnv = process.env): string => environment.COPPICE_ENTRY ?? process.argv[1] ?? '';

/**
The first words of a command line of this program.
*/
export const ownCommand = (environment: NodeJS.ProcessEnv = process.env): readonly [file: string, ...words: string[]] =>
	[process.execPath, ...nodeFlags, ownEntry(environment)];
