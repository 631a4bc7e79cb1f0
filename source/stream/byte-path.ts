/**
Paths as the file system has them: bytes, in no certain encoding. Here such a path is a string with one character a byte
(latin1), so that it can be split, joined, compared and be the key of a map without losing a byte.
*/
import {Buffer} from 'node:buffer';
import type {PathLike} from 'node:fs';

/** A path with one character a byte. Not for people: see `bytePathToText`. */
export type BytePath = string;

/** The path as people write it; bytes that are no UTF-8 become U+FFFD. */
export const bytePathToText = (path: BytePath): string => isAscii(path) ? path : Buffer.from(path, 'latin1').toString('utf8');

export const textToBytePath = (text: string): BytePath => isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');

/** What the functions of `node:fs` take. */
export const bytePathToNode = (path: BytePath): PathLike => isAscii(path) ? path : Buffer.from(path, 'latin1');

/** Whether the path survives as text: whether a program can be given it as an argument. */
export const isTextPath = (path: BytePath): boolean => textToBytePath(bytePathToText(path)) === path;

const isAscii = (text: string): boolean => /^[\0-\u{7F}]*$/v.test(text);
