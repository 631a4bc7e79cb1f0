/**
What `doctor` says of native calls.
*/
import process from 'node:process';
import test from 'ava';
import {runCommand} from '../../source/system/run-command.ts';

const doctorModule = new URL('../../source/actions/doctor.ts', import.meta.url).href;
const nativeModule = new URL('../../source/stream/native-calls.ts', import.meta.url).href;

/** In a process where the package koffi can't be found, or as things are here. */
const ask = async (isHidden: boolean): Promise<{result: string; message: string; hint?: string}> => {
	const {stdout} = await runCommand([process.execPath, '--input-type=module', '-e', `
import {registerHooks} from 'node:module';
registerHooks({resolve(name, context, next) {
	if (name === 'koffi' && ${isHidden}) throw Object.assign(new Error('Cannot find package'), {code: 'ERR_MODULE_NOT_FOUND'});
	return next(name, context);
}});
const {describeNativeCalls} = await import(${JSON.stringify(doctorModule)});
const {nativeCalls} = await import(${JSON.stringify(nativeModule)});
console.log(JSON.stringify(describeNativeCalls(await nativeCalls() !== undefined)));
`]);
	return JSON.parse(stdout) as {result: string; message: string; hint?: string};
};

test('without koffi it is told what is lost, and how to get it', async t => {
	const lost = await ask(true);
	t.is(lost.result, 'warning');
	t.regex(lost.message, /koffi.*extended attributes.*fifos.*microsecond.*holes/v);
	t.regex(lost.hint ?? '', /--include=optional/v);
	t.is((await ask(false)).result, 'ok');
});
