/**
What Node is told when it is started with this program, wherever that is: by the built file's first line, by the commands that `install.sh` and `host add` make,
and by the program itself.
*/

/**
The part of V8's heap for what lives shortly may have 1 MiB. It is cleaned when so much has been made, and only then is the memory outside of the heap given
back that it refers to, such as that of bytes that were read. With the 16 MiB that it may grow to otherwise, a transfer was measured to need 15 to 20 MiB more.
It has to be said at the start: see `bound-memory.ts` for what can be said later.
*/
export const nodeFlags = ['--max-semi-space-size=1'] as const;
