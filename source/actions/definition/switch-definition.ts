/**
`coppice switch --definition`: brings a stack up with the definition that a commit was made with.
*/
import process from 'node:process';
import {CoppiceError} from '../../system/errors.ts';
import type {StoredCommit} from '../../history/commit.ts';
import {resolve} from '../../history/revision.ts';
import {readProject} from '../../host/project-registry.ts';
import {withDotEnv} from '../../stack/compose-files.ts';
import {restoreModel} from '../../stack/restore-model.ts';
import type {Definition} from '../../stack/stack.ts';
import {monotonicNow} from '../../system/clock.ts';
import {failpoint} from '../../system/failpoint.ts';
import {isBranchClean, markBaseline} from '../baseline.ts';
import {applyChanges} from '../change/apply-changes.ts';
import type {Step} from '../change/steps.ts';
import {openByFile} from '../workspace/open-workspace.ts';
import {waitUntilReady} from '../databases/ready.ts';
import type {SwitchResult} from '../switch.ts';
import {exclusively, transact} from '../change/transact.ts';
import type {Workspace} from '../workspace/workspace.ts';
import {writeDefinition} from './active-definition.ts';

export type SwitchDefinitionOptions = {
	/**
	A branch, whose last commit gives the definition and whose data become current; or a commit, which gives the definition alone. The current
	branch unless told.
	*/
	readonly target?: string;
	readonly signal?: AbortSignal;
};

type Chosen = {readonly branch: string; readonly commit: StoredCommit};

const choose = async ({history, stack}: Workspace, target: string | undefined): Promise<Chosen> => {
	const [current, branches] = await Promise.all([history.currentBranch(), history.branches()]);
	const wanted = target ?? current;
	const tip = branches.get(wanted);
	if (tip === null) {
		throw new CoppiceError('precondition', `Branch ${wanted} of stack ${stack.name} has no commit whose definition could be used.`, {
			stack: stack.name, hint: 'Make one first: `coppice commit -m "…"`.',
		});
	}

	return tip === undefined
		? {branch: current, commit: await history.readCommit(await resolve(history, wanted))}
		: {branch: wanted, commit: await history.readCommit(tip)};
};

/** Images of the commit that this engine still has, by service. */
const findImages = async ({services}: Definition): Promise<Record<string, string>> => {
	const {connectEngine, engineError, hasStatus} = await import('../../runtime/docker/engine.ts');
	const {docker, location} = await connectEngine();
	const found = await Promise.all(Object.entries(services).map(async ([name, {imageDigest}]): Promise<Array<[string, string]>> => {
		if (imageDigest === undefined) {
			return [];
		}

		try {
			await docker.getImage(imageDigest).inspect();
			return [[name, imageDigest]];
		} catch (error) {
			if (hasStatus(error, 404)) {
				return [];
			}

			throw engineError(error, location, `look for the image of ${name}`);
		}
	}));
	return Object.fromEntries(found.flat());
};

const missingValues = (missing: readonly string[], {name}: {readonly name: string}, commit: string): CoppiceError => new CoppiceError(
	'precondition',
	`The definition of commit ${commit.slice(0, 8)} needs ${missing.length === 1 ? 'a value' : `${missing.length} values`} that neither the compose file nor the environment has now: ${missing.join(', ')}.`,
	{stack: name, hint: 'A commit holds no values. Set them in the environment or in `.env`, and run this again; nothing was changed.'},
);

const switchLocked = async (workspace: Workspace, {target, signal}: SwitchDefinitionOptions): Promise<SwitchResult> => {
	const begun = monotonicNow();
	const {history, home, pool, report} = workspace;
	const {branch, commit} = await choose(workspace, target);
	const from = await history.currentBranch();
	const {definition} = commit;
	if (definition.compose === undefined) {
		throw new CoppiceError('precondition', `The commit ${commit.id.slice(0, 8)} does not hold the definition it was made with.`, {
			stack: workspace.stack.name, hint: 'It was made on the process runtime, or by an earlier version. `coppice switch BRANCH` changes the data alone.',
		});
	}

	// Values come from the compose file, also where another commit's definition is running.
	const {stack} = await workspace.definition?.plain() ?? workspace;
	const project = await readProject(home, stack.projectFolder);
	if (project === undefined) {
		throw new CoppiceError('precondition', `The project in ${stack.projectFolder} is not a stack of Coppice.`, {stack: stack.name, hint: 'Run `coppice init` there.'});
	}

	const images = await findImages(definition);
	const variables = withDotEnv(process.env, stack.projectFolder);
	const {model, missing} = restoreModel(definition, stack, name => variables[name], images);
	if (missing.length > 0) {
		throw missingValues(missing, stack, commit.id);
	}

	const place = {home, pool: pool.path, stack: stack.name};
	const {findComposeCli} = await import('../../runtime/docker/compose-cli.ts');
	const {major} = await findComposeCli();
	const {name: _name, ...unnamed} = model;
	// Compose 1 knows no `name`.
	const active = await writeDefinition(place, commit.id, major === 1 ? unnamed : model);
	failpoint('switch definition written');
	// Compose checks it before anything is touched.
	const other = await openByFile(workspace, project, active.file);
	const byName = Object.keys(definition.services).filter(service => images[service] === undefined && definition.services[service]?.image !== undefined);
	if (byName.length > 0) {
		report({type: 'notice', message: `the images that ${byName.join(', ')} ran with are not here any more: those of that name are used`});
	}

	const endsClean = await isBranchClean(workspace, branch);
	const start: Step = {do: 'start-by-definition', commit: commit.id};
	const verb = 'switch';
	if (branch === from) {
		await transact(workspace, {
			verb, rollback: [], apply: () => [start], async prepare() {},
		}, signal);
	} else {
		// Old services must not come up on data of another definition, not even for a moment.
		await applyChanges(workspace, {
			verb, summary: `switch from ${from} to ${branch}`, changes: [{type: 'head', to: branch}], start,
		}, {...(signal && {signal})});
	}

	const now = await other.runtime.states();
	const started = now.filter(({status}) => status !== 'created').map(({name}) => name);
	await waitUntilReady(other, started, {...(signal && {signal})});
	if (endsClean) {
		await markBaseline(other, branch);
	}

	return {
		from, to: branch, created: false, restarted: started, readyMilliseconds: monotonicNow() - begun, definition: {commit: commit.id, byName},
	};
};

/**
Brings the stack up with the definition of a commit, on the data of the branch that was named, if one was. A later `up` returns to the
compose file.

@throws CoppiceError `precondition` on the process runtime, for a commit without a definition, and where values are missing that a commit does
not hold; nothing was changed then.
*/
export const switchDefinition = async (workspace: Workspace, options: SwitchDefinitionOptions = {}): Promise<SwitchResult> => {
	const {runtime, stack} = workspace;
	if (runtime.name !== 'docker') {
		throw new CoppiceError('precondition', `The services of stack ${stack.name} are processes of this host, so only the compose file as it is defines them.`, {
			stack: stack.name, hint: 'Check the older compose file out of your version control; `coppice diff` shows what differs. `--definition` works on the docker runtime.',
		});
	}

	return exclusively(workspace, 'switch', async () => switchLocked(workspace, options), options);
};
