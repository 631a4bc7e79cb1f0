/**
What ink does for a program that is nothing but a list: 2,000 commits of which those on the screen are drawn, a cursor, and the last lines of logs
beneath. `bench/tui.ts` measures it beside the terminal UI. `COPPICE_BENCH_LINES` says how many lines of logs come a second.
*/
import process from 'node:process';
import {
	Box,
	render,
	Text,
	useApp,
	useInput,
} from 'ink';
import {createElement, useEffect, useState} from 'react';
import {frameMilliseconds} from '../source/tui/sources/follow-logs.ts';

const commitCount = 2000;
const logRows = 14;
const linesPerSecond = Number(process.env.COPPICE_BENCH_LINES ?? 0);

const List = () => {
	const {exit} = useApp();
	const [cursor, setCursor] = useState(0);
	const [lines, setLines] = useState<readonly string[]>([]);
	const rows = process.stdout.rows - logRows - 2;
	useInput((input, key) => {
		if (input === 'q') {
			exit();
		} else if (input === 'j' || key.downArrow) {
			setCursor(at => Math.min(commitCount - 1, at + 1));
		}
	});
	useEffect(() => {
		let count = 0;
		const timer = linesPerSecond === 0
			? undefined
			: setInterval(() => {
				const came: string[] = [];
				for (let line = 0; line < linesPerSecond * frameMilliseconds / 1000; line++) {
					count++;
					came.push(`${count} request handled: GET /orders/${count * 7919 % 100_003} in ${count % 113} ms`);
				}

				setLines(came.slice(-logRows));
			}, frameMilliseconds);
		return () => {
			clearInterval(timer);
		};
	}, []);
	const first = Math.max(0, Math.min(cursor - Math.floor(rows / 2), commitCount - rows));
	const shown = Array.from({length: rows}, (_, index) => first + index);
	return createElement(
		Box,
		{flexDirection: 'column'},
		...shown.map(index => createElement(
			Box,
			{key: index},
			createElement(Text, {color: 'yellow'}, index.toString(16).padStart(8, '0')),
			createElement(Text, {inverse: index === cursor}, ` commit number ${commitCount - index}: what was done to the data`),
		)),
		createElement(Text, {key: 'place', dimColor: true}, `${cursor + 1} of ${commitCount}`),
		...lines.map((line, index) => createElement(Text, {key: `line${index}`}, line)),
	);
};

await render(createElement(List), {alternateScreen: true}).waitUntilExit();
