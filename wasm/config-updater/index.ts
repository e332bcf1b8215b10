// Changes the configuration of running sensors once, over the network or in their YAML file, and exits.

import { proc_exit } from '../lib/imports';
import { failWithExitCode } from '../lib/log';
import { lengthOf } from '../lib/slice';
import { changeFile } from './in-file';
import { file, readOptions } from './options';
import { changeFleet } from './over-network';

failWithExitCode();
readOptions();
if (lengthOf(file)) changeFile();
else changeFleet();
proc_exit(0);
