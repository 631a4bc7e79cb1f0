/**
The entry of the program. As built it is one file, which `launch.ts` runs; from the sources it can be run by itself.
*/
import {runCli} from './run-cli.ts';

void runCli();
