/**
Does a database take connections? The first bytes of its own protocol, without signing in: enough for a health check where the
engine's own client is not on this host.
*/
import {Buffer} from 'node:buffer';
import net from 'node:net';

export type Engine = 'postgres' | 'redis' | 'mariadb';

export type AcceptTarget =
	| {readonly path: string}
	| {readonly host: string; readonly port: number};

/**
Postgres: a startup message (protocol 3.0), answered with `R` when a client may sign in and with an error of class 57P03 while it starts.
<https://www.postgresql.org/docs/current/protocol-message-formats.html>

@param user - A role that is there: the server logs each visit of one that is not.
*/
const postgresGreeting = (user: string): Buffer => {
	const parameters = Buffer.from(`user\0${user}\0database\0postgres\0application_name\0coppice health\0\0`);
	const head = Buffer.alloc(8);
	head.writeInt32BE(8 + parameters.length, 0);
	head.writeInt32BE(196_608, 4);
	return Buffer.concat([head, parameters]);
};

const greeting: Readonly<Record<Engine, (user: string) => Buffer | undefined>> = {
	postgres: postgresGreeting,
	redis: () => Buffer.from('PING\r\n'),
	// The server speaks first.
	mariadb: () => undefined,
};

const isAccepting: Readonly<Record<Engine, (answer: Buffer) => boolean>> = {
	postgres: answer => answer[0] === 0x52 || (answer[0] === 0x45 && !answer.includes('57P03')),
	redis: answer => answer.toString('latin1').startsWith('+PONG') || answer.toString('latin1').startsWith('-NOAUTH'),
	// Initial handshake packet: length (3 bytes), sequence, protocol version 10.
	mariadb: answer => answer[4] === 10,
};

/**
Connects once and looks at the first answer. Never throws.

@param user - Of the database, where it is not called as the engine.
*/
export const accepts = async (
	engine: Engine,
	target: AcceptTarget,
	timeoutMilliseconds: number,
	user: string = engine,
): Promise<boolean> => new Promise(resolve => {
	const socket = net.connect(target);
	const finish = (value: boolean): void => {
		socket.destroy();
		resolve(value);
	};

	socket.setTimeout(timeoutMilliseconds, () => {
		finish(false);
	});
	socket.on('error', () => {
		finish(false);
	});
	socket.once('end', () => {
		finish(false);
	});
	socket.once('connect', () => {
		const first = greeting[engine](user);
		if (first) {
			socket.write(first);
		}
	});
	socket.once('data', answer => {
		finish(isAccepting[engine](answer));
	});
});
