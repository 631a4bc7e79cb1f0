/**
What is synced: a Postgres whose rows compress about as well as ordinary ones do, and changes to a share of it in runs of neighbours.
*/
import type {TestStack} from '../../test/fixtures/test-stack.ts';

const rowsInMegabyte = 1000;

/**
Fills the database. A row has about 1 KiB of hexadecimal digits, which zstd halves.
*/
export const fill = async (stack: TestStack, megabytes: number): Promise<void> => {
	await stack.query('create table filler (id bigint primary key, pad text not null) with (autovacuum_enabled = false)');
	for (let done = 0; done < megabytes; done += 64) {
		const rows = Math.min(64, megabytes - done) * rowsInMegabyte;
		await stack.query(`insert into filler select $1::bigint + i, (select string_agg(md5(random()::text || i || k), '') from generate_series(1, 29) as k)
			from generate_series(1, $2::bigint) as i`, [done * rowsInMegabyte, rows]);
	}

	await stack.query('vacuum (freeze, analyze) filler');
	await stack.query('checkpoint');
};

/** Which rows are changed: runs of neighbours, as an import or a job does it, or each for itself somewhere, as the requests of an application do it. */
type Pattern = 'runs' | 'scattered';

/**
Writes a share of the rows anew, a hundred times a hundredth of them. A larger share of the blocks changes by it: where the rows were, where they are now,
their index, and all of that once more in the log.
*/
export const change = async (stack: TestStack, megabytes: number, {share, pattern}: {readonly share: number; readonly pattern: Pattern}): Promise<void> => {
	const rows = megabytes * rowsInMegabyte;
	const times = 100;
	const run = Math.max(1, Math.round(rows * share / times));
	for (let count = 0; count < times; count++) {
		const first = Math.floor(Math.random() * (rows - run));
		const ids = Array.from({length: run}, (_, index) => pattern === 'runs' ? first + index + 1 : 1 + Math.floor(Math.random() * rows));
		await stack.query(`update filler set pad = (select string_agg(md5(random()::text || id || k), '') from generate_series(1, 29) as k)
			where id = any($1::bigint[])`, [ids]);
	}

	await stack.query('checkpoint');
};
