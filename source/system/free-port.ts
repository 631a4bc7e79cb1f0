/**
Finds ports of this machine that nobody listens on.
*/
import net from 'node:net';
import {isSystemError} from './errors.ts';

const highestPort = 65_535;

const isTaken = async (port: number): Promise<boolean> => new Promise(resolve => {
	const server = net.createServer();
	server.once('error', error => {
		// One that this user may not listen on says nothing of who does.
		resolve(isSystemError(error, 'EADDRINUSE'));
	});
	server.listen({host: '127.0.0.1', port, exclusive: true}, () => {
		server.close(() => {
			resolve(false);
		});
	});
});

/**
The first port from `wished` on that is free on the loopback address and not among `taken`; `wished` itself where there is none.
Another program may take it before it is used.
*/
export const freePortFrom = async (wished: number, taken: readonly number[] = []): Promise<number> => {
	for (let port = wished; port <= highestPort; port++) {
		if (!taken.includes(port) && !await isTaken(port)) {
			return port;
		}
	}

	return wished;
};
