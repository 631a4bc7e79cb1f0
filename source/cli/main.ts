/**
The entry of the command `coppice`. It switches Node's compile cache on before anything else is loaded, since only modules loaded
after that are cached; so it imports nothing of its own but that.
*/
import {useCompileCache} from './compile-cache.ts';

useCompileCache();
const {runCli} = await import('./run-cli.ts');
await runCli();
