/**
Health checks of services, as the compose file states them, run on the host.

A check was written for the inside of a container: `pg_isready -h localhost -p 5432`, say. On the host that port may be another
server's, and the program may be missing. So a check that only asks a known engine whether it takes connections, by a client
that is not here or with an address of its own, is answered by asking the engine at its real address.
*/
import {spawn} from 'node:child_process';
import {accessSync, constants} from 'node:fs';
import path from 'node:path';
import {performance} from 'node:perf_hooks';
import type {HealthCheck} from '../../stack/stack.ts';
import {accepts, type AcceptTarget, type Engine} from './accept-check.ts';
import type {ServiceUser} from './service-user.ts';
import {sendSignal} from './service-processes.ts';

/** What a check is run with. */
export type HealthContext = {
	readonly environment: Readonly<Record<string, string>>;
	readonly user: ServiceUser;
	readonly workingFolder: string;
	readonly engine?: {readonly name: Engine; readonly target: AcceptTarget};
};

export type HealthProbe =
	| {readonly kind: 'command'; readonly command: readonly string[]}
	| {readonly kind: 'accept'; readonly reason?: string};

const engineClients = /\b(?:pg_isready|redis-cli|valkey-cli|mysqladmin|mariadb-admin|healthcheck\.sh)\b/v;
const ownAddress = /\s(?:-h|--host|-p|--port|-P|-s|--socket)[\s\w\/=]/v;

/**
Whether a program is found on a search path.
*/
export const isOnPath = (program: string, searchPath: string): boolean => {
	const candidates = program.includes('/') ? [program] : searchPath.split(':').map(folder => path.join(folder, program));
	return candidates.some(candidate => {
		try {
			accessSync(candidate, constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
};

/**
How to answer the health check of a service on the host.
*/
export const chooseProbe = (check: HealthCheck | undefined, engine: Engine | undefined, isPresent: (program: string) => boolean): HealthProbe | undefined => {
	if (check === undefined) {
		return engine === undefined ? undefined : {kind: 'accept'};
	}

	const line = check.command.join(' ');
	const client = engineClients.exec(line)?.[0];
	if (engine === undefined || client === undefined) {
		return {kind: 'command', command: check.command};
	}

	if (!isPresent(client)) {
		return {kind: 'accept', reason: `${client} is not on this host, so the health check asks whether the database takes connections`};
	}

	// The client of Redis takes its address from no variable.
	return engine === 'redis' || ownAddress.test(line) ? {kind: 'accept'} : {kind: 'command', command: check.command};
};

const runCheck = async (command: readonly string[], context: HealthContext, timeoutMilliseconds: number): Promise<boolean> => new Promise(resolve => {
	const [file = '', ...arguments_] = command;
	const child = spawn(file, arguments_, {
		detached: true, stdio: 'ignore', cwd: context.workingFolder, env: {...context.environment}, uid: context.user.uid, gid: context.user.gid,
	});
	const timer = setTimeout(() => {
		if (child.pid !== undefined) {
			sendSignal(-child.pid, 'SIGKILL');
		}
	}, timeoutMilliseconds);
	const finish = (isHealthy: boolean): void => {
		clearTimeout(timer);
		resolve(isHealthy);
	};

	child.once('error', () => {
		finish(false);
	});
	child.once('exit', code => {
		finish(code === 0);
	});
});

const defaultCheck: Omit<HealthCheck, 'command'> = {
	intervalMilliseconds: 10_000, timeoutMilliseconds: 5000, startPeriodMilliseconds: 60_000, retries: 3,
};

/**
Watches over one service from its start to its end.

While it starts it is asked often, at growing intervals, so that what waits for it does not wait for a whole interval; from then on
at the interval of the file. It is unhealthy when the start period and as many intervals as there are retries have passed without a
success, or after that many failures in a row.
*/
export class HealthMonitor {
	readonly #probe: HealthProbe;
	readonly #check: Omit<HealthCheck, 'command'>;
	readonly #isAsked: boolean;
	readonly #context: HealthContext;
	readonly #report: (health: 'healthy' | 'unhealthy') => void;
	readonly #began = performance.now();
	#timer: NodeJS.Timeout | undefined;
	#isOver = false;
	#wasHealthy = false;
	#failures = 0;
	#pause = 15;

	constructor(options: {probe: HealthProbe; check: HealthCheck | undefined; context: HealthContext; report: (health: 'healthy' | 'unhealthy') => void}) {
		this.#probe = options.probe;
		this.#check = options.check ?? defaultCheck;
		this.#isAsked = options.check !== undefined;
		this.#context = options.context;
		this.#report = options.report;
		this.#plan(0);
	}

	#plan(milliseconds: number): void {
		this.#timer = setTimeout(() => {
			void this.#visit();
		}, milliseconds);
	}

	async #visit(): Promise<void> {
		const isHealthy = await this.#ask();
		if (this.#isOver) {
			return;
		}

		const pause = this.#judge(isHealthy);
		// Without a check in the file it only tells when the service has started: servers log each visit.
		if (!isHealthy || this.#isAsked) {
			this.#plan(pause);
		}
	}

	async #ask(): Promise<boolean> {
		const {timeoutMilliseconds} = this.#check;
		if (this.#probe.kind === 'command') {
			return runCheck(this.#probe.command, this.#context, timeoutMilliseconds);
		}

		const {engine} = this.#context;
		return engine !== undefined && accepts(engine.name, engine.target, timeoutMilliseconds, this.#context.environment.PGUSER);
	}

	/**
	@returns Milliseconds until it is asked again.
	*/
	#judge(isHealthy: boolean): number {
		const {intervalMilliseconds, startPeriodMilliseconds, retries} = this.#check;
		if (isHealthy) {
			this.#wasHealthy = true;
			this.#failures = 0;
			this.#report('healthy');
			return intervalMilliseconds;
		}

		if (this.#wasHealthy) {
			this.#failures++;
			if (this.#failures >= retries) {
				this.#report('unhealthy');
			}

			return intervalMilliseconds;
		}

		if (performance.now() - this.#began >= startPeriodMilliseconds + (retries * intervalMilliseconds)) {
			this.#report('unhealthy');
			return intervalMilliseconds;
		}

		this.#pause = Math.min(this.#pause * 1.5, intervalMilliseconds, 1000);
		return this.#pause;
	}

	stop(): void {
		this.#isOver = true;
		clearTimeout(this.#timer);
	}
}
