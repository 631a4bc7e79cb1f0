/**
Stacks: open, new, init, adopt, eject; their files; doctor and demo.
*/
import {spawn} from 'node:child_process';
import {constants} from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {newStack} from '../../actions/new-stack.ts';
import {templates} from '../../actions/templates/templates.ts';
import {openWorkspace} from '../../actions/workspace/open-workspace.ts';
import {isSystemError} from '../../system/errors.ts';
import {
	formatBytes,
	formatCount,
	formatDuration,
	shortId,
} from '../../system/format.ts';
import {localTime} from '../draw/local-time.ts';
import {currentStackEntry, selectedStack} from '../state/select.ts';
import type {ProgramEnd} from '../jobs/jobs.ts';
import {workOnStack} from '../jobs/stack-work.ts';
import {isLocal, type StackView, type State} from '../state/state.ts';
import {focusPanel, selectStack} from '../state/update.ts';
import {commandLine, type Action, type Tools} from './action.ts';
import {
	isElsewhere,
	needsLocalStack,
	needsStack,
	runVerb,
} from './with-stack.ts';

const stackOf = (state: State): StackView => selectedStack(state)!;

/** What a shell gives for a program that is not there. */
const notFoundCode = 127;

/** Runs a program that has the terminal; its exit code is that of the job. */
const runProgram = async ({jobs, terminal}: Tools, title: string, command: readonly string[], folder: string): Promise<void> => {
	await jobs.start({
		title,
		twin: command.join(' '),
		isQuiet: true,
		async run() {
			const [program = '', ...words] = command;
			let end: ProgramEnd = {exitCode: 0};
			await terminal.suspend(async () => new Promise((resolve, reject) => {
				const child = spawn(program, words, {cwd: folder, stdio: 'inherit'});
				child.on('error', error => {
					if (isSystemError(error, 'ENOENT')) {
						end = {exitCode: notFoundCode, problem: {message: `The program ${program} is not installed.`, hint: 'Name another one in $EDITOR or $SHELL.'}};
						resolve();
					} else {
						reject(error);
					}
				});
				child.on('exit', (code, signal) => {
					end = {exitCode: code ?? (128 + (signal === null ? 0 : constants.signals[signal]))};
					resolve();
				});
			}));
			return end;
		},
	});
};

const editor = (): string[] => ([process.env.VISUAL, process.env.EDITOR].find(command => command !== undefined && command.trim() !== '') ?? 'vi').trim().split(/\s+/v);

const runInit = async (tools: Tools, folder: string): Promise<void> => {
	await tools.jobs.start({
		title: `init ${path.basename(folder)}`,
		twin: commandLine(tools.store.getState(), {folder}, 'init'),
		async run({report}) {
			const {init} = await import('../../actions/init.ts');
			const result = await init({directory: folder, report});
			for (const message of result.notices) {
				report({type: 'notice', message});
			}

			const managed = result.volumes.filter(volume => volume.managed).map(({name}) => name);
			return `${result.stack} is a stack now, on ${result.runtime}: ${managed.length === 0 ? 'no volumes' : managed.join(', ')} in a ${result.pool.driver} pool. u starts it.`;
		},
	});
	tools.refresh(folder);
};

export const stackActions: readonly Action[] = [
	{
		id: 'stack.open',
		group: 'Stacks',
		title: 'Open the selected stack',
		obstacle: state => currentStackEntry(state)?.stack === undefined ? 'There is no stack under the cursor.' : undefined,
		run(tools) {
			const stack = currentStackEntry(tools.store.getState())!.stack!;
			tools.store.setState(selectStack(stack.id));
			tools.store.setState(focusPanel('services'));
		},
	},
	{
		id: 'stack.new',
		group: 'Stacks',
		title: 'Make a new stack from a template',
		twin: state => commandLine(state, undefined, 'new', 'NAME', '--template', 'TEMPLATE'),
		async run(tools) {
			const {directory} = tools.store.getState();
			const template = await tools.ask.choose('New stack from which template?', templates.map(({name, summary}) => ({id: name, label: name, detail: summary})));
			const name = template === undefined
				? undefined
				: await tools.ask.prompt({
					title: `New stack from ${template}`, hint: `a folder in ${directory}`, check: text => text.trim() === '' ? 'The folder needs a name.' : undefined,
				});
			if (template === undefined || name === undefined) {
				return;
			}

			let made: string | undefined;
			await tools.jobs.start({
				title: `new ${name}`,
				twin: commandLine(tools.store.getState(), undefined, 'new', name, '--template', template),
				async run() {
					const {folder, note} = await newStack({name, directory, template});
					made = folder;
					return `Made ${folder}.${note === undefined ? '' : ` ${note}`}`;
				},
			});
			if (made !== undefined) {
				await runInit(tools, made);
			}
		},
	},
	{
		id: 'stack.init',
		group: 'Stacks',
		title: 'Take up the project of this folder as a stack',
		twin: state => commandLine(state, selectedStack(state)?.isUntaken === true ? selectedStack(state) : undefined, 'init'),
		async run(tools) {
			const state = tools.store.getState();
			const selected = currentStackEntry(state)?.stack;
			await runInit(tools, selected !== undefined && isLocal(selected) ? selected.folder : state.directory);
		},
	},
	{
		id: 'stack.initAdopt',
		group: 'Stacks',
		title: 'Take up the project of this folder, and move its Docker volumes into the pool',
		obstacle: isElsewhere,
		twin: state => commandLine(state, selectedStack(state)?.isUntaken === true ? selectedStack(state) : undefined, 'init', '--adopt'),
		async run(tools) {
			const state = tools.store.getState();
			const selected = currentStackEntry(state)?.stack;
			const folder = selected !== undefined && isLocal(selected) ? selected.folder : state.directory;
			await tools.jobs.start({
				title: `init and adopt ${path.basename(folder)}`,
				twin: commandLine(state, {folder}, 'init', '--adopt'),
				canCancel: true,
				async run({report, signal}) {
					const [{initAndAdopt}, {describePlan}] = await Promise.all([import('../../actions/init-and-adopt.ts'), import('../../actions/describe-adoption.ts')]);
					const {stack, notices, adoption} = await initAndAdopt({
						directory: folder,
						report,
						signal,
						onPlan(plan) {
							for (const message of describePlan(plan)) {
								report({type: 'notice', message});
							}
						},
					});
					for (const message of [...notices, ...adoption.notices]) {
						report({type: 'notice', message});
					}

					return `${stack} is a stack now; ${adoption.adopted.length === 0 ? 'there was nothing to adopt' : `adopted ${adoption.adopted.map(({volume, bytes}) => `${volume} (${formatBytes(bytes)})`).join(', ')}, the originals are kept`}.`;
				},
			});
			tools.refresh(folder);
		},
	},
	{
		id: 'stack.adopt',
		group: 'Stacks',
		title: 'Move the Docker volumes of the stack into the pool',
		obstacle: state => needsLocalStack(state) ?? (stackOf(state).runtime === 'docker' ? undefined : 'Only stacks on Docker have Docker volumes.'),
		twin: state => commandLine(state, selectedStack(state), 'init', '--adopt'),
		async run(tools) {
			const state = tools.store.getState();
			await runVerb(tools, stackOf(state), {
				title: 'adopt Docker volumes',
				words: ['init', '--adopt'],
				canCancel: true,
				async run(workspace, {signal}) {
					const {adopt} = await import('../../actions/adopt.ts');
					return adopt(workspace, {signal});
				},
				notices: result => result.notices,
				tell(result) {
					return result.adopted.length === 0 ? 'There was nothing to adopt.' : `Adopted ${result.adopted.map(({volume, bytes}) => `${volume} (${formatBytes(bytes)})`).join(', ')}; the originals are kept.`;
				},
			});
		},
	},
	{
		id: 'stack.dropOriginals',
		group: 'Stacks',
		title: 'Delete the originals that adopting has kept',
		obstacle: state => needsLocalStack(state) ?? (stackOf(state).runtime === 'docker' ? undefined : 'Only stacks on Docker have originals.'),
		twin: state => commandLine(state, selectedStack(state), 'init', '--drop-originals'),
		async run(tools) {
			const stack = stackOf(tools.store.getState());
			const {listOriginals, dropOriginals} = await import('../../actions/drop-originals.ts');
			await runVerb(tools, stack, {
				title: 'drop originals',
				words: ['init', '--drop-originals', '--yes'],
				question: {
					title: `Delete the originals of ${stack.name}`,
					async lost() {
						const originals = await listOriginals(await openWorkspace({directory: stack.folder}));
						return originals.length === 0 ? ['nothing'] : originals.map(({engineVolume, bytes}) => `the Docker volume ${engineVolume}: ${formatBytes(bytes)}`);
					},
					way: 'This can\'t be undone; the data in the pool and their commits stay.',
					typed: stack.name,
				},
				run: async workspace => dropOriginals(workspace, await listOriginals(workspace)),
				tell: ({dropped}) => `Dropped ${formatCount(dropped.length, 'original')}.`,
			});
		},
	},
	{
		id: 'stack.refresh',
		group: 'Stacks',
		title: 'Read everything again',
		twin: state => commandLine(state, selectedStack(state), 'status'),
		run(tools) {
			tools.refresh();
			tools.countBranches();
		},
	},
	{
		id: 'stack.operations',
		group: 'Stacks',
		title: 'List what was done, newest first',
		obstacle: needsStack,
		twin: state => commandLine(state, selectedStack(state), 'undo', '--list'),
		async run({store, ask}) {
			const {listOperations} = await import('../../actions/undo.ts');
			const state = store.getState();
			const operations = await workOnStack(state, stackOf(state), {words: ['undo', '--list'], run: async workspace => listOperations(workspace)});
			ask.message('What was done, newest first', operations.length === 0
				? ['Nothing yet.']
				: operations.map(({time, summary, undone}) => `${localTime(time)}  ${summary}${undone ? '  (undone)' : ''}`));
		},
	},
	{
		id: 'doctor',
		group: 'Stacks',
		title: 'Check this host and stack',
		twin: state => commandLine(state, selectedStack(state), 'doctor'),
		async run({store, ask, jobs}) {
			const state = store.getState();
			const stack = selectedStack(state);
			await jobs.start({
				title: 'doctor',
				twin: commandLine(state, stack, 'doctor'),
				async run(tools) {
					const [{doctor}, {findHome}] = await Promise.all([import('../../actions/doctor.ts'), import('../../host/home.ts')]);
					const checks = stack === undefined || isLocal(stack)
						? await doctor({home: findHome(), directory: stack?.folder ?? state.directory})
						: await workOnStack<Awaited<ReturnType<typeof doctor>>>(state, stack, {words: ['doctor'], run: async () => []}, tools);
					const signs = {ok: '✓', warning: '!', failed: '✗'} as const;
					ask.message('Doctor', checks.flatMap(({name, result, message, hint}) => [`${signs[result]} ${name}: ${message}`, ...hint === undefined ? [] : [`    ${hint}`]]));
					const bad = checks.filter(check => check.result !== 'ok').length;
					return bad === 0 ? 'All is well.' : `${formatCount(bad, 'remark')}.`;
				},
			});
		},
	},
	{
		id: 'demo',
		group: 'Stacks',
		title: 'Run the demo: the main job on real data, in a home of its own',
		twin: state => commandLine(state, undefined, 'demo'),
		async run({jobs, ask}) {
			await jobs.start({
				title: 'demo',
				twin: 'coppice demo',
				canCancel: true,
				async run({signal, report}) {
					const {demo} = await import('../../actions/demo.ts');
					const {passed, steps} = await demo({signal, report});
					ask.message('Demo', steps.map(step => `${step.passed ? '✓' : '✗'} ${step.name}  ${formatDuration(step.milliseconds)}  ${step.check}`));
					return passed ? 'Every check held.' : 'A check did not hold.';
				},
			});
		},
	},
	{
		id: 'definition.edit',
		group: 'Stacks',
		title: 'Edit the compose file in $EDITOR',
		obstacle: state => selectedStack(state) === undefined ? 'There is no compose file here.' : isElsewhere(state),
		async run(tools) {
			const stack = stackOf(tools.store.getState());
			const files = stack.detail?.composeFiles ?? [];
			const chosen = files.length > 1 ? await tools.ask.choose('Which file?', files.map(file => ({id: file, label: path.relative(stack.folder, file)}))) : files[0] ?? stack.folder;
			if (chosen !== undefined) {
				await runProgram(tools, `edit ${path.basename(chosen)}`, [...editor(), chosen], stack.folder);
			}
		},
	},
	{
		id: 'shell.here',
		group: 'Stacks',
		title: 'Open a shell in the project\'s folder',
		obstacle: isElsewhere,
		async run(tools) {
			const state = tools.store.getState();
			const folder = selectedStack(state)?.folder ?? state.directory;
			await runProgram(tools, `shell in ${folder}`, [process.env.SHELL ?? 'sh'], folder);
		},
	},
	{
		id: 'copy.head',
		group: 'Stacks',
		title: 'Copy the id of the last commit',
		obstacle: state => typeof selectedStack(state)?.detail?.head === 'string' ? undefined : 'There is no commit.',
		run({store, terminal}) {
			const {head} = stackOf(store.getState()).detail!;
			terminal.copy(head!);
			store.setState({toast: {text: `Copied ${shortId(head!)}.`, kind: 'plain', until: Date.now() + 3000}});
		},
	},
];
