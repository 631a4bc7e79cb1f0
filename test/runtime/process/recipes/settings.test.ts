/**
What recipes decide without looking at the host: command lines, configurations, versions.
*/
import fc from 'fast-check';
import test from 'ava';
import {CoppiceError} from '../../../../source/system/errors.ts';
import {mapWord, type HostMount} from '../../../../source/runtime/process/mounts.ts';
import {mariadbArguments, mariadbFlags} from '../../../../source/runtime/process/recipes/mariadb-settings.ts';
import {choosePostgres, majorOf, majorOfImage} from '../../../../source/runtime/process/recipes/postgres-binaries.ts';
import {postgresArguments, postgresFlags, settingsOf} from '../../../../source/runtime/process/recipes/postgres-settings.ts';
import {parseRedisCommand, quoteValue, redisConfiguration} from '../../../../source/runtime/process/recipes/redis-settings.ts';
import {splitWords} from '../../../../source/runtime/process/recipes/words.ts';

const mounts: HostMount[] = [
	{kind: 'bind', target: '/etc/db', source: '/home/me/etc'},
	{
		kind: 'volume', target: '/data', source: '/pool/data', volume: 'data',
	},
	{
		kind: 'volume', target: '/data/deeper', source: '/pool/deeper', volume: 'deeper',
	},
];

test('mounted paths are replaced in words, others are not', t => {
	t.is(mapWord(mounts, '/data'), '/pool/data');
	t.is(mapWord(mounts, '/data/x/y'), '/pool/data/x/y');
	t.is(mapWord(mounts, '/data/deeper/x'), '/pool/deeper/x');
	t.is(mapWord(mounts, '--file=/etc/db/my.conf'), '--file=/home/me/etc/my.conf');
	t.is(mapWord(mounts, '/database'), '/database');
	t.is(mapWord(mounts, 'see /data'), 'see /data');
	t.is(mapWord(mounts, 'plain'), 'plain');
});

test('versions of Postgres', t => {
	t.is(majorOf('15.18'), '15');
	t.is(majorOf('9.6.24'), '9.6');
	const images: Record<string, string | undefined> = {
		postgres: undefined,
		'postgres:latest': undefined,
		'postgres:16-alpine': '16',
		'postgres:9.6': '9.6',
		'registry:5000/me/postgres': undefined,
		'registry:5000/me/postgres:14.2@sha256:abc': '14',
		'postgis/postgis:15-3.4': '15',
		'timescale/timescaledb:2.11.0-pg15': '15',
		'timescale/timescaledb:2.11.0': undefined,
	};
	for (const [image, major] of Object.entries(images)) {
		t.is(majorOfImage(image), major, image);
	}
});

test('the data decide on the server, then the image, then the newest', t => {
	const installations = [{major: '17', binFolder: '/17'}, {major: '15', binFolder: '/15'}];
	t.is(choosePostgres('db', installations, {data: '15', image: '17'}).installation.major, '15');
	t.is(choosePostgres('db', installations, {image: '15'}).installation.major, '15');
	t.is(choosePostgres('db', installations, {}).installation.major, '17');
	const other = choosePostgres('db', installations, {image: '12'});
	t.is(other.installation.major, '17');
	t.true(other.notice?.includes('12'));
	const error = t.throws(() => choosePostgres('db', installations, {data: '13'}), {instanceOf: CoppiceError});
	t.is(error.code, 'precondition');
	t.true(error.message.includes('13') && error.message.includes('15 and 17'), error.message);
	const none = t.throws(() => choosePostgres('db', [], {}), {instanceOf: CoppiceError});
	t.is(none.code, 'precondition');
});

test('flags of Postgres: every form of a setting is seen, and ours give way', t => {
	const listening = {
		dataFolder: '/d', socketFolder: '/s', port: 6000, addresses: ['127.0.0.1'],
	};
	for (const command of [
		['postgres', '-c', 'wal_recycle=on'],
		['-c', 'wal_recycle=on'],
		['-cwal_recycle=on'],
		['--wal-recycle=on'],
		['docker-entrypoint.sh', 'postgres', '-c', 'WAL_RECYCLE=on'],
	]) {
		const flags = postgresFlags('db', command);
		t.true(settingsOf(flags).has('wal_recycle'));
		t.false(postgresArguments('15', flags, listening).includes('wal_recycle=off'));
	}

	t.true(postgresArguments('15', [], listening).includes('recovery_init_sync_method=syncfs'));
	t.false(postgresArguments('13', [], listening).includes('recovery_init_sync_method=syncfs'));
	t.deepEqual(postgresArguments('15', ['-c', 'port=1'], listening).slice(-4, -2), ['-c', 'port=6000']);
	t.deepEqual(postgresFlags('db', ['-c', 'config_file=/etc/db/p.conf'], mounts), ['-c', 'config_file=/home/me/etc/p.conf']);
	const error = t.throws(() => postgresFlags('db', ['sh', '-c', 'postgres']), {instanceOf: CoppiceError});
	t.is(error.code, 'precondition');
});

test('the command of Redis becomes a configuration, where it listens comes last', t => {
	const command = parseRedisCommand('cache', ['redis-server', '/etc/db/redis.conf', '--save', '900', '1', '--appendonly', 'yes', '--port', '1'], mounts);
	t.is(command.configFile, '/home/me/etc/redis.conf');
	const lines = redisConfiguration('# a comment\nmaxmemory 1mb\n', command, {
		dataFolder: '/d', socket: '/s/r', port: 6000, addresses: ['127.0.0.1', '::1'],
	}).split('\n');
	t.false(lines.some(line => line.startsWith('#')));
	t.true(lines.includes('maxmemory 1mb'));
	t.true(lines.includes('save "900" "1"'));
	t.true(lines.indexOf('port "6000"') > lines.indexOf('port "1"'));
	t.true(lines.includes('bind "127.0.0.1" "::1"'));
	t.deepEqual(parseRedisCommand('cache', ['--save', '']).directives, [['save', '']]);
	const error = t.throws(() => parseRedisCommand('cache', ['sh', '-c', 'redis-server']), {instanceOf: CoppiceError});
	t.is(error.code, 'precondition');
});

test('a value in the quotes of redis.conf is one line of plain ASCII', t => {
	fc.assert(fc.property(fc.string({unit: 'binary'}), value => {
		t.regex(quoteValue(value), /^"(?:[\u{20}\u{21}\u{23}-\u{5B}\u{5D}-\u{7E}]|\\.)*"$/v);
	}));
	t.is(quoteValue('a"b\\c\nü'), String.raw`"a\"b\\c\x0a\xc3\xbc"`);
});

test('flags of MariaDB', t => {
	t.deepEqual(mariadbFlags('db', ['mysqld', '--x=1']), ['--x=1']);
	t.deepEqual(mariadbFlags('db', ['--x=1']), ['--x=1']);
	t.true(mariadbArguments([], {dataFolder: '/d', socket: '/s'}).includes('--skip-networking'));
	t.is(mariadbArguments(['--datadir=/x'], {dataFolder: '/d', socket: '/s'}).findLast(word => word.startsWith('--datadir')), '--datadir=/d');
	const error = t.throws(() => mariadbFlags('db', ['bash']), {instanceOf: CoppiceError});
	t.is(error.code, 'precondition');
});

test('words of a line, with quotes', t => {
	t.deepEqual(splitWords(String.raw`--locale=C  --x='a b' "c \" d"e f\ g ''`), ['--locale=C', '--x=a b', 'c " de', 'f g', '']);
	t.deepEqual(splitWords('  '), []);
});
