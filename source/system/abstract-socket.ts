/**
Names that one process at a time can have: Unix sockets in the abstract namespace of Linux (unix(7)), which no file stands for and which the kernel
frees however their holder dies.
*/
import net from 'node:net';
import {isSystemError} from './errors.ts';

export type HeldSocket = {
	/** Gives the name up, and then ends the connections: whoever is told finds it free. */
	readonly release: () => Promise<void>;
};

/**
Takes a name if it is free. Neither the name nor a connection keeps this process alive.

@param address - Begins with a zero byte; at most 107 bytes.
@param onConnection - Told of everybody who connects. What they send is thrown away.
@returns `undefined` where another process, or other code of this one, has it.
*/
export const holdSocket = async (address: string, onConnection: (socket: net.Socket) => void): Promise<HeldSocket | undefined> => {
	const sockets = new Set<net.Socket>();
	const server = net.createServer(socket => {
		sockets.add(socket);
		socket.unref();
		socket.on('error', () => {
			// Whoever connected went away.
		});
		socket.on('close', () => {
			sockets.delete(socket);
		});
		socket.resume();
		onConnection(socket);
	});
	try {
		await new Promise<void>((resolve, reject) => {
			server.once('error', reject);
			server.listen(address, resolve);
		});
	} catch (error) {
		if (isSystemError(error, 'EADDRINUSE')) {
			return undefined;
		}

		throw error;
	}

	server.unref();
	return {
		release: async () => new Promise(resolve => {
			server.close(() => {
				resolve();
			});
			for (const socket of sockets) {
				socket.destroy();
			}
		}),
	};
};
