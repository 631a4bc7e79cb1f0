/**
The usual troubles with Docker, told from plain facts: what is wrong, and the next step. Pure; `engine-facts.ts` gathers the facts.
*/

/** As far as it matters here: what `docker info` says (`GET /info`). */
export type EngineInfo = {
	/** `Debian GNU/Linux 12 (bookworm)`, or `Docker Desktop`. */
	readonly OperatingSystem?: string;
	readonly KernelVersion?: string;
	readonly ServerVersion?: string;
	readonly DockerRootDir?: string;

	/** `systemd`, `cgroupfs`, or `none`, with which no container can be paused. */
	readonly CgroupDriver?: string;

	/** `name=rootless`, `name=userns`, `name=selinux`, `name=seccomp,profile=default`. */
	readonly SecurityOptions?: readonly string[] | null;
};

/** What `docker version` says of the engine (`GET /version`). */
export type EngineVersion = {
	readonly Version?: string;
	readonly ApiVersion?: string;

	/** `Engine`, or `Podman Engine` of another program that speaks Docker's language. */
	readonly Components?: ReadonlyArray<{readonly Name: string; readonly Version: string}> | null;
};

/** A line of `docker context ls --format '{{json .}}'`. */
export type EngineContext = {
	readonly Name: string;
	readonly DockerEndpoint: string;
	readonly Current: boolean;
};

/** A volume of the engine that stands for a folder of a pool. */
export type BoundVolume = {
	readonly name: string;
	readonly pool: string;

	/** The folder that it stands for. */
	readonly folder: string;
	readonly isThere: boolean;
};

export type EngineFacts = {
	/** Whether the services of the stack run in containers; else Docker is only something that this machine may have. */
	readonly isNeeded: boolean;

	/** Whether there is a program `docker`. */
	readonly hasClient: boolean;

	/** Where the engine should be; absent where what says so makes no sense, see `failure`. */
	readonly location?: {readonly url: string; readonly from: string; readonly isLocal: boolean; readonly socket?: string};

	/** Why the engine could not be asked, with the code of the operating system where there is one (`ENOENT`). */
	readonly failure?: {readonly message: string; readonly hint?: string; readonly systemCode?: string};

	/** Whose the engine's socket is. */
	readonly socketGroup?: {readonly id: number; readonly name: string; readonly members: readonly string[]};
	readonly user: {readonly id: number; readonly name: string; readonly groupIds: readonly number[]};

	/** Known to the docker CLI; asked only when the engine did not answer. */
	readonly contexts: readonly EngineContext[];
	readonly info?: EngineInfo;
	readonly version?: EngineVersion;
	readonly compose?: {readonly command: readonly string[]; readonly version: string; readonly major: number};

	/** Of this machine, as `uname -r`. */
	readonly kernel: string;

	/** Whether this program itself runs in a container, and whether it sees the engine's folder from there. */
	readonly container?: {readonly seesEngineFolder: boolean};

	/** Whether SELinux enforces its rules on this machine. */
	readonly isSelinuxEnforcing: boolean;

	/** The stack's pool, with its SELinux label where there is one. */
	readonly pool?: {readonly path: string; readonly label?: string};
	readonly boundVolumes: readonly BoundVolume[];

	/** Paused containers that use volumes of a pool. */
	readonly paused: readonly string[];

	/** Volumes of the stack whose data are still the engine's. */
	readonly unadopted: readonly string[];
};

export type Trouble = {
	readonly name: string;
	readonly result: 'ok' | 'warning' | 'failed';
	readonly message: string;
	readonly hint?: string;
};

const engineName = 'docker engine';

/** What `findEngineLocation` calls the place where the engine is when nothing says otherwise. */
const usualPlace = 'the default';

/** Of 2020; older ones leave out what Coppice asks for. */
const oldestApi = 41;

/** How bad a trouble is that keeps a stack from running: nothing is broken where none is on Docker. */
const severity = ({isNeeded}: EngineFacts): 'failed' | 'warning' => isNeeded ? 'failed' : 'warning';

const hasOption = ({SecurityOptions: options}: EngineInfo, name: string): boolean =>
	(options ?? []).some(option => option === `name=${name}` || option.startsWith(`name=${name},`));

const isRootlessEngine = ({info}: EngineFacts): boolean => info !== undefined && hasOption(info, 'rootless');

/**
Names an engine that another context has, where this one has none: Docker Desktop and rootless engines come with a context of their own.
*/
const otherContexts = ({contexts, location}: EngineFacts): string => {
	const others = contexts.filter(({Current, DockerEndpoint}) => !Current && DockerEndpoint !== location?.url);
	return others.length === 0
		? ''
		: ` The docker CLI also knows ${others.map(({Name, DockerEndpoint}) => `${Name} (${DockerEndpoint})`).join(', ')}: \`docker context use ${others[0]!.Name}\` chooses it.`;
};

const explainDenied = (facts: EngineFacts): string => {
	const {socketGroup: group, user} = facts;
	if (group === undefined || group.id === 0) {
		return 'Run it with sudo. Stacks on an engine of root need root anyhow: the files of databases belong to other users.';
	}

	return group.members.includes(user.name) && !user.groupIds.includes(group.id) ? `You are in the group ${group.name}, but this session began before that: log in again, or run \`newgrp ${group.name}\`.` : `Run it with sudo, which stacks on an engine of root need anyhow; or join the group: \`sudo usermod -aG ${group.name} ${user.name}\`, then log in again (who is in it can become root). A rootless engine of your own needs neither.`;
};

const explainMissing = (facts: EngineFacts): Trouble => ({
	name: engineName,
	result: severity(facts),
	message: `Docker is not installed${facts.isNeeded ? '' : ': services run as processes of this machine'}`,
	hint: 'On Debian or Ubuntu: apt-get install docker.io docker-compose-v2 (docker-compose before Debian 13). Other systems: https://docs.docker.com/engine/install/',
});

const explainDown = (facts: EngineFacts, {url, from, isLocal}: NonNullable<EngineFacts['location']>): Trouble => {
	const isUsual = from === usualPlace;
	const start = isUsual ? 'Start it: `sudo systemctl start docker` (`systemctl --user start docker` for a rootless one).' : `Start it, or correct ${from}.`;
	return {
		name: engineName,
		result: severity(facts),
		message: `no engine runs at ${isUsual ? url : `${url}, where ${from} says it is`}`,
		hint: `${isLocal ? start : 'Start it on that machine.'}${otherContexts(facts)}`,
	};
};

/**
Why the engine did not answer.
*/
const explainFailure = (facts: EngineFacts): Trouble => {
	const {hasClient, location, failure} = facts;
	const trouble = {name: engineName, result: severity(facts)};
	switch (failure?.systemCode) {
		case 'EACCES':
		case 'EPERM': {
			return {...trouble, message: `${facts.user.name} may not talk to the engine at ${location?.url ?? 'its socket'}`, hint: explainDenied(facts)};
		}

		case 'ENOENT':
		case 'ECONNREFUSED': {
			if (location !== undefined) {
				return !hasClient && location.from === usualPlace && failure.systemCode === 'ENOENT' ? explainMissing(facts) : explainDown(facts, location);
			}

			break;
		}

		default:
	}

	return {...trouble, message: failure?.message ?? 'the engine did not answer', ...(failure?.hint !== undefined && {hint: failure.hint})};
};

/**
Whether the engine's containers can mount what is in a pool of this machine.
*/
const checkPlace = (facts: EngineFacts): Trouble[] => {
	const {location, info = {}, kernel, container} = facts;
	const trouble = {name: engineName, result: severity(facts)};
	if (location?.isLocal === false) {
		return [{
			...trouble,
			message: `it is on another machine (${location.url}, by ${location.from}), so its containers can't mount the volumes of a pool on this one`,
			hint: 'Run coppice on that machine, where pool and engine are together. For the engine of this machine: `docker context use default`, or unset DOCKER_HOST.',
		}];
	}

	if (info.OperatingSystem?.includes('Docker Desktop') === true) {
		return [{
			...trouble,
			message: 'this is Docker Desktop: its engine runs in a virtual machine, which sees your files through a share and can\'t mount a pool that is out here',
			hint: 'Install the engine of Linux itself (docker.io or docker-ce) and choose it with `docker context use default`; both can be there at once.',
		}];
	}

	// Containers share the kernel of their host, so an engine on another kernel is on another machine, whatever its socket says.
	if (info.KernelVersion !== undefined && info.KernelVersion !== '' && info.KernelVersion !== kernel) {
		return [{
			...trouble,
			message: `its kernel is ${info.KernelVersion} and this machine's is ${kernel}: it runs in a virtual machine, or its socket leads to another machine, so its containers can't mount a pool of this one`,
			hint: 'Run coppice where the engine runs, or use an engine of this machine.',
		}];
	}

	if (container?.seesEngineFolder === false) {
		return [{
			...trouble,
			message: 'coppice runs in a container and the engine outside of it: a path in here is another one for the engine',
			hint: 'Run coppice on the host; or mount the pool into this container under the very path that it has outside, with `rshared` propagation.',
		}];
	}

	return [];
};

const checkRights = (facts: EngineFacts): Trouble[] => {
	const {info = {}, user, location} = facts;
	if (location?.isLocal !== true) {
		return [];
	}

	if (isRootlessEngine(facts)) {
		const canPause = info.CgroupDriver !== 'none';
		const paused = canPause ? '' : '. It runs without control groups, so that containers can\'t be paused: only what is stopped can be committed';
		const groups = canPause ? '' : 'Run `coppice down` before a commit, or give the engine control groups of version 2 (`systemctl --user start docker`). ';
		const place = user.id === 0
			? 'Run coppice as the user whose engine it is, with a pool of that user\'s own (`coppice init --pool DIR`).'
			: 'The pool has to be a folder of yours (`coppice init --pool DIR`) and can\'t move between this engine and one of root: the numbers of the users differ. '
				+ 'Pools in a btrfs image need root. What a database closes to others (mode 0700) you can\'t read, and such a commit is refused: give the service '
				+ '`user: "0"` where its image allows it, or use an engine of root.';
		return [{
			name: engineName,
			result: 'warning',
			message: `it is rootless: root of a container is ${user.id === 0 ? 'its user' : user.name} out here, and other users of a container are those of /etc/subuid. Files of databases in the pool belong to them${paused}`,
			hint: `${groups}${place}`,
		}];
	}

	const troubles: Trouble[] = user.id === 0
		? []
		: [{
			name: engineName,
			result: severity(facts),
			message: 'the engine runs as root, and this user is not root: files of databases in the pool belong to other users, and only root may clone and clean them',
			hint: 'Run coppice with sudo for stacks on Docker, or use a rootless engine: https://docs.docker.com/engine/security/rootless/',
		}];
	return hasOption(info, 'userns')
		? [...troubles, {
			name: engineName,
			result: 'warning',
			message: 'it maps users (userns-remap): root of a container is an unprivileged user out here, who has to get to the pool and may not change owners in it beyond its own range',
			hint: 'Open the folders above the pool for passing through (`chmod o+x`), or set `userns_mode: host` on services with managed volumes. Adopt volumes only after the mapping is as it will stay.',
		}]
		: troubles;
};

const checkVersion = ({version, info}: EngineFacts): Trouble[] => {
	const component = version?.Components?.[0];
	if (component?.Name.includes('Podman') === true) {
		return [{
			name: engineName, result: 'warning', message: `Podman ${component.Version} answers in place of Docker, which Coppice is not tested with`,
			hint: 'Try a commit and a reset on a copy first, or use the engine of Docker.',
		}];
	}

	const [, minor] = /^1\.(?<minor>\d+)$/v.exec(version?.ApiVersion ?? '') ?? [];
	return minor !== undefined && Number(minor) < oldestApi
		? [{
			name: engineName, result: 'failed', message: `version ${version?.Version ?? info?.ServerVersion ?? 'unknown'} is too old: Coppice needs 20.10 or newer`,
			hint: 'Update it: https://docs.docker.com/engine/install/',
		}]
		: [];
};

const checkCompose = (facts: EngineFacts): Trouble => {
	const {compose} = facts;
	const name = 'docker compose';
	if (compose === undefined) {
		return {
			name,
			result: severity(facts),
			message: 'neither `docker compose` nor `docker-compose` answers',
			hint: 'Install docker-compose-plugin (from Docker), docker-compose-v2 (Ubuntu) or docker-compose (Debian).',
		};
	}

	const said = `${compose.command.join(' ')} ${compose.version}`;
	return compose.major < 2
		? {
			name,
			result: 'warning',
			message: `${said} is too old for \`name:\`, \`include:\` and all else that came after 2021, and is no longer maintained`,
			hint: 'Install Compose 2: docker-compose-plugin (from Docker), docker-compose-v2 (Ubuntu) or docker-compose (Debian 13).',
		}
		: {name, result: 'ok', message: said};
};

/** What processes in containers may use where SELinux keeps them apart (container-selinux). */
const containerLabels = /:(?:container_file_t|container_ro_file_t|svirt_sandbox_file_t):/v;

const checkSelinux = ({info, isSelinuxEnforcing, pool}: EngineFacts): Trouble[] => {
	if (!isSelinuxEnforcing || info === undefined || !hasOption(info, 'selinux')) {
		return [];
	}

	const name = 'selinux';
	if (pool?.label !== undefined && containerLabels.test(pool.label)) {
		return [{name, result: 'ok', message: `enforcing, and the pool is labelled for containers (${pool.label})`}];
	}

	const folder = pool?.path ?? 'POOL';
	return [{
		name,
		result: 'warning',
		message: `enforcing: containers may only use files labelled container_file_t, and ${pool?.label === undefined ? 'the pool has to be' : `the pool is labelled ${pool.label}`}. The \`:z\` of a bind mount does nothing for a named volume`,
		hint: `Label it once, with all that is made in it later: \`semanage fcontext -a -t container_file_t '${folder}(/.*)?' && restorecon -R ${folder}\`. A pool in a btrfs image may be mounted with \`context="system_u:object_r:container_file_t:s0"\` instead.`,
	}];
};

/** Whether a path is in a folder, or that folder. */
const isInside = (inner: string, folder: string): boolean => inner === folder || inner.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

const checkStorage = (facts: EngineFacts): Trouble[] => {
	const {info, pool, location} = facts;
	const root = info?.DockerRootDir;
	return pool !== undefined && root !== undefined && root !== '' && location?.isLocal === true && isInside(pool.path, root)
		? [{
			name: 'docker storage',
			result: severity(facts),
			message: `the pool ${pool.path} lies in the engine's own folder ${root}, which the engine may clean and which moves and goes with it`,
			hint: 'Make a pool somewhere else and take the stack up there: `coppice init --pool DIR`.',
		}]
		: [];
};

const checkVolumes = ({boundVolumes, unadopted}: EngineFacts): Trouble[] => {
	const name = 'docker volumes';
	const gone = boundVolumes.filter(({isThere}) => !isThere);
	const pools = [...new Set(gone.map(({pool}) => pool))].join(', ');
	return [
		...gone.length === 0
			? []
			: [{
				name,
				result: 'failed' as const,
				message: `the folders of ${gone.map(volume => `${volume.name} (${volume.folder})`).join(', ')} are gone, so containers with them can't start`,
				hint: `Is the pool mounted (${pools})? \`coppice status\` in the project tells. Where the stack itself is gone, they hold nothing: \`docker volume rm ${gone.map(volume => volume.name).join(' ')}\`.`,
			}],
		...unadopted.length === 0
			? []
			: [{
				name,
				result: 'warning' as const,
				message: `${unadopted.join(', ')}: the data are still in Docker's own volumes, and so in no commit`,
				hint: '`coppice init --adopt` moves them into the pool and keeps the originals until you drop them.',
			}],
		...gone.length === 0 && boundVolumes.length > 0
			? [{name, result: 'ok' as const, message: `${boundVolumes.length} stand for folders of pools, all there`}]
			: [],
	];
};

const checkPaused = ({paused}: EngineFacts): Trouble[] => paused.length === 0
	? []
	: [{
		name: 'docker containers',
		result: 'warning',
		message: `paused: ${paused.join(', ')}. A commit pauses them for some milliseconds; one that stays so was left behind, and its clients hang`,
		hint: `If no commit is at work: \`docker unpause ${paused.join(' ')}\`. Nothing is lost by that.`,
	}];

/**
All that is to say of Docker on this machine: what is wrong with the next step, and what is right in a line each.
*/
export const findTroubles = (facts: EngineFacts): readonly Trouble[] => {
	if (facts.info === undefined) {
		return [explainFailure(facts), ...facts.isNeeded ? [checkCompose(facts)] : []];
	}

	// Who may do what matters only where a pool can be mounted at all.
	const place = checkPlace(facts);
	const troubles = [...checkVersion(facts), ...place, ...place.length === 0 ? checkRights(facts) : []];
	const {ServerVersion: serverVersion = 'unknown'} = facts.info;
	return [
		...troubles.length === 0 ? [{name: engineName, result: 'ok' as const, message: `${serverVersion} at ${facts.location?.url ?? 'its socket'}`}] : troubles,
		checkCompose(facts),
		...checkSelinux(facts),
		...checkStorage(facts),
		...checkVolumes(facts),
		...checkPaused(facts),
	];
};
