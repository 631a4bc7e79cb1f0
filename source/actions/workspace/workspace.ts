/**
A stack with all that a verb works on: its pool, history, runtime and databases.
*/
import type {Stack} from '../../stack/stack.ts';
import type {Pool} from '../../storage/pool.ts';
import type {History} from '../../history/history.ts';
import type {Runtime} from '../../runtime/runtime.ts';
import type {EngineVolumes} from '../../runtime/docker/engine-volumes.ts';
import type {Database} from '../../database/database.ts';
import type {Home} from '../../host/home.ts';
import type {Report} from '../progress.ts';

export type Workspace = {
	readonly home: Home;
	readonly stack: Stack;
	readonly pool: Pool;
	readonly history: History;
	readonly runtime: Runtime;

	/** Managed volumes, in the order of the file. */
	readonly volumes: readonly string[];

	/** The database of each service that has one. */
	readonly databases: ReadonlyMap<string, Database>;

	/** The commit whose definition the services run by, where it is not the compose file's; `plain` opens the stack by the compose file. */
	readonly definition?: {readonly commit: string; readonly plain: () => Promise<Workspace>; readonly drop: () => Promise<void>};

	/** Brings the services up by the definition of a commit, which was written before; where the services run in containers. */
	readonly startByDefinition?: (commit: string) => Promise<void>;

	/** What could not be told of the databases: one sentence each. */
	readonly notices: readonly string[];
	readonly report: Report;

	/** The volumes of the container engine, where the services run in one. */
	readonly engineVolumes?: () => Promise<EngineVolumes>;
};
