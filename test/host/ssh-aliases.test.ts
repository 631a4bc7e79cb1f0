import test from 'ava';
import {readAliases} from '../../source/host/ssh-aliases.ts';

test('the names of a configuration of ssh, without patterns and what ssh could misunderstand', t => {
	t.deepEqual(readAliases([
		'# Host commented', 'Host staging "prod"', '  HostName 10.0.0.1', 'Host *.internal !bad one?', 'host=usb', 'Host -oProxyCommand=x', 'Host staging', 'HostName no',
	].join('\n')), ['staging', 'prod', 'usb']);
	t.deepEqual(readAliases(''), []);
});
