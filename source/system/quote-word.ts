/**
Words of a command line as a shell reads them.
*/

/** As it is where it is harmless, else in single quotes. */
export const quoteWord = (word: string): string => /^[\w%+,\-.\/:=@]+$/v.test(word) ? word : `'${word.replaceAll('\'', String.raw`'\''`)}'`;
