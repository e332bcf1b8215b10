/** Whether jobs can run in Docker on this machine. */

/** Asks the local Docker for its version; false when there is none, it doesn't run or doesn't answer within 3 s. */
export async function dockerWorks(): Promise<boolean> {
  const { execa } = await import('execa');
  const { exitCode } = await execa('docker', ['version', '--format', '{{.Server.Version}}'], {
    stdin: 'ignore',
    reject: false,
    timeout: 3000,
  });
  return exitCode === 0;
}
