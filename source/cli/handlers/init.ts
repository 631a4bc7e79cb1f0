/**
Runs `coppice init`, with `--adopt` and `--drop-originals` too.
*/
import type {AdoptionResult} from '../../actions/adopt.ts';
import {dropOriginals, listOriginals, type DropResult} from '../../actions/drop-originals.ts';
import {describePlan} from '../../actions/describe-adoption.ts';
import {init, type InitOptions, type InitResult} from '../../actions/init.ts';
import {initAndAdopt} from '../../actions/init-and-adopt.ts';
import {CoppiceError} from '../../system/errors.ts';
import {
	describeOriginals,
	renderAdoption,
	renderDropped,
} from '../render/adoption.ts';
import {renderInit} from '../render/init.ts';
import type {Context, Verb} from '../verb.ts';

type Options = Pick<InitOptions, 'pool' | 'driver' | 'dataset' | 'runtime'> & {readonly profile?: readonly string[]; readonly adopt?: boolean; readonly dropOriginals?: boolean};

type Result = InitResult & {readonly adoption?: AdoptionResult; readonly dropped?: DropResult['dropped']};

const runDrop = async (context: Context): Promise<DropResult> => {
	const workspace = await context.openWorkspace();
	const originals = await listOriginals(workspace);
	if (originals.length > 0) {
		await context.confirm({
			what: `Deleting the originals of ${workspace.stack.name}`,
			lost: describeOriginals(originals),
			way: 'This can\'t be undone; the data in the pool and their commits stay.',
		});
	}

	return dropOriginals(workspace, originals);
};

export const verb: Verb<Options, Result> = {
	async run(context, {options}) {
		const {
			pool, driver, dataset, runtime, profile: profiles, adopt: isAdopting = false, dropOriginals: isDropping = false,
		} = options;
		if (isAdopting && isDropping) {
			throw new CoppiceError('usage', '`--adopt` and `--drop-originals` can\'t be given at once.', {
				hint: 'Adopt first, look that all is well, then drop the originals.',
			});
		}

		const {directory, composeFiles, report, signal} = context;
		const wish = {
			directory, composeFiles, report, pool, driver, dataset, runtime, profiles,
		};
		if (isAdopting) {
			return initAndAdopt({
				...wish,
				signal,
				onPlan(plan) {
					for (const message of describePlan(plan)) {
						report({type: 'notice', message});
					}
				},
			});
		}

		const result = await init(wish);
		return isDropping ? {...result, ...await runDrop(context)} : result;
	},
	render: (result, view) => [
		result.dropped === undefined ? renderInit(result, view) : renderDropped({dropped: result.dropped}),
		...result.adoption === undefined ? [] : [renderAdoption(result.adoption, view)],
	].filter(text => text !== '').join('\n'),
	notices: ({notices, adoption}) => [...notices, ...adoption?.notices ?? []],
};
