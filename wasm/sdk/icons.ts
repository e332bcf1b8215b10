// The icons of sensors. `emoji` is an index into this list; each icon is one code point of four bytes.
import { ICON_COUNT } from '../lib/values';

// Rocket, satellite, robot, alien, star, fire, rainbow, ocean wave, deciduous tree, sunflower, fox, whale, owl, butterfly,
// gem, bell.
const points = memory.data<u32>([
  0x1f680, 0x1f4e1, 0x1f916, 0x1f47d, 0x1f31f, 0x1f525, 0x1f308, 0x1f30a, 0x1f333, 0x1f33b, 0x1f98a, 0x1f433, 0x1f989,
  0x1f98b, 0x1f48e, 0x1f514,
]);

/** Code point of an icon. */
export function icon(index: u32): u32 {
  return load<u32>(points + ((index % ICON_COUNT) << 2));
}
