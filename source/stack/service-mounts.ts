/**
What a service mounts: `volumes`, `tmpfs`, and the files of `secrets` and `configs`.
*/
import path from 'node:path';
import {CoppiceError} from '../system/errors.ts';
import {checkName} from '../system/names.ts';
import {suggestion} from './closest-name.ts';
import {isHostPath, mountOptions, splitMount} from './mounts.ts';
import {nodeAt, type KeyPath} from './source-tree.ts';
import type {ServiceView} from './service-view.ts';
import type {Mount, ServiceFile} from './stack.ts';

const volumeAt = (view: ServiceView, name: string, keyPath: KeyPath): string => {
	const defined = view.context.raw.volumes ?? {};
	try {
		checkName('volume', name);
	} catch (error) {
		if (error instanceof CoppiceError) {
			throw view.error(keyPath, error.message.replace(/\.$/v, ''), `${error.hint ?? ''} A folder of the host begins with "./" or "/".`.trim());
		}

		throw error;
	}

	if (!Object.hasOwn(defined, name)) {
		throw view.error(keyPath, `the volume ${JSON.stringify(name)} is not defined under "volumes" at the top${suggestion(name, Object.keys(defined))}`, `Add it under "volumes" at the top, or write "./${name}" for a folder of the host.`);
	}

	return name;
};

const targetAt = (view: ServiceView, text: string | undefined, keyPath: KeyPath): string => {
	if (!text?.startsWith('/')) {
		throw view.error(keyPath, text === undefined ? 'needs a "target"' : `${JSON.stringify(text)} is not an absolute path inside the service`);
	}

	return path.posix.normalize(text).replace(/(?<=.)\/$/v, '');
};

const shortMount = (view: ServiceView, text: string, keyPath: KeyPath): Mount => {
	const split = splitMount(text);
	if (split === undefined) {
		throw view.error(keyPath, `${JSON.stringify(text)} is not a mount`, 'Write it as "data:/var/lib/data", "./folder:/data" or "./folder:/data:ro".');
	}

	if (/^\p{Letter}:/v.test(text)) {
		throw view.error(keyPath, `${JSON.stringify(text)}: compose takes one letter before a colon for a drive of Windows`, 'Give the volume a longer name.');
	}

	const {source, options} = split;
	const unknown = options.find(option => !mountOptions.includes(option));
	if (unknown !== undefined) {
		throw view.error(keyPath, `${JSON.stringify(unknown)} is not an option of a mount${suggestion(unknown, mountOptions)}`);
	}

	const target = targetAt(view, split.target, keyPath);
	if (source === undefined) {
		return {kind: 'anonymous', target};
	}

	const rest = {target, readOnly: options.includes('ro')};
	return isHostPath(source) ? {kind: 'bind', source: view.resolvePath(source, keyPath), ...rest} : {kind: 'volume', volume: volumeAt(view, source, keyPath), ...rest};
};

export const readMounts = (view: ServiceView): Mount[] => {
	const mounts = (view.raw.volumes ?? []).flatMap((mount, index): Mount[] => {
		const keyPath = ['volumes', index];
		if (typeof mount === 'string') {
			return [shortMount(view, mount, keyPath)];
		}

		const {source, read_only: readOnly = false, type = 'volume'} = mount;
		const target = targetAt(view, mount.target, mount.target === undefined ? keyPath : [...keyPath, 'target']);
		switch (type) {
			case 'volume': {
				if (mount.volume?.subpath !== undefined) {
					view.unmodelled.push(`volumes[${index}].volume.subpath`);
				}

				return [source === undefined
					? {kind: 'anonymous', target}
					: {
						kind: 'volume', volume: volumeAt(view, source, [...keyPath, 'source']), target, readOnly,
					}];
			}

			case 'bind': {
				if (source === undefined) {
					throw view.error(keyPath, 'needs a "source"');
				}

				return [{
					kind: 'bind', source: view.resolvePath(source, [...keyPath, 'source']), target, readOnly,
				}];
			}

			case 'tmpfs': {
				return [{kind: 'tmpfs', target}];
			}

			case 'npipe':
			case 'cluster':
			case 'image': {
				view.unmodelled.push(`volumes[${index}] (${type})`);
				return [];
			}

			default: {
				throw view.error([...keyPath, 'type'], `${JSON.stringify(type)} is not a kind of mount; "volume", "bind", "tmpfs" and "image" are`);
			}
		}
	});

	const {tmpfs = []} = view.raw;
	const temporary = Array.isArray(tmpfs) ? tmpfs : [tmpfs];
	for (const [index, text] of temporary.entries()) {
		const keyPath = Array.isArray(tmpfs) ? ['tmpfs', index] : ['tmpfs'];
		mounts.push({kind: 'tmpfs', target: targetAt(view, String(text).split(':', 1)[0], keyPath)});
	}

	return mounts;
};

export const readFiles = (view: ServiceView): ServiceFile[] => {
	const files: ServiceFile[] = [];
	for (const [section, folder] of [['secrets', '/run/secrets/'], ['configs', '/']] as const) {
		const defined = view.context.raw[section] ?? {};
		for (const [index, grant] of (view.raw[section] ?? []).entries()) {
			const {source: name, target = name} = typeof grant === 'string' ? {source: grant} : grant;
			if (!Object.hasOwn(defined, name)) {
				throw view.error([section, index], `${JSON.stringify(name)} is not defined under "${section}" at the top${suggestion(name, Object.keys(defined))}`);
			}

			const definition = defined[name];
			const {place} = nodeAt(view.context.root, [section, name]) ?? view.context.root;
			const content = definition?.content === undefined
				? (definition?.environment === undefined ? undefined : view.context.environment[definition.environment])
				: String(definition.content);
			files.push({
				target: target.startsWith('/') ? target : `${folder}${target}`,
				...(definition?.file !== undefined && {source: path.resolve(place.source.folder, definition.file)}),
				...(content !== undefined && {content}),
			});
		}
	}

	return files;
};
