/**
What the process runtime can't honour in a stack: said, never dropped in silence. Pure.
*/
import type {Service, Stack} from '../../stack/stack.ts';
import {recogniseService, type KnownService} from './known-images.ts';

/** Keys that change nothing for a process of the host: names, labels, what only concerns containers or images. */
const harmless = new Set([
	'annotations',
	'attach',
	'container_name',
	'domainname',
	'env_file',
	'expose',
	'extends',
	'hostname',
	'init',
	'label_file',
	'labels',
	'logging',
	'platform',
	'pull_policy',
	'shm_size',
	'stdin_open',
	'tty',
	'stop_grace_period',
	'x-coppice',
]);

/** A notice for keys that deserve more than "has no effect". */
const explained: Readonly<Record<string, string>> = {
	networks: 'services share the host\'s network; they reach each other at their published ports and not by name',
	network_mode: 'services share the host\'s network',
	links: 'services reach each other at their published ports and not by name',
	deploy: 'limits and replicas have no effect; one process runs',
	secrets: 'mount the files in `volumes:` instead',
	configs: 'mount the files in `volumes:` instead',
	privileged: 'services run as unprivileged users',
	cap_add: 'services run as unprivileged users',
};

const isUsed = (known: KnownService, target: string): boolean =>
	known.usedTargets.some(used => used === '/' || target === used || target.startsWith(`${used}/`));

/**
Whether a mounted path is named in the service's command, where it is replaced by the host's.
*/
const isNamed = (service: Service, target: string): boolean =>
	[...service.command ?? [], ...Object.values(service.environment)].some(word => word.includes(target));

const noticesOfKnown = (service: Service, known: KnownService): string[] => {
	const {name} = service;
	const notices: string[] = [];
	for (const mount of service.mounts) {
		if (!isUsed(known, mount.target) && !isNamed(service, mount.target) && mount.kind !== 'tmpfs') {
			notices.push(`${name}: the mount at ${mount.target} has no effect, since the server of this host does not look there.`);
		} else if (mount.kind === 'bind' && mount.readOnly && known.recipe === 'custom') {
			notices.push(`${name}: the mount at ${mount.target} is not read-only for a process of the host.`);
		}
	}

	for (const {target, protocol} of service.ports) {
		if (known.port !== undefined && (protocol !== 'tcp' || target !== known.port)) {
			notices.push(`${name}: port ${target}/${protocol} is not published, since only port ${known.port} is known of this image.`);
		}
	}

	const published = new Set(service.ports.filter(({target}) => target === known.port).map(port => port.published));
	if (known.port !== undefined && published.size > 1) {
		notices.push(`${name}: port ${known.port} is published once, on the first of its mappings; a process listens on one port.`);
	}

	if (service.entrypoint !== undefined && known.recipe !== 'custom') {
		notices.push(`${name}: \`entrypoint\` has no effect, since the server of this host is started directly.`);
	}

	if (service.environment.POSTGRES_INITDB_WALDIR !== undefined) {
		notices.push(`${name}: POSTGRES_INITDB_WALDIR has no effect; the log stays with the data, so that a commit has both.`);
	}

	return notices;
};

/**
One sentence for each thing that this runtime can't honour.
*/
export const processNotices = (stack: Stack): string[] => {
	const notices: string[] = [];
	for (const service of Object.values(stack.services)) {
		const {name} = service;
		const known = recogniseService(service);
		if (known === undefined) {
			const what = service.build === undefined ? `the image ${service.image ?? '(none)'} is none that this runtime knows` : 'it is built from a Dockerfile';
			notices.push(`${name} is not run: ${what}. Say how to run it in \`x-coppice.process.command\`, or use the docker runtime.`);
			continue;
		}

		notices.push(...noticesOfKnown(service, known));
		for (const key of service.otherKeys) {
			if (harmless.has(key.split('.', 1)[0] ?? key)) {
				continue;
			}

			const reason = explained[key] ?? explained[key.split('.', 1)[0] ?? key];
			notices.push(`${name}: \`${key}\` has no effect in the process runtime${reason === undefined ? '' : `: ${reason}`}.`);
		}
	}

	return notices;
};
