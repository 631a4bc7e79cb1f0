/**
Between hosts: fetch, pull, push, clone, and how their branches and ours stand.
*/
import {describeDrift} from '../../actions/sync/describe-drift.ts';
import type {RemoteBranch} from '../../actions/remote.ts';
import {openWorkspace} from '../../actions/workspace/open-workspace.ts';
import {firstLine, formatBytes, shortId} from '../../system/format.ts';
import {isName} from '../../system/names.ts';
import {bytesExpected, readBytes} from '../../system/read-bytes.ts';
import {
	currentBranch,
	currentStackEntry,
	selectedStack,
	sidePanelOf,
} from '../state/select.ts';
import {isLocal, type StackView, type State} from '../state/state.ts';
import {whenFree} from '../modals/when-free.ts';
import {commandLine, type Action, type Tools} from './action.ts';
import {
	chooseHost,
	hostDetail,
	hostUnderCursor,
	needsHost,
	otherHosts,
	remoteUnderCursor,
	upstreamHost,
} from './choose-host.ts';
import {needsLocalStack, needsShownCommit} from './with-stack.ts';

const stackOf = (state: State): StackView => selectedStack(state)!;

const needsBoth = (state: State): string | undefined => needsLocalStack(state) ?? needsHost(state);

const needsPushable = (state: State): string | undefined => needsBoth(state) ?? needsShownCommit(state);

/** As far as it is known without asking, for the command line that is shown. */
const shownHost = (state: State): string => remoteUnderCursor(state)?.host ?? hostUnderCursor(state) ?? (otherHosts(state).length === 1 ? otherHosts(state)[0]!.name : 'HOST');

/** A branch of ours under the cursor; the current one else. */
const chosenBranch = (state: State): string | undefined => {
	const branch = sidePanelOf(state) === 'branches' ? currentBranch(state) : undefined;
	return branch?.isRemote === false ? branch.name : selectedStack(state)?.branch;
};

type Question<Answer> = {
	readonly title: string;
	readonly words: readonly string[];
	readonly stack?: StackView;
	readonly run: (signal: AbortSignal) => Promise<Answer>;
};

/** Asks another host something, as a job of its own. */
const askThere = async <Answer>(
	{jobs, store}: Tools,
	{title, words, stack, run}: Question<Answer>,
): Promise<Answer | undefined> => {
	let answer: Answer | undefined;
	await jobs.start({
		title,
		twin: commandLine(store.getState(), stack, ...words),
		canCancel: true,
		isQuiet: true,
		async run({signal}) {
			answer = await run(signal);
			// What comes of it is shown or asked now.
			await whenFree(store, signal);
		},
	});
	return answer;
};

const askBranches = async (tools: Tools, stack: StackView, host: string): Promise<readonly RemoteBranch[] | undefined> => askThere(tools, {
	title: `ask ${host} for its branches`,
	words: ['remote', host],
	stack,
	async run(signal) {
		const {askRemoteBranches} = await import('../../actions/remote.ts');
		return askRemoteBranches(await openWorkspace({directory: stack.folder}), host, {signal});
	},
});

type FetchWish = {readonly prune?: true; readonly history?: true};

const fetchFrom = async (tools: Tools, wish: FetchWish): Promise<void> => {
	const state = tools.store.getState();
	const host = await chooseHost(tools, 'Fetch from which host?', remoteUnderCursor(state)?.host ?? hostUnderCursor(state));
	if (host === undefined) {
		return;
	}

	const {runFetch} = await import('./sync-verbs.ts');
	await runFetch(tools, stackOf(state), {host, ...wish});
};

const fetchAction = (id: string, title: string, wish: FetchWish = {}): Action => ({
	id,
	group: 'Hosts',
	title,
	obstacle: needsBoth,
	twin: state => commandLine(state, selectedStack(state), 'fetch', shownHost(state), ...Object.keys(wish).map(option => `--${option}`)),
	run: async tools => fetchFrom(tools, wish),
});

const runPullOf = async (tools: Tools, stack: StackView, host: string, wish: {branch?: string; into?: string; history?: boolean} = {}): Promise<void> => {
	const {runPull} = await import('./sync-verbs.ts');
	await runPull(tools, stack, {host, ...wish});
};

/** A branch of another host: into the current one, or into one of its own. */
const pullRemote = async (tools: Tools, stack: StackView, {host, branch}: {readonly host: string; readonly branch: string}): Promise<void> => {
	if (branch === stack.branch) {
		await runPullOf(tools, stack, host, {branch});
		return;
	}

	const has = (name: string): boolean => stack.detail?.branches.some(each => !each.isRemote && each.name === name) === true;

	const choice = await tools.ask.choose(`Pull ${host}/${branch}`, [
		...has(branch) ? [] : [{id: 'into', label: `into a new branch ${branch}`, detail: `coppice pull ${host} ${branch} --into ${branch}`}],
		{id: 'current', label: `into ${stack.branch ?? 'the current branch'}`, detail: `coppice pull ${host} ${branch}`},
		{id: 'other', label: 'into a new branch of another name', detail: `coppice pull ${host} ${branch} --into NAME`},
	]);
	if (choice === 'current') {
		await runPullOf(tools, stack, host, {branch});
		return;
	}

	const into = choice === 'other'
		? await tools.ask.prompt({
			title: `New branch for ${host}/${branch}`, initial: `${host}-${branch.replaceAll('/', '-')}`, check(name) {
				if (!isName('branch', name)) {
					return 'Letters, digits, ".", "_", "-", and "/" between parts.';
				}

				return has(name) ? `There is a branch ${name} already.` : undefined;
			},
		})
		: (choice === 'into' ? branch : undefined);
	if (into !== undefined) {
		await runPullOf(tools, stack, host, {branch, into});
	}
};

const branchLine = (branch: RemoteBranch): string => [
	branch.current === true ? '*' : ' ',
	`${branch.host}/${branch.name}`.padEnd(24),
	branch.commit === null ? 'no commit' : shortId(branch.commit),
	`${branch.gone === true ? 'gone there' : describeDrift(branch)};`,
	{here: 'data here', elsewhere: 'data only there', unknown: 'not fetched'}[branch.data],
	firstLine(branch.message ?? ''),
].join(' ').trimEnd();

/** What putting the services there on a branch would do: asked of the host at that moment. */
const switchConsequences = async (stack: StackView, host: string, branch: string): Promise<readonly string[]> => {
	const {askRemoteBranches} = await import('../../actions/remote.ts');
	const workspace = await openWorkspace({directory: stack.folder});
	const there = await askRemoteBranches(workspace, host);
	const current = there.find(each => each.current);
	const target = there.find(each => each.ours === branch && each.gone !== true);
	return [
		current === undefined
			? `${host} has nothing of ${stack.name} that runs`
			: `${stack.name} on ${host} is on ${current.name}${current.commit === null ? '' : ` at ${shortId(current.commit)}`}; its services stop and start again on ${target?.name ?? branch}`,
		'what is not committed there goes into a safety commit of that host first',
	];
};

const pushTo = async (tools: Tools, stack: StackView, wish: {readonly host: string; readonly branch: string; readonly isSwitch: boolean}): Promise<void> => {
	const {host, branch, isSwitch} = wish;
	const isMarked = otherHosts(tools.store.getState()).find(({name}) => name === host)?.production === true;
	const isSure = !isSwitch || await tools.ask.confirm({
		title: `Push ${branch} to ${host}, and put the services there on it`,
		lost: async () => switchConsequences(stack, host, branch),
		way: `\`coppice -H ${host} --stack ${stack.name} undo\` takes it back.`,
		...(isMarked && {typed: host, isProduction: true}),
	});
	if (!isSure) {
		return;
	}

	const {runPush} = await import('./sync-verbs.ts');
	await runPush(tools, stack, {
		host,
		branch,
		switch: isSwitch,
		isConfirmed: isSwitch && isMarked,
		// What it would do there is asked of the host again.
		...(isSwitch && {again: async () => pushTo(tools, stack, wish)}),
	});
};

const cloneFrom = async (tools: Tools): Promise<void> => {
	const state = tools.store.getState();
	const entry = sidePanelOf(state) === 'stacks' ? currentStackEntry(state)?.stack : undefined;
	const underCursor = entry === undefined || isLocal(entry) ? undefined : entry;
	const host = await chooseHost(tools, 'Clone from which host?', hostUnderCursor(state));
	if (host === undefined) {
		return;
	}

	let stack = underCursor?.name;
	if (stack === undefined) {
		const {listStacksThere} = await import('../../actions/hosts/stacks-there.ts');
		const there = await askThere(tools, {title: `ask ${host} for its stacks`, words: ['host', 'check', host], run: async signal => listStacksThere(host, {signal})});
		if (there === undefined) {
			return;
		}

		const {stacks, incomplete} = there;
		if (stacks.length === 0) {
			tools.ask.message(`Clone from ${host}`, [incomplete ?? `${host} has no stacks, or shows none to you.`]);
			return;
		}

		stack = await tools.ask.choose(`Clone which stack of ${host}?${incomplete === undefined ? '' : ` ${incomplete}`}`, stacks.map(({name, currentBranch: branch}) => ({id: name, label: name, detail: branch === null ? 'no branch' : `branch ${branch}`})));
	}

	const folder = stack === undefined
		? undefined
		: await tools.ask.prompt({
			title: `Clone ${stack} from ${host}`, hint: `the folder to make, in ${state.directory}`, initial: stack, check: text => text.trim() === '' ? 'The folder needs a name.' : undefined,
		});
	if (stack === undefined || folder === undefined) {
		return;
	}

	const {runClone} = await import('./sync-verbs.ts');
	await runClone(tools, {
		host, stack, folder: folder.trim(), directory: state.directory,
	});
};

export const syncActions: readonly Action[] = [
	fetchAction('fetch', 'Fetch: bring the commits and data of a host\'s branches; nothing of yours moves'),
	fetchAction('fetch.prune', 'Fetch, and forget branches that are not there any more', {prune: true}),
	fetchAction('fetch.history', 'Fetch, with the data of every commit', {history: true}),
	{
		id: 'pull',
		group: 'Hosts',
		title: 'Pull: fetch a branch, and move the current one forward to it',
		obstacle: needsBoth,
		twin: state => commandLine(state, selectedStack(state), 'pull', shownHost(state), ...remoteUnderCursor(state) === undefined ? [] : [remoteUnderCursor(state)!.branch]),
		async run(tools) {
			const state = tools.store.getState();
			const stack = stackOf(state);
			const remote = remoteUnderCursor(state);
			if (remote !== undefined) {
				await pullRemote(tools, stack, remote);
				return;
			}

			const host = await chooseHost(tools, 'Pull from which host?', hostUnderCursor(state) ?? await upstreamHost(stack, undefined));
			if (host !== undefined) {
				await runPullOf(tools, stack, host);
			}
		},
	},
	{
		id: 'pull.branch',
		group: 'Hosts',
		title: 'Pull a branch of your choice',
		obstacle: needsBoth,
		twin: state => commandLine(state, selectedStack(state), 'pull', shownHost(state), 'BRANCH'),
		async run(tools) {
			const state = tools.store.getState();
			const stack = stackOf(state);
			const host = await chooseHost(tools, 'Pull from which host?');
			if (host === undefined) {
				return;
			}

			const there = await askBranches(tools, stack, host);
			const branches = there?.filter(({gone, commit}) => gone !== true && commit !== null) ?? [];
			if (there === undefined || branches.length === 0) {
				if (there !== undefined) {
					tools.ask.message(`Pull from ${host}`, [`${host} has no branch of ${stack.name} with a commit.`]);
				}

				return;
			}

			const branch = await tools.ask.choose(`Pull which branch of ${host}?`, branches.map(each => ({id: each.name, label: each.name, detail: describeDrift(each)})));
			if (branch !== undefined) {
				await pullRemote(tools, stack, {host, branch});
			}
		},
	},
	{
		id: 'push',
		group: 'Hosts',
		title: 'Push a branch to another host; services there can be put on it',
		obstacle: needsPushable,
		twin: state => commandLine(state, selectedStack(state), 'push', shownHost(state), chosenBranch(state) ?? 'BRANCH'),
		async run(tools) {
			const state = tools.store.getState();
			const stack = stackOf(state);
			const branch = chosenBranch(state)!;
			const first = hostUnderCursor(state) ?? await upstreamHost(stack, branch);
			const hosts = otherHosts(state).toSorted((a, b) => Number(b.name === first) - Number(a.name === first));
			const choice = await tools.ask.choose(`Push ${branch} of ${stack.name}`, hosts.flatMap(host => [
				{id: `push ${host.name}`, label: `to ${host.name}`, detail: `refused where its services are on that branch${hostDetail(host) === '' ? '' : `; ${hostDetail(host)}`}`},
				{id: `switch ${host.name}`, label: `to ${host.name}, and put its services on it`, detail: `coppice push ${host.name} ${branch} --switch`},
			]));
			const [how, host] = choice?.split(' ') ?? [];
			if (host !== undefined) {
				await pushTo(tools, stack, {host, branch, isSwitch: how === 'switch'});
			}
		},
	},
	{
		id: 'push.switch',
		group: 'Hosts',
		title: 'Push a branch, and put the services there on it',
		obstacle: needsPushable,
		twin: state => commandLine(state, selectedStack(state), 'push', shownHost(state), chosenBranch(state) ?? 'BRANCH', '--switch'),
		async run(tools) {
			const state = tools.store.getState();
			const host = await chooseHost(tools, 'Push to which host?', hostUnderCursor(state));
			if (host !== undefined) {
				await pushTo(tools, stackOf(state), {host, branch: chosenBranch(state)!, isSwitch: true});
			}
		},
	},
	{
		id: 'remote',
		group: 'Hosts',
		title: 'Ask a host how its branches and yours stand: ahead, behind, gone',
		obstacle: needsBoth,
		twin: state => commandLine(state, selectedStack(state), 'remote', shownHost(state)),
		async run(tools) {
			const state = tools.store.getState();
			const stack = stackOf(state);
			const host = await chooseHost(tools, 'Ask which host?', remoteUnderCursor(state)?.host ?? hostUnderCursor(state));
			if (host === undefined) {
				return;
			}

			const branches = await askBranches(tools, stack, host);
			if (branches !== undefined) {
				tools.ask.message(`${stack.name} on ${host}, and here`, branches.length === 0
					? [`${host} has no branch of ${stack.name}: P pushes one.`]
					: [...branches.map(branch => branchLine(branch)), '', '* is what its services run on. p pulls, P pushes.']);
			}
		},
	},
	{
		id: 'clone',
		group: 'Hosts',
		title: 'Clone a stack of another host: its definition and data',
		obstacle: needsHost,
		twin: state => commandLine(state, undefined, 'clone', shownHost(state), currentStackEntry(state)?.stack?.name ?? 'STACK'),
		run: cloneFrom,
	},
	{
		id: 'transfer.limit',
		group: 'Hosts',
		title: 'Limit how fast transfers that are begun from now on may be',
		async run({store, ask}) {
			const {transferLimit} = store.getState();
			const text = await ask.prompt({
				title: 'Limit of transfers, in bytes a second',
				hint: '500K, 5M; empty for none',
				initial: transferLimit === undefined ? '' : String(transferLimit),
				check: written => written.trim() === '' || readBytes(written.trim()) !== undefined ? undefined : bytesExpected,
			});
			if (text === undefined) {
				return;
			}

			const limit = readBytes(text.trim());
			store.setState(({transferLimit: _before, ...rest}) => ({...rest, ...(limit !== undefined && {transferLimit: limit})}), true);
			store.setState({toast: {text: limit === undefined ? 'Transfers are not limited.' : `Transfers are limited to ${formatBytes(limit)}/s.`, kind: 'plain', until: Date.now() + 4000}, now: Date.now()});
		},
	},
];
