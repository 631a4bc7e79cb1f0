/**
Commands that end with this process: a copy must not go on when what began it was killed.
*/
import {tryCommand} from '../system/run-command.ts';

let prefix: readonly string[] | undefined;

/**
What to put before a command to make the kernel end it when this process is gone: `setpriv --pdeathsig` (prctl(2), PR_SET_PDEATHSIG), where it
is installed; else nothing.
*/
export const endsWithParent = async (): Promise<readonly string[]> => {
	if (prefix === undefined) {
		const wished = ['setpriv', '--pdeathsig', 'KILL'];
		try {
			const {exitCode} = await tryCommand([...wished, 'true']);
			prefix = exitCode === 0 ? wished : [];
		} catch {
			prefix = [];
		}
	}

	return prefix;
};
