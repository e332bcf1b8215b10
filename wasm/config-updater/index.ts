import { newLine, fail } from "../lib/log";
import { text } from "../lib/out";
newLine();
text("not built yet");
fail();
export { asyncify_buffer_end, asyncify_buffer_start } from "../lib/suspend";
