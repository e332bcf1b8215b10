// Changes the configuration of running sensors once, over the network or in their YAML file, and ends.
import { lengthOf } from "../lib/slice";
import { proc_exit } from "../lib/wasi";
import { changeFile } from "./in-file";
import { file, readOptions } from "./options";
import { changeFleet } from "./over-network";

readOptions();
if (lengthOf(file)) changeFile();
else changeFleet();
proc_exit(0);

export { asyncify_buffer_end, asyncify_buffer_start } from "../lib/suspend";
