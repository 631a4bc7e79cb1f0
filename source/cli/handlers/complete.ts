/**
Runs `coppice __complete`: what the last word can be, branches, tags, commits and services of the stack included. It never fails and
never says anything but candidates: the user is in the middle of a line.
*/
import path from 'node:path';
import {planCompletion, type Candidate} from '../completion/plan-completion.ts';
import {firstLine, shortId} from '../output/format.ts';
import type {CommandDescription, Completes, Verb} from '../verb.ts';
import type {Workspace} from '../../actions/workspace/workspace.ts';

const recentCommits = 20;

type Lookup = Exclude<Completes, 'files' | 'folders' | 'hosts' | 'stacks'>;

const branchCandidates = async ({history}: Workspace): Promise<Candidate[]> => {
	const branches = await history.branches();
	return Array.from(branches.keys(), value => ({value, description: 'branch'}));
};

const remoteCandidates = async ({history}: Workspace): Promise<Candidate[]> => {
	const branches = await history.remoteBranches();
	return Array.from(branches.keys(), value => ({value, description: 'remote branch'}));
};

const tagCandidates = async ({history}: Workspace): Promise<Candidate[]> => {
	const tags = await history.tags();
	return Array.from(tags.keys(), value => ({value, description: 'tag'}));
};

const commitCandidates = async ({history}: Workspace): Promise<Candidate[]> => {
	const {commits} = await history.allCommits();
	return commits
		.filter(commit => commit.kind === 'commit')
		.slice(0, recentCommits)
		.map(({id, message}) => ({value: shortId(id), description: firstLine(message)}));
};

const lookups: Readonly<Record<Lookup, (workspace: Workspace) => Promise<Candidate[]>>> = {
	branches: branchCandidates,
	tags: tagCandidates,
	services: async ({stack}) => Object.values(stack.services).map(({name, image}) => ({value: name, description: image ?? 'service'})),
	async revisions(workspace) {
		const found = await Promise.all([branchCandidates(workspace), remoteCandidates(workspace), tagCandidates(workspace), commitCandidates(workspace)]);
		return [...found.flat(), {value: 'HEAD', description: 'the last commit'}];
	},
};

const lookUp = async (kind: Lookup | 'hosts' | 'stacks', directory: string, files: readonly string[]): Promise<readonly Candidate[]> => {
	try {
		if (kind === 'hosts' || kind === 'stacks') {
			const {listHostNames, listStackNames} = await import('../../actions/hosts/list-names.ts');
			return kind === 'hosts' ? await listHostNames() : await listStackNames();
		}

		const {openWorkspace} = await import('../../actions/workspace/open-workspace.ts');
		return await lookups[kind](await openWorkspace({
			directory,
			...(files.length > 0 && {composeFiles: files.map(file => path.resolve(directory, file))}),
			report() {/* Nothing is said while the user types. */},
		}));
	} catch {
		return [];
	}
};

const printCandidate = ({value, description}: Candidate): string => description === undefined ? value : `${value}\t${description}`;

export const createVerb = (commands: readonly CommandDescription[]): Verb<object, string> => ({
	isData: true,
	async run({directory}, {arguments: words}) {
		const plan = planCompletion(words, commands);
		const {completes, current, prefix} = plan;
		const known = plan.candidates.filter(({value}) => value.startsWith(current));
		if (completes === 'files' || completes === 'folders') {
			return [...known.map(candidate => printCandidate(candidate)), `:${completes}`].join('\n');
		}

		const found = completes === undefined ? [] : await lookUp(completes, path.resolve(directory, plan.directory ?? '.'), plan.files);
		return [...known, ...found.map(candidate => ({...candidate, value: `${prefix}${candidate.value}`})).filter(({value}) => value.startsWith(current))]
			.map(candidate => printCandidate(candidate))
			.join('\n');
	},
	render: text => text,
	toJson: () => undefined,
});
