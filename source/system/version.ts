/**
The version of the program, put in by the build.
*/
declare const coppiceVersion: string | undefined;

export const version = typeof coppiceVersion === 'string' ? coppiceVersion : 'development';
