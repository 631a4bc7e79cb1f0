/**
The one place where a failure becomes text (or JSON) and an exit code.
*/
import type {ErrorReport} from '../system/describe-error.ts';
import {withoutControls} from '../system/format.ts';
import {quoteWord} from '../system/quote-word.ts';
import {createStyle, type Style} from './output/style.ts';

export {describeError, type ErrorReport} from '../system/describe-error.ts';

const stderrLines = 8;

/**
A failure for people: what is wrong, where, what a command has said, and the next step.
*/
export const renderError = (report: ErrorReport, {style = createStyle(false), verbose = false}: {style?: Style; verbose?: boolean} = {}): string => {
	const {host, stack, volume, service, file, command, stderr} = report.context;
	const lines = [`${style.red(style.bold('error:'))} ${withoutControls(report.message)}`];
	for (const [name, value] of Object.entries({
		host, stack, volume, service, file, command: command?.map(word => quoteWord(word)).join(' '),
	})) {
		if (value !== undefined) {
			lines.push(`  ${style.dim(`${name}:`)} ${withoutControls(value)}`);
		}
	}

	const said = withoutControls(stderr ?? '').split('\n').map(line => line.trimEnd()).filter(line => line !== '');
	lines.push(...said.slice(verbose ? 0 : -stderrLines).map(line => `  ${style.dim('|')} ${line}`));
	if (report.hint !== undefined) {
		lines.push(`${style.cyan('hint:')} ${withoutControls(report.hint)}`);
	}

	if (verbose && report.stack !== undefined) {
		lines.push(style.dim(report.stack));
	}

	return `${lines.join('\n')}\n`;
};

/**
A failure for scripts: `{"error": {"code", "message", "hint", …}}` on one line.
*/
export const errorToJson = ({code, message, hint, context, isBug, stack}: ErrorReport, {verbose = false}: {verbose?: boolean} = {}): string =>
	`${JSON.stringify({
		error: {
			code, message, hint, ...context, ...(isBug && {bug: true}), ...(verbose && {stackTrace: stack}),
		},
	})}\n`;
