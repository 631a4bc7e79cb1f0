/**
Images that a cloned stack needs and that are not here, each with how to get it.
*/
import type {ResultOf} from '../../host/agent-protocol.ts';
import type {HostRecord} from '../../host/host.ts';
import {connectEngine, hasStatus} from '../../runtime/docker/engine.ts';
import {recogniseService} from '../../runtime/process/known-images.ts';
import type {RuntimeName, Stack} from '../../stack/stack.ts';
import {quoteWord} from '../../system/quote-word.ts';

type Image = ResultOf<'definition'>['images'][number];

export type MissingImage = {
	readonly service: string;
	readonly image: string;

	/** Command lines, or a sentence: any of them helps. */
	readonly ways: readonly string[];
};

/**
How an image can be got. Pure.
*/
export const waysToGet = ({service, image, build}: Image, {kind, address, port}: HostRecord): string[] => {
	const ssh = ['ssh', ...port === undefined ? [] : ['-p', String(port)], address].map(word => quoteWord(word)).join(' ');
	return [
		build ? `docker compose build ${quoteWord(service)} (with the folder that it is built from, which is no part of a clone)` : `docker pull ${quoteWord(image)}`,
		...kind === 'ssh' && image !== '' ? [`${ssh} docker save ${quoteWord(image)} | docker load`] : [],
	];
};

/** What compose calls an image that it builds and nobody named; Compose 1 in its own way. */
const namesOf = ({service, image, build}: Image, stack: string): readonly string[] => {
	if (image !== '') {
		return [image];
	}

	return build ? [`${stack}-${service}`, `${stack}_${service}`] : [];
};

const isHere = async (docker: Awaited<ReturnType<typeof connectEngine>>['docker'], image: string): Promise<boolean> => {
	try {
		await docker.getImage(image).inspect();
		return true;
	} catch (error) {
		if (hasStatus(error, 404)) {
			return false;
		}

		throw error;
	}
};

export const findMissingImages = async (images: readonly Image[], stack: Stack, runtime: RuntimeName, host: HostRecord): Promise<MissingImage[]> => {
	if (runtime === 'process') {
		return Object.values(stack.services).filter(service => recogniseService(service) === undefined).map(({name, image = ''}) => ({
			service: name, image, ways: ['run it with Docker, or give it a command under `x-coppice` in the compose file'],
		}));
	}

	const {docker} = await connectEngine();
	const missing: MissingImage[] = [];
	for (const image of images) {
		const names = namesOf(image, stack.name);
		const found = await Promise.all(names.map(async name => isHere(docker, name)));
		const [name] = names;
		if (name !== undefined && !found.includes(true)) {
			missing.push({service: image.service, image: name, ways: waysToGet({...image, image: name}, host)});
		}
	}

	return missing;
};
