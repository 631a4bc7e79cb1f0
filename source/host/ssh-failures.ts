/**
What ssh says when it fails, as an error that names the host and the next step. ssh exits with 255 for its own failures (ssh(1)) and says why on
its standard error; there is nothing else to go by.
*/
import process from 'node:process';
import {CoppiceError} from '../system/errors.ts';
import {plainText} from './agent-errors.ts';
import {hostOf} from './ssh-address.ts';
import {quoteWord, type SshTarget} from './ssh.ts';

/** The exit code of ssh itself; a command over there may have it too. */
export const sshFailed = 255;

export type SshFailure = {
	readonly name: string;
	readonly target: SshTarget;
	readonly stderr: string;
};

type Explanation = {readonly what: string; readonly hint: string};
type Place = {readonly target: SshTarget; readonly known: string; readonly login: string; readonly scan: string};

const cases: ReadonlyArray<readonly [RegExp, (place: Place) => Explanation]> = [
	[/remote host identification has changed|host key for .* has changed/iv, ({known, scan}) => ({
		what: 'its host key is not the one that it had before: somebody may be in between',
		hint: `Ask its owner whether it was installed anew. If so, compare the fingerprint (\`${scan}\`) and forget the old key: \`ssh-keygen -R ${quoteWord(known)}\`.`,
	})],
	[/host key verification failed|no \S+ host key is known|authenticity of host .* can't be established/iv, ({login, scan}) => ({
		what: 'its host key is not known here yet',
		hint: `See its fingerprint with \`${scan}\`, compare it with what its owner says, and log in once on a terminal to take it: \`${login}\`.`,
	})],
	[/could not resolve hostname|name or service not known|temporary failure in name resolution/iv, ({target}) => ({
		what: `there is no machine by the name ${hostOf(target.address)}`,
		hint: 'Check the address and the network; `coppice host add` with the same name takes another address.',
	})],
	[/connection refused/iv, ({target}) => ({
		what: `nothing answers at port ${target.port ?? 22}`,
		hint: 'Check that sshd runs there, and the port: `coppice host add NAME USER@HOST:PORT` takes another.',
	})],
	[/not responding|connection (?:reset|closed)|connection to \S+ closed by remote host|broken pipe|kex_exchange_identification|control socket|mux_client|read from remote host/iv, () => ({
		what: 'the connection was lost',
		hint: 'Run the command again when the line is back: what has come through is kept.',
	})],
	[/timed out|operation timed out/iv, () => ({
		what: 'it did not answer within 10 s',
		hint: 'Check that it is on and that the network lets ssh through.',
	})],
	[/no route to host|network is unreachable|host is down/iv, () => ({
		what: 'no network leads there',
		hint: 'Check the network, and a VPN that it may need.',
	})],
	[/too many authentication failures/iv, () => ({
		what: 'it was offered too many keys',
		hint: 'Name the right key for it in ~/.ssh/config: `IdentityFile` and `IdentitiesOnly yes`.',
	})],
	[/permission denied/iv, ({login}) => ({
		what: 'it does not take this user\'s key',
		hint: `Make \`${login}\` work without a password: an agent (\`ssh-add\`), \`ssh-copy-id\`, or \`IdentityFile\` in ~/.ssh/config.`,
	})],
	[/bad configuration option|bad owner or permissions|terminating, \d+ bad configuration options|can't open user config file/iv, () => ({
		what: 'ssh does not take its configuration here',
		hint: 'Mend what ssh says about ~/.ssh/config.',
	})],
];

const placeOf = (target: SshTarget): Place => {
	const host = hostOf(target.address);
	const port = target.port === undefined ? [] : ['-p', String(target.port)];
	const words = (...all: string[]): string => all.map(word => quoteWord(word)).join(' ');
	const config = process.env.COPPICE_SSH_CONFIG;
	return {
		target,
		known: target.port === undefined || target.port === 22 ? host : `[${host}]:${target.port}`,
		login: words('ssh', ...(config === undefined ? [] : ['-F', config]), ...port, target.address),
		scan: `${words('ssh-keyscan', ...port, host)} | ssh-keygen -lf -`,
	};
};

/** What ssh adds to what it has to say. */
const isChatter = (line: string): boolean => line === '' || /^(?:Warning: Permanently added|@{5}|debug\d:)/v.test(line);

/**
Whether a line is one of ssh's own about a connection that could not be made or was lost, as far as can be told.
*/
export const isSshComplaint = (line: string): boolean => cases.some(([pattern]) => pattern.test(line));

/**
The failure of an ssh that ended with 255. Always of the code `host`: what could not be reached is not what has nothing.
*/
export const explainSshFailure = ({name, target, stderr}: SshFailure): CoppiceError => {
	const said = plainText(stderr).split('\n').map(line => line.trim()).filter(line => !isChatter(line)).join('\n');
	const place = placeOf(target);
	const explain = cases.find(([pattern]) => pattern.test(said))?.[1];
	const {what, hint} = explain?.(place) ?? {
		what: said === '' ? 'ssh failed without a word' : `ssh failed: ${said.split('\n').at(-1) ?? ''}`,
		hint: `See what \`${place.login}\` says.`,
	};
	return new CoppiceError('host', `The host ${name} can't be reached: ${what}.`, {host: name, stderr: said, hint});
};

/**
Whether ssh could not go on without asking somebody: for a host key that is not known yet, a password, or the passphrase of a key.
*/
export const needsTerminal = (error: unknown): boolean =>
	error instanceof CoppiceError && error.code === 'host' && /host key verification failed|no \S+ host key is known|permission denied/iv.test(error.context.stderr ?? '')
	&& !/remote host identification has changed/iv.test(error.context.stderr ?? '');

/**
The connection is gone while something was going on.
*/
export const connectionLost = (name: string, stderr = ''): CoppiceError => new CoppiceError('host', `The connection to the host ${name} was lost.`, {
	host: name, ...(stderr !== '' && {stderr: plainText(stderr)}), hint: 'Run the command again when it is back: what has come through is kept.',
});
