/**
The command with which the guard of a freeze lets paused containers go on when the one who paused them is dead: this very Node, asking the
engine itself. No `docker` has to be installed, and nothing but an address has to be right.
*/
import process from 'node:process';
import {notDoneStatus, type HoldOptions} from '../hold-file.ts';
import type {Engine} from './engine.ts';
import {requestAddress, type EngineLocation} from './engine-location.ts';

const optionsVariable = 'COPPICE_ENGINE';

const requestOptions = (location: EngineLocation): object => {
	if (location.socket !== undefined) {
		return {protocol: 'http', socketPath: location.socket, pathPrefix: '/'};
	}

	const address = requestAddress(location);
	return {...address, host: address.host.replaceAll(/[\[\]]/gv, ''), pathPrefix: address.pathPrefix.replace(/\/?$/v, '/')};
};

/** Its arguments are the ids. The engine may be restarting when it is needed: it is patient for five seconds. */
const script = `
const {protocol, ...options} = JSON.parse(process.env.${optionsVariable});
const {request} = require(protocol === 'https' ? 'node:https' : 'node:http');
const ask = (method, path) => new Promise(resolve => {
	const asked = request({...options, method, path: options.pathPrefix + path, agent: false, timeout: 5000}, answer => {
		let text = '';
		answer.setEncoding('utf8').on('data', part => { text += part; }).on('error', () => resolve({})).on('end', () => resolve({status: answer.statusCode, text}));
	});
	asked.on('timeout', () => asked.destroy()).on('error', () => resolve({})).end();
});
const goesOn = async id => {
	for (let attempt = 0; attempt < 25; attempt++) {
		const {status} = await ask('POST', 'containers/' + id + '/unpause');
		if (status === 204 || status === 404) return true;
		const now = await ask('GET', 'containers/' + id + '/json');
		if (now.status === 404 || (now.status === 200 && !JSON.parse(now.text).State.Paused)) return true;
		await new Promise(resolve => setTimeout(resolve, 200));
	}
	return false;
};
Promise.all(process.argv.slice(1).map(goesOn)).then(all => process.exit(all.every(Boolean) ? 0 : ${notDoneStatus}));
`;

/**
What the guard of containers on this engine needs.
*/
export const thawCommand = ({location}: Pick<Engine, 'location'>): Pick<HoldOptions, 'letGo' | 'environment'> => ({
	letGo: [process.execPath, '-e', script],
	// An environment can be read by this user alone, arguments by everybody. What the user's own programs preload has no place there.
	environment: {NODE_OPTIONS: '', [optionsVariable]: JSON.stringify(requestOptions(location))},
});
