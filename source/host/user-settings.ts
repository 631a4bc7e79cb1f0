/**
The user's own settings: `config.json` in the home's config folder, below what the project and the command line say.
*/
import Conf from 'conf';
import {CoppiceError} from '../system/errors.ts';
import type {RuntimeName} from '../stack/stack.ts';
import type {DriverName} from '../storage/driver.ts';
import type {Home} from './home.ts';

export type UserSettings = {
	/** The folder of the pool for new stacks. */
	readonly pool?: string;

	/** The storage driver of a pool that has to be made. */
	readonly driver?: DriverName;
	readonly runtime?: RuntimeName;

	/** What `coppice prune` keeps where it is not told. */
	readonly keep?: string;
};

/**
@throws CoppiceError `usage` naming the file and the key that is wrong.
*/
export const readUserSettings = (home: Home): UserSettings => {
	try {
		const settings = new Conf<UserSettings>({
			cwd: home.config,
			configName: 'config',
			projectName: 'coppice',
			schema: {
				pool: {type: 'string'},
				driver: {type: 'string', enum: ['btrfs', 'zfs', 'directory']},
				runtime: {type: 'string', enum: ['process', 'docker']},
				keep: {type: 'string'},
			},
			rootSchema: {additionalProperties: false},
		});
		return settings.store;
	} catch (error) {
		const file = `${home.config}/config.json`;
		throw new CoppiceError('usage', `The settings in ${file} can't be used: ${error instanceof Error ? error.message : String(error)}`, {
			file, hint: 'Correct the file or remove it. It may say `pool`, `driver`, `runtime` and `keep`.', cause: error,
		});
	}
};
