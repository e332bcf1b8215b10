/** Numbers, times and names as people read them. */

const integers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const whole = (count) => integers.format(count);
export const rateText = (rate) => (rate < 100 ? tenths : integers).format(rate);
/** Of Unix milliseconds. */
export const clock = (time) => new Date(time).toLocaleTimeString('en-GB');
/** `edge-9` before `edge-10`. */
export const byNumber = new Intl.Collator('en', { numeric: true }).compare;
