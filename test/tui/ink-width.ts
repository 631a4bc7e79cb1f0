/**
How wide a text is by the library that ink lays out by: a measure that the project's own has no part in.
*/
import {createRequire} from 'node:module';

// As ink finds it: another version may stand beside ink.
const requireAsInk = createRequire(import.meta.resolve('ink'));

export const inkWidth: (text: string) => number = (requireAsInk('string-width') as {default: (text: string) => number}).default;
