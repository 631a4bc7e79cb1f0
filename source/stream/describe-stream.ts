/**
A stream in words and numbers, for people and scripts.
*/
import {bytePathToText} from './byte-path.ts';
import type {LeftOut} from './check-stream.ts';
import type {
	CommandName,
	StreamCommand,
	StreamPart,
	StreamTime,
} from './commands.ts';

/** A command as plain values: paths as text, data and attributes as their lengths. */
export type PlainCommand = {
	readonly offset: number;
	readonly type: StreamPart['command']['type'];
	readonly [key: string]: unknown;
};

const textKeys = new Set(['path', 'pathTo', 'pathLink', 'clonePath', 'xattrName']);

const timeText = ({seconds, nanoseconds}: StreamTime): string => {
	const date = new Date(seconds * 1000);
	const whole = Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().slice(0, 19);
	return `${whole}.${String(nanoseconds).padStart(9, '0')}${whole.includes('T') ? 'Z' : ''}`;
};

const plainValue = (key: string, value: unknown): unknown => {
	if (value instanceof Uint8Array) {
		return value.length;
	}

	if (textKeys.has(key)) {
		return bytePathToText(value as string);
	}

	return typeof value === 'object' && value !== null ? timeText(value as StreamTime) : value;
};

const plainKeys: Readonly<Record<string, string>> = {data: 'length', xattrData: 'length'};

export const toPlainCommand = ({offset, command}: StreamPart): PlainCommand => {
	const {type, ...values} = command;
	return {offset, type, ...Object.fromEntries(Object.entries(values).map(([key, value]) => [plainKeys[key] ?? key, plainValue(key, value)]))};
};

/** With the path as text. */
export const toPlainLeftOut = (leftOut: readonly LeftOut[]): readonly LeftOut[] => leftOut.map(entry => ({...entry, path: bytePathToText(entry.path)}));

/** Printed in digits of three bits. */
const modeKeys = new Set(['mode']);

/** One line: where, what, and every attribute that it has. Text is quoted where it has to be. */
export const describePart = (part: StreamPart): string => {
	const {offset, type, ...values} = toPlainCommand(part);
	const words = Object.entries(values).map(([key, value]) => {
		const text = modeKeys.has(key) ? `0${Number(value).toString(8)}` : String(value);
		return `${key}=${/^[\w%+,\-.\/:;@]+$/v.test(text) ? text : JSON.stringify(text)}`;
	});
	return [String(offset).padStart(12), type.padEnd(14), ...words].join(' ').trimEnd();
};

export type StreamStatistics = {
	readonly version: number;

	/** What it makes, and of what. */
	readonly kind: 'full' | 'increment';
	readonly name: string;
	readonly uuid: string;
	readonly baseUuid?: string;

	/** Bytes in all, and of data in writes. */
	readonly bytes: number;
	readonly dataBytes: number;
	readonly clonedBytes: number;
	readonly commands: Partial<Record<CommandName, number>>;

	/** Files that are written to, one after the other. */
	readonly filesWritten: number;
};

/** Adds up a stream, part by part. */
export class StreamCounter {
	readonly #commands: Partial<Record<CommandName, number>> = {};
	#version = 0;
	#bytes = 0;
	#dataBytes = 0;
	#clonedBytes = 0;
	#filesWritten = 0;
	#lastWritten: string | undefined;
	#first: Extract<StreamCommand, {type: 'subvol' | 'snapshot'}> | undefined;

	#countFile(path: string): void {
		if (path === this.#lastWritten) {
			return;
		}

		this.#lastWritten = path;
		this.#filesWritten++;
	}

	add({offset, size, command}: StreamPart): void {
		this.#bytes = offset + size;
		if (command.type === 'header') {
			this.#version = command.version;
			return;
		}

		this.#commands[command.type] = (this.#commands[command.type] ?? 0) + 1;
		switch (command.type) {
			case 'subvol':
			case 'snapshot': {
				this.#first ??= command;
				break;
			}

			case 'write':
			case 'encoded_write': {
				this.#dataBytes += command.data.length;
				this.#countFile(command.path);
				break;
			}

			case 'clone': {
				this.#clonedBytes += command.cloneLength;
				this.#countFile(command.path);
				break;
			}

			default:
		}
	}

	/** To be called when the stream has ended. */
	result(): StreamStatistics {
		const first = this.#first;
		return {
			version: this.#version,
			kind: first?.type === 'snapshot' ? 'increment' : 'full',
			name: bytePathToText(first?.path ?? ''),
			uuid: first?.uuid ?? '',
			...(first?.type === 'snapshot' && {baseUuid: first.cloneUuid}),
			bytes: this.#bytes,
			dataBytes: this.#dataBytes,
			clonedBytes: this.#clonedBytes,
			commands: this.#commands,
			filesWritten: this.#filesWritten,
		};
	}
}
