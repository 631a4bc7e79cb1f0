/**
What a client of sshd asked for, where `authorized_keys` forces `coppice serve --policy NAME` upon it. Nothing here does I/O, and nothing that the
client says is ever run: its words only choose one of three things to do, under the policy.
*/
import {CoppiceError} from '../../system/errors.ts';

export type AgentEntry = 'serve' | 'send' | 'receive';

/**
One word for the engine (in single quotes where it holds a space, say), perhaps behind `sudo -n`, then one word for what it is to do: the command lines that
Coppice itself sends. Nothing that a shell would understand, no option, no line break, nothing before or after.
*/
const commandLine = /^(?:sudo -n )?(?:[\w.\/~][\w+\-.\/@]{0,1023}|'[^\p{Control}'\u{2028}\u{2029}]{1,1024}') (?<entry>serve|send|receive)$/v;

/**
@param original - `SSH_ORIGINAL_COMMAND` as sshd sets it; absent where no command was given, as for a login.
@throws CoppiceError `permission` for anything else than the three.
*/
export const readForcedCommand = (original: string | undefined): AgentEntry => {
	const entry = commandLine.exec(original ?? '')?.groups?.entry;
	if (entry === undefined) {
		throw new CoppiceError('permission', 'This key may be used by Coppice only, to talk to the engine of this host under its owner\'s policy.', {
			hint: 'Commands of a shell, options and `coppice -H` need another key.',
		});
	}

	return entry as AgentEntry;
};
