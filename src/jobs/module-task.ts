/** What a module of the user gets from its job: parameters and environment, with its region and proxy filled in. */
import type { ModuleJob } from './job-request.js';

/** Names in braces that stand for values of the region; everything else in braces stays as it is. */
const PLACEHOLDERS = ['proxy', 'region'] as const;

type Values = Record<(typeof PLACEHOLDERS)[number], string>;

export function moduleParameters(job: ModuleJob): string[] {
  return job.parameters.map((text) => fill(text, valuesOf(job)));
}

/** Also has `PROXY_URL` and `REGION`, where the user does not set them. */
export function moduleEnv(job: ModuleJob): Record<string, string> {
  const values = valuesOf(job);
  const own = Object.fromEntries(Object.entries(job.env).map(([name, text]) => [name, fill(text, values)]));
  return { PROXY_URL: values.proxy, REGION: values.region, ...own };
}

const valuesOf = ({ proxyUrl, region }: ModuleJob): Values => ({ proxy: proxyUrl, region });

const fill = (text: string, values: Values): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? values[name as keyof Values] : whole,
  );
