/**
Makes `docs/cli.md` from the program's own help, so that the two can't say different things.

`node scripts/make-cli-docs.ts` writes it; `--check` only says whether it is up to date.
*/
import {readFile, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {parseArgs} from 'node:util';
import {commands} from '../source/cli/commands/index.ts';
import {createProgram} from '../source/cli/program.ts';

export const cliDocsPath = path.resolve(import.meta.dirname, '../docs/cli.md');

const introduction = `# The command line

Made from the program's own help by \`scripts/make-cli-docs.ts\`: change the descriptions in \`source/cli/commands\`, not this page.

## Exit codes
| code | kind in JSON | meaning |
| --- | --- | --- |
| 0 | | done |
| 1 | \`failed\` | something went wrong; also a failure that nobody has foreseen, which is marked \`"bug": true\` |
| 2 | \`usage\` | the command line can't be read, or something has to be confirmed with \`--yes\` |
| 3 | \`not-found\` | no such commit, branch, tag, service, project or folder |
| 4 | \`host\`, \`permission\` | the host did not answer, or may not be used this way |
| 5 | \`conflict\` | locked by another command, a port is taken, the name is there already |
| 6 | \`precondition\` | something is missing: a program, the pool, \`coppice init\` |
| 130 | \`interrupted\` | Ctrl-C. The first lets the command clean up, the second leaves at once |

\`coppice exec\` has the exit code of the command it runs.

## Output
Data are printed on the standard output; progress, notices, questions and errors on the standard error. With \`--json\`:

- the standard output is one JSON document: what the verb shows, or its result. \`coppice logs\` prints one line of JSON for each line of the log;
- the standard error is lines of JSON: \`{"type": "step", "message"}\`, \`{"type": "notice", "message"}\`,
  \`{"type": "progress", "task", "done", "total", "unit"}\`, and, if the verb fails, \`{"error": {"code", "message", "hint", …}}\` at the end, with the
  stack, volume, service, file, command and its output where they are known;
- nobody is asked anything: what has to be confirmed needs \`--yes\`.

Colours follow \`--color\` and \`--no-color\`, else \`NO_COLOR\`, else \`FORCE_COLOR\`, else the terminal. With \`--quiet\`, only data and errors are printed.
`;

/**
The whole page.
*/
export const makeCliDocs = (): string => {
	const program = createProgram(commands, {columns: 120, hasColor: false});
	const shown = program.commands.filter(command => commands.some(({name, hidden}) => name === command.name() && hidden !== true));
	const sections = [program, ...shown].map(command => {
		const title = command === program ? 'coppice' : `coppice ${command.name()}`;
		return `## ${title}\n\`\`\`text\n${command.helpInformation().trimEnd()}\n\`\`\`\n`;
	});
	return `${introduction}\n${sections.join('\n')}`;
};

if (import.meta.main) {
	const {values: {check}} = parseArgs({options: {check: {type: 'boolean', default: false}}});
	const docs = makeCliDocs();
	if (!check) {
		await writeFile(cliDocsPath, docs);
	} else if (await readFile(cliDocsPath, 'utf8') !== docs) {
		console.error('docs/cli.md is not up to date: run `node scripts/make-cli-docs.ts`.');
		process.exitCode = 1;
	}
}
