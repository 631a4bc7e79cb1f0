/**
Where a path inside a service is on the host. No I/O here.
*/
import path from 'node:path';
import type {Service} from './stack.ts';

const inside = (target: string, file: string): string | undefined => {
	const relative = path.posix.relative(target, file);
	return relative === '..' || relative.startsWith('../') ? undefined : relative;
};

/**
What a file inside a service is made from: a path on the host or, for a secret from the environment, its content.
`undefined` where it is in the image, or in a volume.
*/
export const hostFile = (service: Pick<Service, 'files' | 'mounts'>, file: string): {readonly path: string} | {readonly content: string} | undefined => {
	const shared = service.files?.find(({target}) => target === file);
	if (shared !== undefined) {
		return shared.source === undefined ? (shared.content === undefined ? undefined : {content: shared.content}) : {path: shared.source};
	}

	let best: {readonly length: number; readonly path: string | undefined} | undefined;
	for (const mount of service.mounts) {
		const relative = inside(mount.target, file);
		if (relative !== undefined && mount.target.length > (best?.length ?? -1)) {
			best = {length: mount.target.length, path: mount.kind === 'bind' ? path.join(mount.source, relative) : undefined};
		}
	}

	return best?.path === undefined ? undefined : {path: best.path};
};
