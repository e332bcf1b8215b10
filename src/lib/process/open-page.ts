/** Opens a page in the user's browser, where there is one. */
import { spawn } from 'node:child_process';

/** False where no browser can be expected: then the user has to open the address. */
export function openPage(url: string, { platform, env }: Pick<NodeJS.Process, 'platform' | 'env'> = process): boolean {
  const opener = openerOf(platform, env);
  if (opener === undefined) return false;
  const child = spawn(opener, [url], { detached: true, stdio: 'ignore' });
  // Without that program the address, which is shown, has to do.
  child.once('error', () => {});
  child.unref();
  return true;
}

/** Without a screen, `xdg-open` may start a browser for terminals, in this one. */
function openerOf(platform: NodeJS.Platform, { DISPLAY, WAYLAND_DISPLAY }: NodeJS.ProcessEnv): string | undefined {
  if (platform === 'darwin') return 'open';
  if (platform === 'win32') return 'explorer';
  return DISPLAY || WAYLAND_DISPLAY ? 'xdg-open' : undefined;
}
