/**
All verbs, in the order of the help.
*/
import type {CommandDescription} from '../verb.ts';
import {branch} from './branch.ts';
import {clone} from './clone.ts';
import {commit} from './commit.ts';
import {describeComplete} from './complete.ts';
import {completion} from './completion.ts';
import {demo} from './demo.ts';
import {diff} from './diff.ts';
import {doctor} from './doctor.ts';
import {down} from './down.ts';
import {eject} from './eject.ts';
import {exec} from './exec.ts';
import {fetchCommand} from './fetch.ts';
import {host} from './host.ts';
import {init} from './init.ts';
import {log} from './log.ts';
import {logs} from './logs.ts';
import {newStack} from './new.ts';
import {prune} from './prune.ts';
import {ps} from './ps.ts';
import {pull} from './pull.ts';
import {push} from './push.ts';
import {receive} from './receive.ts';
import {redo} from './redo.ts';
import {remote} from './remote.ts';
import {reset} from './reset.ts';
import {restart} from './restart.ts';
import {send} from './send.ts';
import {serve} from './serve.ts';
import {status} from './status.ts';
import {stream} from './stream.ts';
import {supervise} from './supervise.ts';
import {switchBranch} from './switch.ts';
import {tag} from './tag.ts';
import {transfers} from './transfers.ts';
import {undo} from './undo.ts';
import {up} from './up.ts';

const shown: readonly CommandDescription[] = [
	demo,
	newStack,
	init,
	status,
	up,
	down,
	restart,
	ps,
	logs,
	exec,
	commit,
	log,
	diff,
	branch,
	switchBranch,
	reset,
	undo,
	redo,
	tag,
	prune,
	host,
	clone,
	fetchCommand,
	pull,
	push,
	remote,
	transfers,
	eject,
	doctor,
	completion,
	stream,
];

export const commands: readonly CommandDescription[] = [...shown, describeComplete(shown), serve, send, receive, supervise];
