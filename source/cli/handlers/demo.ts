/**
Runs `coppice demo`.
*/
import path from 'node:path';
import process from 'node:process';
import {demo, type DemoResult} from '../../actions/demo.ts';
import {exitCodes} from '../../system/errors.ts';
import {renderDemo} from '../render/demo.ts';
import type {Verb} from '../verb.ts';

type Options = {readonly keep?: boolean; readonly home?: string; readonly rows?: number};

export const verb: Verb<Options, DemoResult> = {
	isData: true,
	async run({report, signal, directory}, {options: {keep, home = process.env.COPPICE_HOME, rows}}) {
		return demo({
			home: home === undefined ? undefined : path.resolve(directory, home), rows, keep, report, signal,
		});
	},
	render: renderDemo,
	exitCode: ({passed}) => passed ? 0 : exitCodes.failed,
};
