/**
SHA-256 of short texts (FIPS 180-4), for names and ids. Node's own takes longer to load than `status` has for all of this.
*/
import {sha256} from '@noble/hashes/sha2.js';
import {bytesToHex, utf8ToBytes} from '@noble/hashes/utils.js';

/**
64 hexadecimal digits.
*/
export const sha256Hex = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));
