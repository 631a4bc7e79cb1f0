import test from 'ava';
import {renderCommit} from '../../../source/cli/handlers/commit.ts';
import {logEntryToJson} from '../../../source/cli/render/log.ts';
import type {Measure} from '../../../source/history/history.ts';
import {idOf, logEntry, plainView} from '../fixtures/samples.ts';

const whole = (bytes: number) => ({changedBytes: bytes, changedFiles: 0});

const render = (measure: Measure, parents: readonly string[]): string => {
	const [, second = ''] = renderCommit({commit: logEntry('aaaa1111', 'A state', {parents}), measure, notices: []}, plainView).split('\n', 2);
	return second;
};

const first: Measure = {...whole(48_000_000), volumes: {data: whole(48_000_000)}};
const mixed: Measure = {changedBytes: 3072, changedFiles: 2, volumes: {data: {changedBytes: 2048, changedFiles: 2}, cache: whole(1024)}};
const counted: Measure = {changedBytes: 2048, changedFiles: 2, volumes: {data: {changedBytes: 2048, changedFiles: 2}}};
const nothing: Measure = {...whole(0), volumes: {data: whole(0)}};

test('what changed, with its files where they were counted', t => {
	const parents = [idOf('bbbb2222')];
	t.is(render(counted, parents), '2 KiB changed in 2 files; quiesced, writers stood still for 12 ms');
	t.is(render(nothing, parents), '0 B changed in 0 files; quiesced, writers stood still for 12 ms');
});

test('of a first commit all is new, and no files are said to be changed', t => {
	t.is(render(first, []), '45.8 MiB, all of it new; quiesced, writers stood still for 12 ms');
});

test('where a volume is new, or what it came from was pruned, the count is left out', t => {
	const parents = [idOf('bbbb2222')];
	t.is(render(first, parents), '45.8 MiB changed; quiesced, writers stood still for 12 ms');
	t.is(render(mixed, parents), '3 KiB changed; quiesced, writers stood still for 12 ms');
});

test('for programs, files that were not counted are null', t => {
	t.is(logEntryToJson(logEntry('aaaa1111', 'First', {measure: first})).changedFiles, null);
	t.is(logEntryToJson(logEntry('aaaa1111', 'First', {measure: counted})).changedFiles, 2);
});
