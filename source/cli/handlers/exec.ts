/**
Runs `coppice exec`: the command has the terminal, and Ctrl-C.
*/
import {CoppiceError} from '../../system/errors.ts';
import type {Verb} from '../verb.ts';

type ExecResult = {readonly exitCode: number; readonly stdout: string; readonly stderr: string};

export const verb: Verb<object, ExecResult> = {
	interrupts: 'verb',
	async run({openWorkspace, globals}, {arguments: words}) {
		const [service = '', ...rest] = words;
		const command = rest[0] === '--' ? rest.slice(1) : rest;
		if (command.length === 0) {
			throw new CoppiceError('usage', 'There is no command to run.', {hint: `Put it after the service: coppice exec ${service} -- ls`});
		}

		const {runtime} = await openWorkspace();
		return runtime.exec(service, command, {stdio: globals.json ? 'pipe' : 'inherit'});
	},
	exitCode: ({exitCode}) => exitCode,
};
