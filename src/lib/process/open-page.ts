/** Opens a page in the user's browser, where there is one. */
import { spawn } from 'node:child_process';

/** False where no browser can be expected: then the user has to open the address. */
export function openPage(url: string, { platform, env }: Pick<NodeJS.Process, 'platform' | 'env'> = process): boolean {
  // Without a screen, `xdg-open` may start a browser for terminals, in this one.
  if (!['darwin', 'win32'].includes(platform) && !env.DISPLAY && !env.WAYLAND_DISPLAY) return false;
  const opener = { darwin: 'open', win32: 'explorer' }[platform as string] ?? 'xdg-open';
  const child = spawn(opener, [url], { detached: true, stdio: 'ignore' });
  // Without that program the address, which is shown, has to do.
  child.once('error', () => {});
  child.unref();
  return true;
}
