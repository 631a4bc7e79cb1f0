/**
What failures of a connection mean for a database that is asked whether it is ready.
*/
import {CoppiceError} from '../system/errors.ts';
import type {
	DatabaseTarget,
	Endpoint,
	NotReadyKind,
	Readiness,
} from './database.ts';

export const notReady = (kind: NotReadyKind, reason: string): Readiness => ({ready: false, reason, kind});

/**
Where an endpoint is, as people write it.
*/
export const describeEndpoint = ({host, port, socket}: Endpoint): string => socket ?? `${host.includes(':') ? `[${host}]` : host}:${port}`;

/**
The code of a failure, of the operating system or of a server; empty where it has none.
*/
export const codeOf = (error: unknown): string => error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/**
A failure to connect that any server may give, or `undefined` where it is the engine's own.
*/
export const connectionFailure = (error: unknown, endpoint: Endpoint): Readiness | undefined => {
	switch (codeOf(error)) {
		case 'ECONNREFUSED':
		case 'ENOENT':
		case 'ENOTSOCK': {
			return notReady('absent', `nothing listens at ${describeEndpoint(endpoint)}`);
		}

		case 'EACCES':
		case 'EPERM': {
			return notReady('denied', `this user may not connect to ${describeEndpoint(endpoint)}`);
		}

		case 'ECONNRESET':
		case 'EPIPE': {
			return notReady('starting', 'the connection was closed; it starts or stops');
		}

		case 'ETIMEDOUT':
		case 'EHOSTUNREACH':
		case 'ENETUNREACH':
		case 'ENOTFOUND': {
			return notReady('absent', `${describeEndpoint(endpoint)} does not answer`);
		}

		default: {
			return undefined;
		}
	}
};

/**
The error for a checkpoint that could not be had.
*/
export const checkpointError = (
	target: Pick<DatabaseTarget, 'service'>,
	engine: string,
	why: string,
	options: {cause?: unknown; hint?: string; isDenied?: boolean} = {},
): CoppiceError =>
	new CoppiceError(options.isDenied ? 'permission' : 'failed', `${engine} of the service ${target.service.name} made no checkpoint: ${why}`, {
		service: target.service.name,
		hint: options.hint ?? 'The commit can be taken all the same: its data are those of a crash at that instant, from which the database recovers.',
		...(options.cause !== undefined && {cause: options.cause}),
	});
