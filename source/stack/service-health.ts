/**
How a service is watched and stopped: `healthcheck` and `restart`.
*/
import type {ServiceView} from './service-view.ts';
import type {HealthCheck, RestartPolicy} from './stack.ts';

export const readHealthCheck = (view: ServiceView): HealthCheck | undefined => {
	const raw = view.raw.healthcheck;
	if (raw === undefined) {
		return undefined;
	}

	const timing = {
		intervalMilliseconds: view.duration(['healthcheck', 'interval'], raw.interval) ?? 30_000,
		timeoutMilliseconds: view.duration(['healthcheck', 'timeout'], raw.timeout) ?? 30_000,
		startPeriodMilliseconds: view.duration(['healthcheck', 'start_period'], raw.start_period) ?? 0,
		retries: raw.retries ?? 3,
	};
	if (raw.start_interval !== undefined) {
		view.duration(['healthcheck', 'start_interval'], raw.start_interval);
		view.unmodelled.push('healthcheck.start_interval');
	}

	if (raw.disable) {
		return undefined;
	}

	const {test} = raw;
	if (test === undefined) {
		// The image's own check with other times: only an engine that has the image can run it.
		view.unmodelled.push('healthcheck');
		return undefined;
	}

	if (typeof test === 'string') {
		return {command: ['/bin/sh', '-c', test], ...timing};
	}

	const [kind, ...words] = test;
	switch (kind) {
		case 'NONE': {
			return undefined;
		}

		case 'CMD': {
			if (words.length === 0) {
				throw view.error(['healthcheck', 'test'], 'has no command after "CMD"');
			}

			return {command: words, ...timing};
		}

		case 'CMD-SHELL': {
			if (words.length !== 1) {
				throw view.error(['healthcheck', 'test'], 'must have exactly one command line after "CMD-SHELL"');
			}

			return {command: ['/bin/sh', '-c', words[0]!], ...timing};
		}

		case undefined:
		default: {
			throw view.error(['healthcheck', 'test'], 'must begin with "CMD", "CMD-SHELL" or "NONE", or be one text');
		}
	}
};

export const readRestart = (view: ServiceView): RestartPolicy => {
	const {restart = 'no'} = view.raw;
	const match = /^on-failure(?::(?<count>\d+))?$/v.exec(restart);
	if (match !== null) {
		return {name: 'on-failure', ...(match.groups!.count !== undefined && {maximumRetries: Number(match.groups!.count)})};
	}

	const name = (['no', 'always', 'unless-stopped'] as const).find(policy => policy === restart);
	if (name !== undefined) {
		return {name};
	}

	throw view.error(['restart'], `${JSON.stringify(restart)} is not a restart policy; "no", "always", "unless-stopped", "on-failure" and "on-failure:3" are`);
};
