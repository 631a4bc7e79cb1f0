/**
A recipe knows how to run what an image holds as a process of the host: which program, on which data, with which flags.
*/
import type {Service} from '../../../stack/stack.ts';
import type {HostMount} from '../mounts.ts';
import type {ResolvedPort} from '../ports.ts';
import type {ServiceUser} from '../service-user.ts';

/**
Everything to start one service. May hold secrets in its environment and input: it stays in memory.
*/
export type LaunchPlan = {
	readonly command: readonly string[];

	/** The whole environment: nothing is inherited. */
	readonly environment: Readonly<Record<string, string>>;
	readonly user: ServiceUser;
	readonly workingFolder: string;

	/** What it reads on its standard input. */
	readonly input?: string;

	/** How it ends in good order where the file names no signal. */
	readonly stopSignal: NodeJS.Signals;

	/** The signal that ends it at once and still tidily; else it is killed. */
	readonly quitSignal?: NodeJS.Signals;

	/** For clients on this host: a folder for Postgres, else the socket itself. */
	readonly socket?: string;

	/** Where its program and the clients beside it are. */
	readonly binFolder?: string;
};

/**
What a tool on the host needs to know to reach a service.
*/
export type ClientFacts = {
	readonly service: Service;
	readonly mounts: readonly HostMount[];
	readonly ports: readonly ResolvedPort[];
	readonly socket?: string;
};

export type RecipeContext = {
	readonly service: Service;
	readonly projectFolder: string;
	readonly stateFolder: string;
	readonly mounts: readonly HostMount[];
	readonly ports: readonly ResolvedPort[];
	readonly signal: AbortSignal;

	/** Chooses who it runs as, by the owner of its data among others. */
	readonly chooseUser: (options: {dataFolder?: string; engineUsers: readonly string[]; mayBeRoot: boolean}) => Promise<ServiceUser>;

	/** Gives the user an empty folder, and checks that they can reach it. */
	readonly claimFolder: (folder: string, user: ServiceUser) => Promise<void>;

	/** A folder for sockets that only the user can open; its path is short. */
	readonly socketFolder: (user: ServiceUser) => Promise<string>;

	/** Adds to the service's log. */
	readonly log: (stream: 'stdout' | 'stderr', text: string) => void;

	/** One sentence for the user who asked for the start. */
	readonly notice: (text: string) => void;

	/** Files that the output of a helper program of the service goes to. */
	readonly openOutput: (user: ServiceUser) => readonly [number, number];
};

export type Recipe = {
	/** Variables for what runs on behalf of the service: a health check, `exec`. May hold secrets. */
	readonly clientVariables: (facts: ClientFacts) => Readonly<Record<string, string>>;

	/** Finds the program, readies the data, and says how to start. */
	readonly plan: (context: RecipeContext) => Promise<LaunchPlan>;
};
