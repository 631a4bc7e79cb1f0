/**
Turns one service of a checked compose file into a `Service`.
*/
import {modelledKeys, type RawService} from './compose-schema.ts';
import {readCommandLine, readSettings} from './service-commands.ts';
import {readDependencies} from './service-dependencies.ts';
import {readEnvironment} from './service-environment.ts';
import {readHealthCheck, readRestart} from './service-health.ts';
import {readFiles, readMounts} from './service-mounts.ts';
import {readPorts} from './service-ports.ts';
import {ServiceView, type BuildContext} from './service-view.ts';
import type {Service} from './stack.ts';

const unmodelledKeys = (raw: RawService): string[] => Object.keys(raw)
	.filter(key => !modelledKeys.has(key) && !key.startsWith('x-') && raw[key] !== undefined)
	.flatMap(key => key === 'deploy' ? Object.keys(raw.deploy ?? {}).map(part => `deploy.${part}`) : [key]);

/**
@throws CoppiceError `usage` with file, line, column and key for what is wrong in the service.
*/
export const buildService = (name: string, raw: RawService, context: BuildContext): Service => {
	const view = new ServiceView(name, raw, context);
	const settings = readSettings(view);
	if (raw.image === undefined && raw.build === undefined && settings.process === undefined && raw.provider === undefined) {
		throw view.error([], 'has neither an image nor a build', 'Name an image, or a command under x-coppice.process.');
	}

	if (raw.image?.trim() === '') {
		throw view.error(['image'], 'is empty');
	}

	const environment = readEnvironment(view);
	for (const file of [raw.label_file].flat()) {
		if (typeof file === 'string') {
			context.onRead?.(view.resolvePath(file, ['label_file']));
		}
	}

	const command = readCommandLine(view, 'command');
	const entrypoint = readCommandLine(view, 'entrypoint');
	const healthCheck = readHealthCheck(view);
	const files = readFiles(view);
	return {
		name,
		...(raw.image !== undefined && {image: raw.image}),
		...(raw.build !== undefined && {build: raw.build}),
		...(entrypoint && {entrypoint: entrypoint.words}),
		...(command && {command: command.words}),
		environment,
		ports: readPorts(view),
		mounts: readMounts(view),
		dependsOn: readDependencies(view),
		...(healthCheck && {healthCheck}),
		restart: readRestart(view),
		...(raw.stop_signal !== undefined && {stopSignal: String(raw.stop_signal)}),
		stopGraceMilliseconds: view.duration(['stop_grace_period'], raw.stop_grace_period) ?? 10_000,
		...(raw.user !== undefined && {user: String(raw.user)}),
		...(raw.working_dir !== undefined && {workingDirectory: raw.working_dir}),
		profiles: (raw.profiles ?? []).map(String),
		settings,
		...(files.length > 0 && {files}),
		...(command?.written && {writtenCommand: command.written}),
		...(entrypoint?.written && {writtenEntrypoint: entrypoint.written}),
		otherKeys: [...view.unmodelled, ...unmodelledKeys(raw)],
	};
};
