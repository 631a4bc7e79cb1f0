/**
Commit, branch, switch, reset, undo, tag, diff, prune.
*/
import {createBranch, deleteBranch, renameBranch} from '../../actions/branch.ts';
import {commit} from '../../actions/commit.ts';
import {switchDefinition} from '../../actions/definition/switch-definition.ts';
import {prune} from '../../actions/prune.ts';
import {reset} from '../../actions/reset.ts';
import {switchBranch} from '../../actions/switch.ts';
import {createTag, deleteTag} from '../../actions/tag.ts';
import {redo, undo, type UndoResult} from '../../actions/undo.ts';
import {workOnStack} from '../jobs/stack-work.ts';
import {
	firstLine,
	formatBytes,
	formatCount,
	formatDuration,
	shortId,
} from '../../system/format.ts';
import {isName} from '../../system/names.ts';
import {
	currentBranch,
	currentCommit,
	selectedStack,
	sidePanelOf,
} from '../state/select.ts';
import {isLocal, type StackView, type State} from '../state/state.ts';
import {focusPanel, showTab} from '../state/update.ts';
import {commandLine, type Action, type Tools} from './action.ts';
import {lossOfBranch, lossOfReset} from './loss.ts';
import {assertFree, stillBusy} from './still-busy.ts';
import {
	needsCommit,
	needsShown,
	needsShownCommit,
	needsStack,
	runVerb,
} from './with-stack.ts';

const stackOf = (state: State): StackView => selectedStack(state)!;

const twin = (...words: readonly string[]) => (state: State): string => commandLine(state, selectedStack(state), ...words);

/** In how much time clients could query again. */
const readyText = ({restarted, readyMilliseconds}: {readonly restarted: readonly string[]; readonly readyMilliseconds: number}): string =>
	restarted.length === 0 ? '' : `; ${restarted.join(', ')} ready after ${formatDuration(readyMilliseconds)}`;

const checkBranchName = (state: State) => (name: string): string | undefined => {
	if (!isName('branch', name)) {
		return 'Letters, digits, ".", "_", "-", and "/" between parts.';
	}

	return stackOf(state).detail?.branches.some(branch => branch.name === name) === true ? `There is a branch ${name} already.` : undefined;
};

const runSwitch = async (tools: Tools, stack: StackView, branch: string): Promise<void> => {
	await runVerb(tools, stack, {
		title: `switch to ${branch}`,
		words: ['switch', branch],
		canCancel: true,
		run: async (workspace, {signal}) => switchBranch(workspace, {branch, signal}),
		tell: result => result.from === result.to ? `Already on ${branch}.` : `Switched to ${branch}${readyText(result)}.`,
	});
};

/** Makes a branch and goes there, if the user wants. */
const makeBranch = async (tools: Tools, from: string | undefined): Promise<void> => {
	const state = tools.store.getState();
	const stack = stackOf(state);
	const start = from === undefined ? `the last commit of ${stack.branch ?? 'the current branch'}` : shortId(from);
	const name = await tools.ask.prompt({title: 'New branch', hint: `from ${start}`, check: checkBranchName(state)});
	if (name === undefined) {
		return;
	}

	const choice = await tools.ask.choose(`Branch ${name}`, [
		{id: 'switch', label: 'make it and switch to it', detail: `coppice switch -c ${name}`},
		{id: 'make', label: 'only make it', detail: `coppice branch ${name}`},
	]);
	const revision = from === undefined ? [] : [shortId(from)];
	if (choice === 'switch') {
		await runVerb(tools, stack, {
			title: `switch to new branch ${name}`,
			words: ['switch', '-c', name, ...revision],
			canCancel: true,
			run: async (workspace, {signal}) => switchBranch(workspace, {
				branch: name, create: true, signal, ...(from !== undefined && {from}),
			}),
			tell: result => `On new branch ${name}${readyText(result)}.`,
		});
	} else if (choice === 'make') {
		await runVerb(tools, stack, {
			title: `make branch ${name}`,
			words: ['branch', name, ...revision],
			run: async workspace => createBranch(workspace, {name, ...(from !== undefined && {from})}),
			tell: made => `Made branch ${name} at ${shortId(made.commit)}.`,
		});
	}
};

const runReset = async (tools: Tools, target: string): Promise<void> => {
	await runVerb(tools, stackOf(tools.store.getState()), stack => {
		const branch = stack.branch ?? '';
		const tip = shortId(target === 'HEAD' ? stack.detail?.head ?? '' : target);
		return {
			title: `reset ${branch} to ${tip}`,
			words: target === 'HEAD' ? ['reset'] : ['reset', shortId(target)],
			canCancel: true,
			question: {
				title: `Reset ${branch} of ${stack.name} to ${target === 'HEAD' ? `its last commit, ${tip}` : tip}`,
				lost: async () => lossOfReset(tools.store.getState(), stack, target),
				way: 'It is all kept as a safety commit: `z` brings it back.',
			},
			run: async (workspace, {signal}) => reset(workspace, {target, signal}),
			tell: result => `${result.branch} has the data of ${shortId(result.commit)}${readyText(result)}; what was there is kept in ${shortId(result.kept)}, z brings it back.`,
		};
	});
};

/** The commit that the selection stands for. */
const targetOf = (state: State): string | undefined => sidePanelOf(state) === 'branches' ? currentBranch(state)?.tip ?? undefined : currentCommit(state)?.id;

const needsShownTarget = (state: State): string | undefined => needsShown(state) ?? (targetOf(state) === undefined ? 'There is no commit here.' : undefined);

const needsTarget = (state: State): string | undefined => needsStack(state) ?? (targetOf(state) === undefined ? 'There is no commit here.' : undefined);

const needsBranch = (state: State): string | undefined => {
	const obstacle = needsStack(state);
	const branch = currentBranch(state);
	if (obstacle !== undefined || branch === undefined) {
		return obstacle ?? 'There is no branch here.';
	}

	return branch.isRemote ? `${branch.name} is a branch of another host.` : undefined;
};

const undoText = (verb: string, result: UndoResult): string =>
	`${verb === 'undo' ? 'Took back' : 'Did again'}: ${result.undone.summary}${readyText(result)}.${result.next === undefined ? '' : ` Next would be: ${result.next.summary}.`}`;

export const historyActions: readonly Action[] = [
	{
		id: 'commit',
		group: 'History',
		title: 'Commit all volumes',
		obstacle: needsStack,
		twin: twin('commit', '-m', '…'),
		async run(tools) {
			const stack = stackOf(tools.store.getState());
			const message = await tools.ask.prompt({
				title: `Commit ${stack.branch ?? ''} of ${stack.name}${isLocal(stack) ? '' : ` on ${stack.host}`}`, hint: 'what this state is', check: text => text.trim() === '' ? 'A commit needs a message.' : undefined,
			});
			if (message === undefined) {
				return;
			}

			await runVerb(tools, stack, {
				title: `commit "${firstLine(message)}"`,
				words: ['commit', '-m', message.trim()],
				isHarmless: true,
				canCancel: true,
				run: async (workspace, {signal}) => commit(workspace, {message: message.trim(), signal}),
				notices: ({notices}) => notices,
				tell({commit: {id, consistency, stillMilliseconds}, measure}) {
					return `${shortId(id)}: ${formatBytes(measure.changedBytes)} changed, ${consistency}${stillMilliseconds > 0 ? `, writers stood still for ${formatDuration(stillMilliseconds)}` : ''}.`;
				},
			});
		},
	},
	{
		id: 'branch.create',
		group: 'History',
		title: 'Make a branch from the last commit',
		obstacle: needsCommit,
		twin: twin('branch', 'NAME'),
		run: async tools => makeBranch(tools, undefined),
	},
	{
		id: 'branch.fromCommit',
		group: 'History',
		title: 'Make a branch from the selected commit',
		obstacle: needsTarget,
		twin: state => commandLine(state, selectedStack(state), 'branch', 'NAME', shortId(targetOf(state) ?? 'COMMIT')),
		run: async tools => makeBranch(tools, targetOf(tools.store.getState())),
	},
	{
		id: 'branch.switch',
		group: 'History',
		title: 'Switch to the selected branch',
		obstacle: needsBranch,
		twin: state => commandLine(state, selectedStack(state), 'switch', currentBranch(state)?.name ?? 'BRANCH'),
		async run(tools) {
			const state = tools.store.getState();
			await runSwitch(tools, stackOf(state), currentBranch(state)!.name);
		},
	},
	{
		id: 'branch.switchDefinition',
		group: 'History',
		title: 'Switch to the selected branch or commit with the definition it was made with',
		obstacle: state => needsTarget(state) ?? (stackOf(state).runtime === 'docker' ? undefined : 'Only the Docker runtime brings up the definition of a commit.'),
		twin: state => commandLine(state, selectedStack(state), 'switch', '--definition', sidePanelOf(state) === 'branches' ? currentBranch(state)?.name ?? '' : shortId(targetOf(state) ?? '')),
		async run(tools) {
			const state = tools.store.getState();
			const target = sidePanelOf(state) === 'branches' ? currentBranch(state)!.name : targetOf(state)!;
			await runVerb(tools, stackOf(state), {
				title: `switch to the definition of ${target.slice(0, 20)}`,
				words: ['switch', '--definition', target],
				canCancel: true,
				run: async (workspace, {signal}) => switchDefinition(workspace, {target, signal}),
				tell: result => `On ${result.to} with the definition of ${shortId(result.definition?.commit ?? '')}${readyText(result)}.`,
			});
		},
	},
	{
		id: 'branch.delete',
		group: 'History',
		title: 'Delete the selected branch',
		obstacle: state => needsBranch(state) ?? (currentBranch(state)?.isCurrent === true ? 'This is the current branch: switch to another one first.' : undefined),
		twin: state => commandLine(state, selectedStack(state), 'branch', '-d', currentBranch(state)?.name ?? 'BRANCH'),
		async run(tools) {
			const state = tools.store.getState();
			const stack = stackOf(state);
			const {name} = currentBranch(state)!;
			await runVerb(tools, stack, {
				title: `delete branch ${name}`,
				words: ['branch', '-d', name],
				question: {
					title: `Delete branch ${name} of ${stack.name}`,
					lost: async () => lossOfBranch(tools.store.getState(), stack, name),
					way: 'The data are kept as a safety commit: `z` brings the branch back.',
				},
				run: async workspace => deleteBranch(workspace, {name}),
				tell: ({kept}) => `Deleted ${name}; its data are kept in ${shortId(kept)}, z brings it back.`,
			});
		},
	},
	{
		id: 'branch.rename',
		group: 'History',
		title: 'Rename the selected branch',
		obstacle: needsBranch,
		twin: state => commandLine(state, selectedStack(state), 'branch', '-m', currentBranch(state)?.name ?? 'BRANCH', 'NAME'),
		async run(tools) {
			const state = tools.store.getState();
			const from = currentBranch(state)!.name;
			const to = await tools.ask.prompt({title: `Rename branch ${from}`, initial: from, check: checkBranchName(state)});
			if (to !== undefined) {
				await runVerb(tools, stackOf(state), {
					title: `rename branch ${from} to ${to}`,
					words: ['branch', '-m', from, to],
					run: async workspace => renameBranch(workspace, {from, to}),
					tell: () => `Renamed ${from} to ${to}.`,
				});
			}
		},
	},
	{
		id: 'reset',
		group: 'History',
		title: 'Reset the current branch to its last commit',
		obstacle: needsCommit,
		twin: twin('reset'),
		run: async tools => runReset(tools, 'HEAD'),
	},
	{
		id: 'reset.here',
		group: 'History',
		title: 'Reset the current branch to the selected commit or branch',
		obstacle: needsTarget,
		twin: state => commandLine(state, selectedStack(state), 'reset', shortId(targetOf(state) ?? 'COMMIT')),
		run: async tools => runReset(tools, targetOf(tools.store.getState())!),
	},
	{
		id: 'undo',
		group: 'History',
		title: 'Take the last verb back',
		obstacle: state => needsStack(state) ?? stillBusy(state, stackOf(state), 'undo') ?? (stackOf(state).detail?.undo === undefined ? 'There is nothing to take back.' : undefined),
		twin: twin('undo'),
		async run(tools) {
			await runVerb(tools, stackOf(tools.store.getState()), stack => {
				assertFree(tools.store.getState(), stack, 'undo');
				return {
					title: `undo: ${stack.detail?.undo ?? ''}`,
					words: ['undo'],
					canCancel: true,
					run: async (workspace, {signal}) => undo(workspace, {signal}),
					tell: result => undoText('undo', result),
				};
			});
		},
	},
	{
		id: 'redo',
		group: 'History',
		title: 'Take the last undo back',
		obstacle: state => needsStack(state) ?? stillBusy(state, stackOf(state), 'redo') ?? (stackOf(state).detail?.redo === undefined ? 'There is no undo to take back.' : undefined),
		twin: twin('redo'),
		async run(tools) {
			await runVerb(tools, stackOf(tools.store.getState()), stack => {
				assertFree(tools.store.getState(), stack, 'redo');
				return {
					title: `redo${stack.detail?.redo === undefined ? '' : `: ${stack.detail.redo}`}`,
					words: ['redo'],
					canCancel: true,
					run: async (workspace, {signal}) => redo(workspace, {signal}),
					tell: result => undoText('redo', result),
				};
			});
		},
	},
	{
		id: 'tag.create',
		group: 'History',
		title: 'Tag the selected commit',
		obstacle: needsTarget,
		twin: state => commandLine(state, selectedStack(state), 'tag', 'NAME', shortId(targetOf(state) ?? '')),
		async run(tools) {
			const state = tools.store.getState();
			const revision = targetOf(state)!;
			const name = await tools.ask.prompt({
				title: `Tag ${shortId(revision)}`, check(text) {
					if (!isName('tag', text)) {
						return 'Letters, digits, ".", "_", "-", and "/" between parts.';
					}

					return Object.hasOwn(stackOf(state).detail?.tags ?? {}, text) ? `There is a tag ${text} already.` : undefined;
				},
			});
			if (name !== undefined) {
				await runVerb(tools, stackOf(state), {
					title: `tag ${shortId(revision)} as ${name}`,
					words: ['tag', name, shortId(revision)],
					run: async workspace => createTag(workspace, {name, revision}),
					tell: () => `Tag ${name} names ${shortId(revision)}.`,
				});
			}
		},
	},
	{
		id: 'tag.delete',
		group: 'History',
		title: 'Delete a tag',
		obstacle: state => needsStack(state) ?? (Object.keys(stackOf(state).detail?.tags ?? {}).length === 0 ? 'There are no tags.' : undefined),
		twin: twin('tag', '-d', 'NAME'),
		async run(tools) {
			const stack = stackOf(tools.store.getState());
			const name = await tools.ask.choose('Delete which tag? The commit stays.', Object.entries(stack.detail?.tags ?? {}).map(([tag, id]) => ({id: tag, label: tag, detail: shortId(id)})));
			if (name !== undefined) {
				await runVerb(tools, stack, {
					title: `delete tag ${name}`,
					words: ['tag', '-d', name],
					run: async workspace => deleteTag(workspace, {name}),
					tell: () => `Deleted tag ${name}; the commit stays.`,
				});
			}
		},
	},
	{
		id: 'diff.live',
		group: 'History',
		title: 'Show what differs between the last commit and the live data',
		obstacle: needsShownCommit,
		twin: twin('diff'),
		run({store}) {
			store.setState(focusPanel('stacks'));
			store.setState(state => ({...showTab('commit')(state), scroll: {}}));
		},
	},
	{
		id: 'diff.here',
		group: 'History',
		title: 'Show what differs between the selected commit and the live data',
		obstacle: needsShownTarget,
		twin: state => commandLine(state, selectedStack(state), 'diff', shortId(targetOf(state) ?? '')),
		run({store}) {
			store.setState(state => {
				const id = targetOf(state) ?? '';
				return {...showTab('commit')(state), comparedToLive: state.comparedToLive === id ? undefined : id, scroll: {}};
			});
		},
	},
	{
		id: 'commit.show',
		group: 'History',
		title: 'Show the selected commit',
		obstacle: needsShownTarget,
		run({store}) {
			store.setState(showTab('commit'));
			store.setState(focusPanel('main'));
		},
	},
	{
		id: 'commit.remove',
		group: 'History',
		title: 'Remove the selected commit',
		obstacle(state) {
			const obstacle = needsTarget(state);
			const selected = currentCommit(state);
			const names = [...selected?.branches ?? [], ...selected?.tags ?? []];
			return obstacle ?? (names.length > 0 ? `${names.join(', ')} ${names.length === 1 ? 'points' : 'point'} at it.` : undefined);
		},
		twin: state => commandLine(state, selectedStack(state), 'prune', shortId(currentCommit(state)?.id ?? 'COMMIT')),
		async run(tools) {
			const state = tools.store.getState();
			const {id, message} = currentCommit(state)!;
			await runVerb(tools, stackOf(state), {
				title: `remove ${shortId(id)}`,
				words: ['prune', shortId(id)],
				question: {
					title: `Remove commit ${shortId(id)}`,
					lost: async () => [`${shortId(id)} ${firstLine(message)}, with its snapshots`],
					way: 'It goes to the trash for a day: `z` brings it back.',
				},
				run: async workspace => prune(workspace, {revisions: [id]}),
				tell: () => `Removed ${shortId(id)}; z brings it back.`,
			});
		},
	},
	{
		id: 'prune',
		group: 'History',
		title: 'Remove old commits by a rule',
		obstacle: needsCommit,
		twin: twin('prune', '--keep', '24h:all,7d:daily,8w:weekly'),
		async run(tools) {
			const state = tools.store.getState();
			const stack = stackOf(state);
			const keep = await tools.ask.prompt({title: 'Prune: what to keep, by age', initial: '24h:all,7d:daily,8w:weekly', hint: 'tips of branches and tagged commits stay'});
			if (keep === undefined) {
				return;
			}

			await runVerb(tools, stack, {
				title: 'prune',
				words: ['prune', '--keep', keep],
				question: {
					title: `Prune ${stack.name}`,
					async lost() {
						const {removed, destroyed} = await workOnStack(tools.store.getState(), stack, {words: ['prune', '--keep', keep, '--dry-run'], run: async workspace => prune(workspace, {keep, dryRun: true})});
						return [
							...removed.slice(0, 12).map(({id, message, kind}) => `${shortId(id)} ${firstLine(message)}${kind === 'safety' ? ' [safety]' : ''}`),
							...removed.length > 12 ? [`… and ${removed.length - 12} more commits`] : [],
							...destroyed > 0 ? [`${formatCount(destroyed, 'snapshot')} in the trash for more than a day, for good`] : [],
							...removed.length + destroyed === 0 ? ['nothing'] : [],
						];
					},
					way: 'Removed commits go to the trash for a day: `z` brings them back.',
				},
				run: async workspace => prune(workspace, {keep}),
				tell: result => `Removed ${formatCount(result.removed.length, 'commit')}; ${result.inTrash} in the trash.`,
			});
		},
	},
];
