/** For tests: the samples of a `/metrics` answer that are of this program, without those of the process. */
import { expect } from 'vitest';

type Requests = { request(path: string, init?: RequestInit): Response | Promise<Response> };

/** Value by series, such as `wasm_sensors_proxy_refusals_total{reason="NOT_JSON"}`. */
export async function scrape(
  { request }: Requests,
  headers: Record<string, string> = {},
): Promise<Record<string, number>> {
  const text = await scrapeText({ request }, headers);
  const samples = text.split('\n').filter((line) => line.startsWith('wasm_sensors_'));
  return Object.fromEntries(
    samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

export async function scrapeText({ request }: Requests, headers: Record<string, string> = {}): Promise<string> {
  const response = await request('/metrics', { headers });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return response.text();
}
