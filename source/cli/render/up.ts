/**
What `up` and `restart` have started.
*/
import type {UpResult} from '../../actions/services.ts';
import {formatCount, formatDuration} from '../output/format.ts';
import type {View} from '../output/view.ts';
import {renderServices} from './services.ts';

/**
A table of the services, where clients connect, and how long it took until they could.
*/
export const renderUp = ({services, readyMilliseconds}: UpResult, view: View): string => {
	const ready = services.filter(service => service.ready).length;
	const sentence = ready === services.length
		? `${formatCount(ready, 'service')} ready in ${formatDuration(readyMilliseconds)}`
		: `${ready} of ${formatCount(services.length, 'service')} ready`;
	const connections = services.flatMap(({name, connectionString}) => connectionString === undefined ? [] : [`${name}: ${connectionString}`]);
	return [renderServices(services, view), ...connections, sentence].filter(part => part !== '').join('\n');
};
