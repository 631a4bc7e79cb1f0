/**
`coppice init --adopt`: takes a project up, then takes over what the Docker engine holds of its volumes.
*/
import {adopt, type AdoptionResult, type AdoptOptions} from './adopt.ts';
import {init, type InitOptions, type InitResult} from './init.ts';
import {openWorkspace} from './workspace/open-workspace.ts';

export type AdoptedInitResult = InitResult & {readonly adoption: AdoptionResult};

/**
@returns What `init` has made, with the volumes as they are after the adoption.
@throws CoppiceError as `init` and `adopt` do. What was taken up before an adoption that fails stays so: trying again goes on from there.
*/
export const initAndAdopt = async ({signal, onPlan, ...options}: InitOptions & AdoptOptions): Promise<AdoptedInitResult> => {
	const result = await init(options);
	const adoption = await adopt(await openWorkspace(options), {...(signal && {signal}), ...(onPlan && {onPlan})});
	// Nothing is made any more: this tells which volumes are managed now, and which databases were recognised in them.
	const {services, volumes, unmanagedData, notices} = await init(options);
	return {
		...result, services, volumes, unmanagedData, notices, adoption,
	};
};
