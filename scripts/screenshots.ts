/**
Makes the pictures of `docs/screenshots`: the real program in a terminal without a window, on a real stack with Postgres, each screen as SVG.

`node scripts/screenshots.ts`; what it starts is gone afterwards.
*/
import {mkdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {buildCli, cliEnvironment, cliPath} from '../test/fixtures/built-cli.ts';
import {openTerminal, type Cell} from '../test/fixtures/terminal.ts';
import {makeTestStack} from '../test/fixtures/test-stack.ts';

const columns = 120;
const rows = 34;
const cell = {width: 8.4, height: 18} as const;
const folder = path.resolve(import.meta.dirname, '../docs/screenshots');

/** The sixteen colours of a terminal, on a dark ground. */
const palette = [
	'#1d2021', '#ea6962', '#a9b665', '#d8a657', '#7daea3', '#d3869b', '#89b482', '#d4be98', '#7c6f64', '#ea6962', '#a9b665', '#d8a657', '#7daea3', '#d3869b', '#89b482', '#fbf1c7',
];
const ground = '#1d2021';
const ink = '#d4be98';

const escapeText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const colorOf = (index: number | undefined, usual: string): string => index === undefined ? usual : palette[index] ?? usual;

/** Neighbours that look alike, as one text. */
const runsOf = (line: readonly Cell[]): Array<Cell & {readonly column: number}> => {
	const runs: Array<Cell & {readonly column: number}> = [];
	for (const [column, {text, foreground, background, isBold}] of line.entries()) {
		const last = runs.at(-1);
		if (last?.foreground === foreground && last?.background === background && last?.isBold === isBold) {
			runs[runs.length - 1] = {...last, text: last.text + text};
		} else {
			runs.push({
				column, text, foreground, background, isBold,
			});
		}
	}

	return runs;
};

const toSvg = (screen: ReadonlyArray<readonly Cell[]>): string => {
	const [width, height] = [(columns * cell.width) + 24, (rows * cell.height) + 24];
	const parts = screen.flatMap((line, index) => runsOf(line).flatMap(({text, foreground, background, isBold, column}) => {
		const [x, y] = [12 + (column * cell.width), 12 + (index * cell.height)];
		return [
			...background === undefined ? [] : [`<rect x="${x}" y="${y}" width="${[...text].length * cell.width}" height="${cell.height}" fill="${colorOf(background, ground)}"/>`],
			...text.trim() === ''
				? []
				: [`<text x="${x}" y="${y + 13.5}" fill="${colorOf(foreground, ink)}"${isBold ? ' font-weight="bold"' : ''} textLength="${([...text].length * cell.width).toFixed(1)}" xml:space="preserve">${escapeText(text)}</text>`],
		];
	}));
	return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">
<rect width="100%" height="100%" rx="8" fill="${ground}"/>
${parts.join('\n')}
</svg>
`;
};

await buildCli();
await mkdir(folder, {recursive: true});
const stack = await makeTestStack();
const terminal = openTerminal([process.execPath, cliPath], {
	cwd: stack.project, columns, rows, env: {...cliEnvironment({...stack.env, NO_COLOR: ''})},
});
try {
	const picture = async (name: string): Promise<void> => {
		// What is measured has to be there too.
		await delay(1500);
		await writeFile(path.join(folder, `${name}.svg`), toSvg(terminal.cells()));
		console.log(`docs/screenshots/${name}.svg`);
	};

	await stack.json('up');
	await stack.query('create table orders as select generate_series(1, 200000) as id, md5(random()::text) as item');
	await stack.json('commit', '-m', 'Load the orders of May');
	await stack.json('tag', 'v1.2');
	await stack.json('branch', 'feature/search');
	await stack.query('update orders set item = upper(item) where id < 40000');
	await stack.json('commit', '-m', 'Items in capitals');
	await stack.query('delete from orders where id > 100000; checkpoint');
	await stack.json('reset');
	await stack.json('switch', 'feature/search');
	await stack.query('create index on orders (item); checkpoint');
	await stack.json('commit', '-m', 'An index to search by');
	await stack.query('drop table orders; checkpoint');
	await terminal.until('An index to search by');
	terminal.write('4');
	await terminal.until(/changed, .* in \d+ files/v);
	await picture('commits');
	terminal.write('R\u{1B}[27u1R');
	await terminal.until(screen => screen.includes('What would be lost') && !screen.includes('measuring'));
	await picture('confirm');
	terminal.write('n2\r');
	await terminal.until('database system is ready');
	await picture('logs');
	terminal.write(']');
	await delay(8000);
	await picture('stats');
	terminal.write('1:switch');
	await terminal.until('$ coppice switch');
	await picture('palette');
} finally {
	terminal.dispose();
	await stack.dispose();
}

// eslint-disable-next-line unicorn/no-process-exit -- The terminal keeps the process alive.
process.exit();
