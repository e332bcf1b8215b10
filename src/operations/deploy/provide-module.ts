/** Makes a module of the user ready for a deployment. */
import { readUserModule, type UserModule } from '../../modules/user-module.js';
import type { Network } from '../../network/network.js';
import type { ProxyClient } from '../../proxy/proxy-client.js';

export interface ModuleTarget {
  network: Pick<Network, 'downloadsModule'>;
  /** Keeps modules that nodes download. */
  proxy: Pick<ProxyClient, 'putModule'>;
}

/**
 * Inspects a module, and puts it where nodes download it if it is too large for a job. Rejects as `readUserModule` does,
 * and with the proxy's error.
 */
export async function provideModule(
  { network, proxy }: ModuleTarget,
  file: string,
): Promise<UserModule & { downloaded: boolean }> {
  const module = await readUserModule(file);
  const downloaded = network.downloadsModule?.(module.bytes.length) ?? false;
  if (downloaded) await proxy.putModule(module.sha256, module.bytes);
  return { ...module, downloaded };
}
