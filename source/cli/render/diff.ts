/**
What differs between two states of a stack.
*/
import type {
	DefinitionChange,
	DiffResult,
	Drift,
	VolumeDiff,
} from '../../actions/diff.ts';
import {
	formatBytes,
	formatCount,
	printable,
	shortId,
} from '../output/format.ts';
import type {Format} from '../output/style.ts';
import {renderTable} from '../output/table.ts';
import type {View} from '../output/view.ts';

type FileKind = VolumeDiff['files'][number]['kind'];

const letters: Readonly<Record<FileKind, string>> = {
	added: 'A', removed: 'D', modified: 'M', renamed: 'R', metadata: 'm',
};

const colors: Readonly<Record<FileKind | VolumeDiff['kind'], Format>> = {
	added: 'green', removed: 'red', modified: 'yellow', renamed: 'cyan', metadata: 'dim', changed: 'yellow', same: 'dim',
};

const renderVolume = ({
	name, kind, bytes, fileCount, files,
}: VolumeDiff, {style}: View): string => {
	const size = kind === 'same' || kind === 'removed' ? '' : `  ${formatBytes(bytes)} in ${formatCount(fileCount, 'file')}`;
	const table = renderTable(files.map(file => [
		style[colors[file.kind]](letters[file.kind]),
		file.from === undefined ? printable(file.path) : `${printable(file.from)} → ${printable(file.path)}`,
		file.bytes === 0 ? '' : style.dim(formatBytes(file.bytes)),
	]), {indent: 2, alignRight: [2]});
	const more = files.length > 0 && fileCount > files.length
		? [style.dim(`  … and ${formatCount(fileCount - files.length, 'more file')}: --limit ${fileCount} lists all`)]
		: [];
	return [`${style.bold(name)}  ${style[colors[kind]](kind)}${size}`, ...table === '' ? [] : [table], ...more].join('\n');
};

const renderDefinition = (changes: readonly DefinitionChange[], {style}: View): string[] => changes.length === 0
	? []
	: ['', style.bold('Definition'), ...changes.map(({key, from, to}) => `  ${key}: ${style.red(from ?? 'absent')} → ${style.green(to ?? 'absent')}`)];

const driftWords = ({kind, from, to}: Drift): string => {
	switch (kind) {
		case 'definition': {
			return 'runs by another definition than the compose file has now; `coppice up` makes it anew';
		}

		case 'image': {
			return `runs image ${imageId(to)}; the commit was made with ${imageId(from)}`;
		}

		case 'image-name': {
			return `runs image ${imageId(from)}; its name stands for ${imageId(to)} now`;
		}

		case 'unknown-service': {
			return 'runs, and the compose file has no such service';
		}
	}
};

const imageId = (id = ''): string => id.replace(/^sha256:/v, '').slice(0, 12);

const renderDrift = (drift: readonly Drift[], {style}: View): string[] => drift.length === 0
	? []
	: ['', style.bold('What runs'), ...drift.map(found => `  ${found.service} ${driftWords(found)}`)];

export const renderDiff = (result: DiffResult, view: View): string => {
	const {style} = view;
	const {from, to, volumes, definition, drift} = result;
	const header = `${style.yellow(shortId(from))} → ${typeof to === 'string' ? style.yellow(shortId(to)) : 'live data'}`;
	return definition.length === 0 && drift.length === 0 && volumes.every(volume => volume.kind === 'same') ? `${header}: no difference` : [header, ...volumes.map(volume => renderVolume(volume, view)), ...renderDefinition(definition, view), ...renderDrift(drift, view)].join('\n');
};
