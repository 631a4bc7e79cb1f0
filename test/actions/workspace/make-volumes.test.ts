/**
Data that came from another host without a project, when a project is made for them: the branch's commit is what the services find.
*/
import {mkdir, readdir, writeFile} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import {branchesFolder} from '../../../source/storage/layout.ts';
import {composeFile, makeTwoSides} from '../sync/two-sides.ts';

test.serial('a project that is made for data that were pushed finds them, on the current branch and on others', async t => {
	const {here, there} = await makeTwoSides(t, {isCloned: false});
	const tip = await there.commit('on-main');
	await there.json('host', 'add', 'backup', '--pool', here.pool, '--driver', 'directory');
	await there.json('push', 'backup');
	await there.json('switch', '-c', 'dev');
	const dev = await there.commit('on-dev');
	await there.json('push', 'backup');

	await mkdir(here.folder, {recursive: true});
	await writeFile(path.join(here.folder, 'compose.yaml'), composeFile.replace('  cache: {}', '  cache: {}\n  more: {}'));
	await here.json('init', '--pool', here.pool, '--runtime', 'process');
	t.is(await here.tip('main'), tip);
	t.true((await here.files()).includes('on-main'));
	t.false((await here.files()).includes('on-dev'));
	t.deepEqual(await here.files('more'), [], 'what no commit has is empty');

	const branches = await here.json('branch') as ReadonlyArray<{readonly name: string; readonly changed: boolean}>;
	t.like(branches.find(({name}) => name === 'dev'), {changed: false}, 'one without live data has nothing to commit');

	await here.json('switch', 'dev');
	t.is(await here.tip('dev'), dev);
	t.true((await here.files()).includes('on-dev'));
	await here.json('switch', 'main');
	t.false((await here.files()).includes('on-dev'));
	for (const volume of ['data', 'cache', 'more']) {
		const names = await readdir(branchesFolder(here.pool, {stack: 'shop', volume}));
		t.deepEqual(names.toSorted(), ['dev', 'main'], 'nothing half made is left');
	}
});
