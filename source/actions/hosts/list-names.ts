/**
What hosts and stacks there are, for who types a command line.
*/
import {findHome, type Home} from '../../host/home.ts';
import {listHosts} from '../../host/host-registry.ts';
import {listProjects} from '../../host/project-registry.ts';

export type Named = {readonly value: string; readonly description: string};

export const listHostNames = async (home: Home = findHome()): Promise<Named[]> => {
	const hosts = await listHosts(home);
	return hosts.map(({name, address}) => ({value: name, description: address}));
};

export const listStackNames = async (home: Home = findHome()): Promise<Named[]> => {
	const projects = await listProjects(home);
	return projects.map(({stack, folder}) => ({value: stack, description: folder}));
};
