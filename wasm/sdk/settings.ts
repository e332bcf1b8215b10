// Settings that a sensor declares: changed live by the fleet configuration, as colour and interval are.
import { fail, logRarely, newLine, STDERR } from '../lib/log';
import { byte, text } from '../lib/out';
import { is, lengthOf, Slice, slice, startOf, startsWith } from '../lib/slice';
import { BAD, parseBoolean } from '../lib/values';
import { isName, writeNumber } from './values';

const MAX_SETTINGS: i32 = 16;
const PREFIX: usize = 9;

// Where the value in force comes from, as reported: the default, the fleet configuration (network), or the value before,
// because the fleet configuration has one that this setting refuses.
const DEFAULT: u32 = 0x64;
const FLEET: u32 = 0x6e;
const REFUSED: u32 = 0x72;

const NUMBER: u32 = 0x6e;
const INTEGER: u32 = 0x69;
const BOOLEAN: u32 = 0x62;

const settings: Setting[] = [];
let refusals: u32 = 0;

/** A declared setting: a number within its range, or a boolean as 1 and 0. */
export class Setting {
  /** The value in force. */
  value: f64;
  source: u32 = DEFAULT;
  // What the configuration that is being read has for it.
  offered: bool = false;
  acceptable: bool = false;
  draft: f64 = 0;

  constructor(
    readonly name: string,
    readonly type: u32,
    readonly fallback: f64,
    readonly least: f64,
    readonly most: f64,
  ) {
    this.value = fallback;
  }

  /** Whether the value in force is not 0: for booleans. */
  get on(): bool {
    return this.value !== 0;
  }

  accepts(value: f64): bool {
    const whole = this.type === NUMBER || value === Math.floor(value);
    return whole && value >= this.least && value <= this.most;
  }
}

function refuse(name: string, why: string): void {
  newLine();
  text("setting '");
  text(name);
  text("': ");
  text(why);
  fail();
}

function declare(name: string, type: u32, fallback: f64, least: f64, most: f64): Setting {
  if (!isName(name)) refuse(name, 'use lower-case letters, digits and _, at most 32, with a letter first');
  if (settings.length === MAX_SETTINGS) refuse(name, 'a sensor has at most 16 settings');
  for (let i = 0; i < settings.length; i++) {
    if (settings[i].name === name) refuse(name, 'declared twice');
  }
  const setting = new Setting(name, type, fallback, least, most);
  if (!setting.accepts(fallback)) refuse(name, 'its default is not within its range');
  settings.push(setting);
  return setting;
}

/** Declares a number from `least` to `most`. */
export function numberSetting(name: string, fallback: f64, least: f64, most: f64): Setting {
  return declare(name, NUMBER, fallback, least, most);
}

/** Declares a whole number from `least` to `most`. */
export function integerSetting(name: string, fallback: f64, least: f64, most: f64): Setting {
  return declare(name, INTEGER, fallback, least, most);
}

/** Declares a setting that is on or off. */
export function booleanSetting(name: string, fallback: bool): Setting {
  return declare(name, BOOLEAN, fallback ? 1 : 0, 0, 1);
}

/** Begins with another configuration: nothing is offered yet. */
export function clearOffers(): void {
  for (let i = 0; i < settings.length; i++) settings[i].offered = false;
}

/** Takes note of a member of the configuration, if it is one of these settings: `settings.<name>`. */
export function offer(member: Slice, value: Slice): void {
  if (lengthOf(member) <= PREFIX || !startsWith(startOf(member), startOf(member) + PREFIX, 'settings.')) return;
  const name = slice(startOf(member) + PREFIX, lengthOf(member) - PREFIX);
  for (let i = 0; i < settings.length; i++) {
    const setting = settings[i];
    if (!is(name, setting.name)) continue;
    setting.offered = true;
    if (setting.type === BOOLEAN) {
      const parsed = parseBoolean(value);
      setting.draft = <f64>parsed;
      setting.acceptable = parsed !== BAD;
    } else {
      setting.draft = parseFloat(String.UTF8.decodeUnsafe(startOf(value), lengthOf(value)));
      setting.acceptable = setting.accepts(setting.draft);
    }
  }
}

/** Applies what was offered. A value that a setting refuses changes nothing, and is reported. */
export function adoptOffers(): void {
  for (let i = 0; i < settings.length; i++) {
    const setting = settings[i];
    if (!setting.offered) {
      setting.value = setting.fallback;
      setting.source = DEFAULT;
    } else if (setting.acceptable) {
      setting.value = setting.draft;
      setting.source = FLEET;
    } else {
      setting.source = REFUSED;
      newLine();
      text('refused, the fleet configuration has no value of setting ');
      text(setting.name);
      logRarely(STDERR, ++refusals);
    }
  }
}

function writeValue(setting: Setting, value: f64): void {
  if (setting.type === BOOLEAN) text(value ? 'true' : 'false');
  else writeNumber(value);
}

/** Writes `;settings=name:value:source:type:least:most,…` at the end of X-Sensor-Config; nothing without settings. */
export function writeSettings(): void {
  for (let i = 0; i < settings.length; i++) {
    const setting = settings[i];
    text(i ? ',' : ';settings=');
    text(setting.name);
    byte(0x3a);
    writeValue(setting, setting.value);
    byte(0x3a);
    byte(setting.source);
    byte(0x3a);
    byte(setting.type);
    if (setting.type === BOOLEAN) continue;
    byte(0x3a);
    writeNumber(setting.least);
    byte(0x3a);
    writeNumber(setting.most);
  }
}
