/**
Runs `coppice logs`: prints lines as they come.
*/
import process from 'node:process';
import type {LogLine} from '../../runtime/runtime.ts';
import {toJsonText} from '../output/json.ts';
import type {Style} from '../output/style.ts';
import type {Verb} from '../verb.ts';
import {namedServices} from '../named-services.ts';

type Options = {readonly follow?: boolean; readonly tail?: number; readonly since?: Date; readonly timestamps?: boolean};

const colors = ['cyan', 'green', 'magenta', 'yellow', 'blue'] as const;

type LogLineOptions = {readonly services: readonly string[]; readonly style: Style; readonly timestamps: boolean};

/**
One line for people. Each service keeps its colour, by its place in the stack.
*/
export const renderLogLine = ({service, time, text}: LogLine, {services, style, timestamps}: LogLineOptions): string => {
	const width = Math.max(...services.map(name => name.length), service.length);
	const color = colors[Math.max(0, services.indexOf(service)) % colors.length] ?? 'cyan';
	return `${style[color](`${service.padEnd(width)} |`)} ${timestamps ? `${style.dim(time)} ` : ''}${text}`;
};

export const verb: Verb<Options, void> = {
	async run(context, input) {
		const {follow, tail, since, timestamps = false} = input.options;
		const {runtime, stack} = await context.openWorkspace();
		const wanted = namedServices(input);
		const services = wanted ?? Object.keys(stack.services);
		const signal = AbortSignal.any([context.signal, context.outputClosed]);
		for await (const line of runtime.logs({
			services: wanted, follow, tail, since, signal,
		})) {
			if (signal.aborted) {
				break;
			}

			context.print(context.globals.json ? toJsonText(line, 0) : renderLogLine(line, {services, style: context.view.style, timestamps}));

			// A reader that is slower than the log must not fill the memory.
			if (process.stdout.writableNeedDrain && !signal.aborted) {
				await new Promise<void>(resolve => {
					process.stdout.once('drain', resolve);
					signal.addEventListener('abort', () => {
						resolve();
					}, {once: true});
				});
			}
		}
	},
	toJson: () => undefined,
};
