/**
Runs `coppice init`.
*/
import {init, type InitOptions, type InitResult} from '../../actions/init.ts';
import {renderInit} from '../render/init.ts';
import type {Verb} from '../verb.ts';

type Options = Pick<InitOptions, 'pool' | 'driver' | 'dataset' | 'runtime'>;

export const verb: Verb<Options, InitResult> = {
	async run({directory, composeFiles, report}, {options: {pool, driver, dataset, runtime}}) {
		return init({
			directory, composeFiles, report, pool, driver, dataset, runtime,
		});
	},
	render: renderInit,
	notices: ({notices}) => notices,
};
