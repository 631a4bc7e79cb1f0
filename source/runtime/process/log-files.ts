/**
Where the logs of services are, and how a line of them is written.

A service writes straight into two spool files, one a stream, and not into pipes of its supervisor: so it runs on, and loses no line,
when the supervisor is killed. The supervisor moves what is in the spools, line by line with its time and stream, into the log
that people read:

```
<service>.stdout, <service>.stderr   spools, appended to by the service itself
<service>.position                   how far each spool has been moved
<service>.log                        2026-01-31T12:00:00.000Z o text        (o: stdout, e: stderr)
<service>.log.1, <service>.log.2     older
```

A spool that has been moved is cut to nothing once it is large. A line written in the very microseconds between the last look and the
cut is lost: the price of a service that depends on nobody.
*/
import path from 'node:path';
import type {LogLine} from '../runtime.ts';

/** A log that has grown to this is put aside. */
export const maximumLogBytes = 10 * 1024 * 1024;

/** The log in use and the ones put aside. */
export const keptLogs = 3;

export const logsFolder = (stateFolder: string): string => path.join(stateFolder, 'logs');
export const logFile = (stateFolder: string, service: string): string => path.join(logsFolder(stateFolder), `${service}.log`);
export const spoolFile = (stateFolder: string, service: string, stream: LogLine['stream']): string =>
	path.join(logsFolder(stateFolder), `${service}.${stream}`);
export const positionFile = (stateFolder: string, service: string): string => path.join(logsFolder(stateFolder), `${service}.position`);

/**
The log of a service and the ones put aside, oldest first.
*/
export const logFiles = (stateFolder: string, service: string): string[] => {
	const current = logFile(stateFolder, service);
	return [...Array.from({length: keptLogs - 1}, (_, index) => `${current}.${keptLogs - 1 - index}`), current];
};

export const formatLine = (time: Date, stream: LogLine['stream'], text: string): string =>
	`${time.toISOString()} ${stream === 'stdout' ? 'o' : 'e'} ${text}\n`;

/**
A line of a log, or `undefined` for the rest of one that was cut.
*/
export const parseLine = (service: string, line: string): LogLine | undefined => {
	const match = /^(?<time>\d{4}-\d\d-\d\dT[\d.:]+Z) (?<stream>[eo]) (?<text>.*)$/sv.exec(line);
	const {time, stream, text} = match?.groups ?? {};
	return time === undefined || text === undefined
		? undefined
		: {
			service, time, stream: stream === 'o' ? 'stdout' : 'stderr', text,
		};
};
