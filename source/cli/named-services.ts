/**
The services that a verb was told to work on.
*/
import type {Input} from './verb.ts';

/** `undefined` for all of them. */
export const namedServices = ({arguments: services}: Input<object>): readonly string[] | undefined => services.length === 0 ? undefined : services;
